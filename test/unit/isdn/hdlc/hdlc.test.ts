import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { HdlcDecoder } from '../../../../src/isdn/hdlc/decoder.ts';
import { HdlcEncoder, MAX_FRAME } from '../../../../src/isdn/hdlc/encoder.ts';
import { fcs16 } from '../../../../src/isdn/hdlc/fcs.ts';
import { fromHex, fromLatin1, toHex } from '../../../../src/kernel/bytes.ts';

const vectors = JSON.parse(readFileSync(new URL('../../../kit/vectors/hdlc.json', import.meta.url), 'utf8')) as {
  readonly fcs16: readonly { readonly frame: string; readonly fcs_le: string }[];
};

const littleEndian = (fcs: number): string => toHex(Uint8Array.of(fcs & 0xff, fcs >>> 8));

/** `n` octets of a line on which `frames` are sent one after the other. */
function lineOf(frames: readonly Uint8Array[], n: number, encoder = new HdlcEncoder()): Uint8Array {
  for (const frame of frames) assert.ok(encoder.send(frame));
  const line = new Uint8Array(n);
  encoder.fill(line);
  return line;
}

/** Raw octets, least significant bit first, of a line written as bits; flags fill the last octet. */
function lineOfBits(bits: string): Uint8Array {
  const out = new Uint8Array(Math.ceil(bits.length / 8));
  [...bits].forEach((bit, i) => {
    if (bit === '1') out[i >> 3] = (out[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return out;
}

const bitsOf = (line: Uint8Array): string =>
  [...line].map((octet) => octet.toString(2).padStart(8, '0').split('').reverse().join('')).join('');

const hex = (frames: readonly Uint8Array[]): string[] => frames.map(toHex);
const FLAG = '01111110';

test('the FCS of known frames is the published one', () => {
  for (const { frame, fcs_le } of vectors.fcs16) assert.equal(littleEndian(fcs16(fromHex(frame))), fcs_le, frame);
  assert.equal(fcs16(fromLatin1('123456789')), 0x906e);
});

test('a frame on an msb-first timeslot looks as it does on a real line', () => {
  const encoder = new HdlcEncoder({ order: 'msb-first' });
  // SABME between flags; 7f and the FCS need stuffed zeros, so that everything after them is shifted.
  assert.equal(toHex(lineOf([fromHex('02017f')], 8, encoder)), '7e4080fb1dc3bf3f');
});

test('five ones in a row never leave the encoder inside a frame, not even at its end', () => {
  for (const frame of ['ffffff', '00017f', 'f8f8f8', '1f1f1f']) {
    const bits = bitsOf(lineOf([fromHex(frame)], 16));
    const inside = bits.slice(8, bits.indexOf(FLAG, 8));
    assert.ok(!inside.includes('111111'), `${frame}: ${inside}`);
  }
});

test('one flag between two frames ends the first and begins the second', () => {
  const frames = ['020101', '020103'];
  // Five octets each with the FCS, no stuffing in either, three flags: nothing else can be on the line.
  const line = lineOf(frames.map(fromHex), 13);
  assert.deepEqual(hex(new HdlcDecoder().push(line)), frames);
});

test('flags that have a zero in common are idle line, not short frames', () => {
  const decoder = new HdlcDecoder();
  const body = bitsOf(lineOf([fromHex('00017f')], 12));
  assert.deepEqual(hex(decoder.push(lineOfBits(`${'0111111'.repeat(9)}${body.slice(0, 80)}`))), ['00017f']);
  assert.deepEqual(decoder.counts, { frames: 1, aborts: 0, badFcs: 0, overlong: 0, short: 0, unaligned: 0 });
});

test('an abort drops the frame and the next flag begins anew', () => {
  const decoder = new HdlcDecoder();
  const half = bitsOf(lineOf([fromHex('0201aa')], 12)).slice(0, 30);
  const whole = bitsOf(lineOf([fromHex('00017f')], 12));
  assert.deepEqual(hex(decoder.push(lineOfBits(`${half}11111111${whole}`))), ['00017f']);
  assert.equal(decoder.counts.aborts, 1);
});

test('a line of ones, as under an alarm, counts one abort and no frames', () => {
  const decoder = new HdlcDecoder();
  decoder.push(lineOf([fromHex('020155555555')], 5));
  decoder.push(new Uint8Array(1000).fill(0xff));
  decoder.push(new Uint8Array(1000).fill(0xff));
  assert.deepEqual(decoder.counts, { frames: 0, aborts: 1, badFcs: 0, overlong: 0, short: 0, unaligned: 0 });
});

test('what is no frame is counted by its fault', () => {
  const decoder = new HdlcDecoder({ limit: 8 });
  decoder.push(lineOf([new Uint8Array(9)], 16));
  assert.equal(decoder.counts.overlong, 1);
  decoder.push(lineOf([fromHex('0201')], 8));
  assert.equal(decoder.counts.short, 1);
  decoder.push(lineOfBits(FLAG + '0010'.repeat(13) + FLAG));
  assert.equal(decoder.counts.unaligned, 1);
  decoder.push(lineOfBits(FLAG + '00100000'.repeat(7) + FLAG));
  assert.equal(decoder.counts.badFcs, 1);
  assert.deepEqual(hex(decoder.push(lineOf([fromHex('00017f')], 10))), ['00017f']);
});

test('the encoder refuses what it cannot send and says so', () => {
  const encoder = new HdlcEncoder({ queue: 2 });
  assert.equal(encoder.send(new Uint8Array(0)), false);
  assert.equal(encoder.send(new Uint8Array(MAX_FRAME + 1)), false);
  assert.equal(encoder.send(new Uint8Array(MAX_FRAME)), true);
  assert.equal(encoder.send(new Uint8Array(3)), true);
  assert.equal(encoder.send(new Uint8Array(3)), false);
  assert.equal(encoder.waiting, 2);
});

const frame = fc.uint8Array({ minLength: 3, maxLength: 40 });
const order = fc.constantFrom('lsb-first' as const, 'msb-first' as const);

test('every frame comes out as it went in, however the line is cut into pieces', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), order, fc.integer({ min: 1, max: 37 }), (frames, way, piece) => {
      const encoder = new HdlcEncoder({ order: way });
      const decoder = new HdlcDecoder({ order: way });
      for (const octets of frames) encoder.send(octets);
      const heard: string[] = [];
      for (let sent = 0; sent < 500; sent += piece) {
        const line = new Uint8Array(piece);
        encoder.fill(line);
        heard.push(...hex(decoder.push(line)));
      }
      assert.deepEqual(heard, hex(frames));
    }),
  );
});

test('a burst of up to 16 wrong bits costs at most two frames and invents none', () => {
  const burst = fc.record({ at: fc.nat(), bits: fc.integer({ min: 1, max: 0xffff }) });
  fc.assert(
    fc.property(fc.array(frame, { minLength: 3, maxLength: 6 }), burst, (frames, { at, bits }) => {
      const line = bitsOf(lineOf(frames, 320));
      const first = line.indexOf(FLAG, 8);
      const start = 8 + (at % (first - 8));
      const spoilt = [...line].map((bit, i) => {
        const wrong = i >= start && i < start + 16 && (bits >> (i - start)) & 1;
        return wrong ? (bit === '1' ? '0' : '1') : bit;
      });
      const heard = hex(new HdlcDecoder().push(lineOfBits(spoilt.join(''))));
      const sent = hex(frames);
      // The burst may merge the first frame with the second; the third has its own flags.
      assert.deepEqual(heard.slice(-(sent.length - 2)), sent.slice(2));
      let next = 0;
      for (const octets of heard) {
        next = sent.indexOf(octets, next) + 1;
        assert.ok(next > 0, `${octets} was never sent`);
      }
    }),
    // A spoilt flag or stuffed zero moves all that follows, and then one frame in 65,536 passes its FCS: a fixed seed.
    { seed: 921, numRuns: 300 },
  );
});

test('any octets at all leave the decoder able to read the next frame', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), order, (noise, way) => {
      const decoder = new HdlcDecoder({ order: way });
      decoder.push(noise);
      const line = lineOf([fromHex('00010102')], 16, new HdlcEncoder({ order: way }));
      assert.deepEqual(hex(decoder.push(line)).slice(-1), ['00010102']);
    }),
  );
});
