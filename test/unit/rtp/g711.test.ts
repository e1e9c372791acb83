import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { convert, decode, encode, IDLE, type Law, LINEAR, OCTET } from '../../../src/rtp/g711.ts';

interface Vectors {
  readonly ulaw: readonly number[];
  readonly alaw: readonly number[];
  readonly ulaw_idle: string;
  readonly alaw_idle: string;
}
const vectors: Vectors = JSON.parse(readFileSync(new URL('../../kit/vectors/g711.json', import.meta.url), 'utf8'));
const LAWS: readonly Law[] = ['ulaw', 'alaw'];
const octets = Uint8Array.from({ length: 256 }, (_, n) => n);

test('every octet has the level of the published tables', () => {
  for (const law of LAWS) {
    const samples = new Int16Array(256);
    decode(law, octets, 0, samples, 0, 256);
    assert.deepEqual([...samples], vectors[law]);
    assert.equal(IDLE[law], Number.parseInt(vectors[`${law}_idle`], 16));
  }
});

test('an octet that is decoded and encoded again is the same, save µ-law’s second zero', () => {
  for (const law of LAWS) {
    for (const octet of octets) {
      const again = OCTET[law][(LINEAR[law][octet] ?? 0) & 0xffff];
      assert.equal(again, law === 'ulaw' && octet === 0x7f ? 0xff : octet);
    }
  }
});

/** The width of an octet's step on the 16-bit scale: tables 1 and 2, columns 1 and 2. */
const stepOf = (law: Law, octet: number): number =>
  law === 'ulaw' ? 8 << ((~octet >> 4) & 7) : 16 << Math.max(0, (((octet ^ 0x55) >> 4) & 7) - 1);

test('every sample is encoded as the level whose step it falls into', () => {
  for (const law of LAWS) {
    const highest = Math.max(...LINEAR[law]);
    for (let sample = -32_768; sample < 32_768; sample++) {
      const octet = OCTET[law][sample & 0xffff] ?? 0;
      const level = LINEAR[law][octet] ?? 0;
      const isClipped = Math.abs(sample) > highest && Math.abs(level) === highest;
      assert.ok(isClipped || Math.abs(level - sample) <= stepOf(law, octet) / 2, `${law} ${sample} → ${level}`);
    }
  }
});

test('blocks are taken from and put to where they were said to be', () => {
  const samples = new Int16Array(10);
  decode('ulaw', Uint8Array.of(9, 0x80, 0x00, 9), 1, samples, 4, 2);
  assert.deepEqual([...samples], [0, 0, 0, 0, 32_124, -32_124, 0, 0, 0, 0]);
  const out = new Uint8Array(4);
  encode('ulaw', samples, 4, out, 1, 2);
  assert.deepEqual([...out], [0, 0x80, 0x00, 0]);
});

function converted(law: Law, to: Law, from: Uint8Array): Uint8Array {
  const out = new Uint8Array(from.length);
  convert(law, from, 0, to, out, 0, from.length);
  return out;
}

test('octets that go through the other law and back are unchanged above the lowest chord', () => {
  for (const law of LAWS) {
    const other = law === 'ulaw' ? 'alaw' : 'ulaw';
    const back = converted(other, law, converted(law, other, octets));
    // The nine A-law values and the eight µ-law ones that share their partner (tables 3 and 4) come back as the neighbour.
    const moved = octets.filter((octet) => back[octet] !== octet);
    for (const octet of moved)
      assert.equal(Math.abs((back[octet] ?? 0) - octet) <= 6, true, `${law} ${octet} → ${back[octet]}`);
    assert.ok(moved.length <= 18, `${law}: ${moved.length}`);
  }
});

test('a converted octet keeps its sign and its level within a step', () => {
  for (const law of LAWS) {
    const other = law === 'ulaw' ? 'alaw' : 'ulaw';
    converted(law, other, octets).forEach((octet, n) => {
      const was = LINEAR[law][n] ?? 0;
      const is = LINEAR[other][octet] ?? 0;
      assert.equal(octet & 0x80, n & 0x80);
      assert.ok(Math.abs(is - was) <= Math.max(16, Math.abs(was) / 16), `${law} ${n}: ${was} → ${is}`);
    });
  }
});
