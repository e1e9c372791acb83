import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LapdFrame } from '../../../../src/isdn/q921/frame.ts';
import { count, emptyTally } from '../../../../src/isdn/q921/tally.ts';
import { fromHex } from '../../../../src/kernel/bytes.ts';
import { encodeFrame } from '../../../support/q921-frames.ts';

const information = new Uint8Array(0);
const FRAMES: readonly LapdFrame[] = [
  { type: 'SABME', command: true, pf: true, information },
  { type: 'UA', command: false, pf: true, information },
  { type: 'DM', command: false, pf: false, information },
  { type: 'DISC', command: true, pf: true, information },
  { type: 'I', command: true, ns: 1, nr: 2, pf: false, octets: fromHex('08 01'), at: 0 },
  { type: 'RR', command: true, nr: 3, pf: true },
  { type: 'REJ', command: false, nr: 3, pf: false },
  { type: 'UI', command: true, pf: false, information },
];

const each = { SABME: 1, UA: 1, DM: 1, DISC: 1, numbered: 3, other: 1 };

test('frames are counted by their kind, from either side', () => {
  for (const side of ['user', 'network'] as const) {
    const tally = emptyTally();
    for (const frame of FRAMES) count(tally, encodeFrame(frame, side), side);
    assert.deepEqual(tally, { ...each, wrongSide: 0 });
  }
});

test('a peer that takes itself for our side is seen by its first frame', () => {
  for (const [side, taken] of [
    ['user', 'network'],
    ['network', 'user'],
  ] as const) {
    const tally = emptyTally();
    for (const frame of FRAMES) count(tally, encodeFrame(frame, side), taken);
    // Supervisory frames may be either; UI sets up no link.
    assert.deepEqual(tally, { ...each, wrongSide: 5 });
  }
});

test('a frame too short to be one is something else', () => {
  const tally = emptyTally();
  for (const hex of ['', '02', '02 01']) count(tally, fromHex(hex), 'user');
  assert.equal(tally.other, 3);
});
