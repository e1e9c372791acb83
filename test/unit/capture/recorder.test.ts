/** What is kept of the D-channels, in time and in size, and its octets in the file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pcapngFrame, pcapngHead } from '../../../src/capture/pcapng.ts';
import { Recorder } from '../../../src/capture/recorder.ts';
import type { WallTime } from '../../../src/kernel/time.ts';

const at = (seconds: number): WallTime => (1_700_000_000_000 + 1000 * seconds) as WallTime;
const FRAME = Uint8Array.of(0x02, 0x01, 0x7f);
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

test('a file begins with its section and one interface of LAPD for each D-channel', () => {
  const head = hex(pcapngHead(['t1']));
  assert.equal(head.slice(0, 56), '0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000');
  assert.equal(head.slice(56, 72), '0100000028000000');
  // Link type 203, then the name "t1", padded, and microseconds.
  assert.equal(head.slice(72), 'cb00000000000000' + '0200020074310000' + '0900010006000000' + '00000000' + '28000000');
});

test('a frame has its time in microseconds, its length and its direction', () => {
  const frame = hex(pcapngFrame(1, 1_700_000_000_000.5, 'out', FRAME));
  const time = BigInt(1_700_000_000_000_500);
  const word = (value: bigint): string => {
    const octets = Buffer.alloc(4);
    octets.writeUInt32LE(Number(value));
    return octets.toString('hex');
  };
  assert.equal(
    frame,
    `060000003000000001000000${word(time >> 32n)}${word(time & 0xffffffffn)}0300000003000000` +
      '02017f00' +
      '0200040002000000' +
      '00000000' +
      '30000000',
  );
});

test('nothing is kept before it begins, after its time, after its end, or of another span', () => {
  const recorder = new Recorder(10_000);
  recorder.frame('t1', 'in', FRAME, at(0));
  assert.equal(recorder.state(at(0)), undefined);
  assert.equal(recorder.file(), undefined);
  recorder.begin(['t1'], at(10));
  recorder.frame('t1', 'in', FRAME, at(1));
  recorder.frame('t2', 'in', FRAME, at(1));
  assert.deepEqual(recorder.state(at(2)), {
    spans: ['t1'],
    running: true,
    until: at(10),
    frames: 1,
    octets: recorder.file()?.length,
    full: false,
  });
  recorder.frame('t1', 'in', FRAME, at(10));
  assert.deepEqual([recorder.state(at(11))?.frames, recorder.state(at(11))?.running], [1, false]);
  recorder.begin(['t1'], at(100));
  assert.equal(recorder.state(at(12))?.frames, 0);
  recorder.end();
  recorder.frame('t1', 'out', FRAME, at(13));
  assert.equal(recorder.state(at(13))?.frames, 0);
});

test('a capture ends at its size, and what it holds is a whole file', () => {
  const recorder = new Recorder(1000);
  recorder.begin(['t1'], at(1000));
  for (let i = 0; i < 100; i++) recorder.frame('t1', 'in', FRAME, at(i));
  const state = recorder.state(at(100));
  assert.deepEqual([state?.full, state?.running], [true, false]);
  assert.ok((state?.octets ?? 9999) <= 1000 && (state?.frames ?? 0) > 10);
  assert.equal(recorder.file()?.length, state?.octets);
});
