import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readRecordings } from '../../../src/media/recordings.ts';
import { BLOCK, IDLE } from '../../../src/rtp/g711.ts';
import type { SpanMediaSpec } from '../../../src/span/port.ts';
import { MediaRig } from '../../support/media-rig.ts';
import { writeWav } from '../../support/wav.ts';

const folder = mkdtempSync(join(tmpdir(), 'branchline-recordings-'));
after(() => rmSync(folder, { recursive: true }));

test('every file that can’t be played is told at its place, and the others are played', async () => {
  const file = (name: string): string => join(folder, name);
  writeWav(
    file('good.wav'),
    Int16Array.from({ length: 400 }, () => 1000),
  );
  writeFileSync(file('text.wav'), 'no sound');
  writeFileSync(file('large.wav'), '');
  truncateSync(file('large.wav'), 2_000_000);
  const named = ['good.wav', 'text.wav', 'large.wav', 'missing.wav', '.'].map((name) => ({
    id: name,
    file: file(name),
  }));
  const { recordings, faults } = await readRecordings(named);
  assert.deepEqual(
    faults.map(({ place }) => place),
    [1, 2, 3, 4],
  );
  const [text, large, missing, itself] = faults.map(({ what }) => what);
  assert.match(text ?? '', /text\.wav is no WAV file$/);
  assert.match(large ?? '', /large\.wav is larger than/);
  assert.match(missing ?? '', /missing\.wav can’t be read: ENOENT/);
  assert.match(itself ?? '', /is no file$/);
  assert.deepEqual(
    [...recordings].map(([id, octets]) => [id, octets.length]),
    [['good.wav', 400]],
  );
});

const CARRIER: SpanMediaSpec = { driver: 'carrier', id: 't1', slots: 24 };

/** Another octet in every place, so that any block shows where it was taken from. */
const RECORDING = Uint8Array.from({ length: 3 * BLOCK - 40 }, (_, i) => i % 251);

function rigWith(recordings: ReadonlyMap<string, Uint8Array>): MediaRig {
  const rig = new MediaRig([CARRIER], [24_000, 24_099], 4);
  rig.control.obey({ type: 'recordings', recordings }, rig.moment);
  return rig;
}

const open = (rig: MediaRig, leg: string, recording: string, times: number): void =>
  rig.control.leg(leg, { type: 'open-recording', recording, times }, rig.moment);

test('a recording is heard octet by octet after its lead, as often as is wanted, and its end is told once', () => {
  const rig = rigWith(new Map([['closed', RECORDING]]));
  rig.openRtp('caller', 5000);
  open(rig, 'player', 'closed', 2);
  rig.join('caller', 'player');
  rig.run(25 + 3 + 50 + 3 + 20);
  const payloads = rig.io.sent.map(({ bytes }) => bytes.subarray(12));
  const heard = Buffer.concat(payloads.filter((bytes) => bytes.length === BLOCK));
  const whole = Buffer.concat([RECORDING, Buffer.alloc(40, IDLE.ulaw)]);
  const silence = (blocks: number): Buffer => Buffer.alloc(blocks * BLOCK, IDLE.ulaw);
  assert.deepEqual(heard, Buffer.concat([silence(25), whole, silence(50), whole, silence(20)]));
  assert.deepEqual(rig.events('player'), [{ type: 'ready', address: 'closed', port: 0 }, { type: 'played' }]);
});

test('a recording that there is not, and one more than there are players, are refused; a player is given back', () => {
  const rig = rigWith(new Map([['closed', RECORDING]]));
  open(rig, 'a', 'open', 1);
  open(rig, 'b', 'closed', 1);
  open(rig, 'c', 'closed', 1);
  open(rig, 'd', 'closed', 1);
  assert.deepEqual(rig.events('a'), [{ type: 'failed', why: 'there is no recording open' }]);
  assert.deepEqual(rig.events('d'), [{ type: 'failed', why: 'no player is left' }]);
  assert.equal(rig.memory.playersInUse, 2);
  rig.close('b');
  rig.close('c');
  assert.equal(rig.memory.playersInUse, 0);
  open(rig, 'e', 'closed', 1);
  assert.equal(rig.events('e')[0]?.type, 'ready');
});

test('new recordings leave one that is being played to its end', () => {
  const rig = rigWith(new Map([['closed', RECORDING]]));
  rig.openRtp('caller', 5000);
  open(rig, 'player', 'closed', 1);
  rig.join('caller', 'player');
  rig.run(26);
  rig.control.obey({ type: 'recordings', recordings: new Map() }, rig.moment);
  rig.run(3);
  assert.equal(rig.events('player').at(-1)?.type, 'played');
});
