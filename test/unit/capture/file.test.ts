/** Packets and D-channels become one file, in the order of their time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { captureFile } from '../../../src/capture/file.ts';
import type { Packets } from '../../../src/capture/keeper.ts';
import {
  BLOCK,
  blockAt,
  countsBlock,
  faceOf,
  interfaceBlock,
  join,
  LINK,
  packetBlock,
  sectionBlock,
  timeOf,
} from '../../../src/capture/pcapng.ts';
import type { DFrame } from '../../../src/capture/recorder.ts';

const LO = { name: 'lo', link: LINK.ethernet, filter: 'udp port 5060' };
const COUNTS = { received: 3, dropped: 1 };
const packet = (time: number): Uint8Array => packetBlock(0, time, Uint8Array.of(time));
const frame = (time: number, span = 0): DFrame => ({ time, span, direction: 'in', octets: Uint8Array.of(2, 1) });
const packets = (...runs: readonly (readonly number[])[]): Packets => ({
  faces: [LO],
  counts: [COUNTS],
  runs: runs.map((times) => join(times.map(packet))),
  latest: 9,
});

test('interfaces of packets stand before D-channels, counts at the end, and nothing is lost between them', () => {
  const file = join([...captureFile(packets([1, 4], [6]), { spans: ['t1', 't2'], frames: [frame(2), frame(7, 1)] })]);
  const d = (time: number, face: number): Uint8Array =>
    packetBlock(face, time, Uint8Array.of(2, 1), { direction: 'in' });
  assert.deepEqual(
    file,
    join([
      sectionBlock(),
      interfaceBlock(LO),
      interfaceBlock({ name: 't1', link: LINK.lapd }),
      interfaceBlock({ name: 't2', link: LINK.lapd }),
      packet(1),
      d(2, 1),
      packet(4),
      packet(6),
      d(7, 2),
      countsBlock(0, 9, COUNTS),
    ]),
  );
});

test('without packets the D-channels are numbered from 0, and without either it is an empty file', () => {
  const none: Packets = { faces: [], counts: [COUNTS], runs: [], latest: 0 };
  const file = join([...captureFile(none, { spans: ['t1'], frames: [frame(5)] })]);
  const head = sectionBlock().length + interfaceBlock({ name: 't1', link: LINK.lapd }).length;
  assert.deepEqual(file.slice(head), packetBlock(0, 5, Uint8Array.of(2, 1), { direction: 'in' }));
  assert.deepEqual(join([...captureFile(none, { spans: [], frames: [] })]), sectionBlock());
});

test('however they lie, all are in the file, and their times rise', () => {
  const times = fc.array(fc.nat(50), { maxLength: 40 }).map((all) => all.sort((a, b) => a - b));
  fc.assert(
    fc.property(times, times, fc.nat(40), (caught, heard, cut) => {
      const file = join([
        ...captureFile(packets(caught.slice(0, cut), caught.slice(cut)), {
          spans: ['t1'],
          frames: heard.map((t) => frame(t)),
        }),
      ]);
      const view = new DataView(file.buffer);
      const found: (readonly [number | undefined, number])[] = [];
      for (let at = 0; at < file.length; ) {
        const block = blockAt(view, at, 1000);
        assert.ok(typeof block === 'object');
        if (block.type === BLOCK.packet) found.push([faceOf(view, block), timeOf(view, block)]);
        at = block.to;
      }
      const of = (face: number): number[] => found.flatMap(([one, time]) => (one === face ? [time] : []));
      assert.deepEqual([of(0), of(1)], [caught, heard]);
      const all = found.map(([, time]) => time);
      assert.deepEqual(
        all,
        all.toSorted((a, b) => a - b),
      );
    }),
  );
});

test('a large file comes in pieces, none of which is small but the last', () => {
  const run = Array.from({ length: 1000 }, (_, i) => i);
  const pieces = [...captureFile(packets(run, run, run, run), { spans: [], frames: [] })];
  assert.ok(pieces.length > 1 && pieces.slice(0, -1).every(({ length }) => length >= 65_536 && length < 140_000));
});
