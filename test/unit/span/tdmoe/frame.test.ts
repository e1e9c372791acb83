import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isFrom,
  isMulti,
  LONGEST_FRAME,
  multiLength,
  multiSpans,
  readMultiSpan,
  readSingle,
  SAMPLES,
  type SpanPart,
  singleLength,
  subAddressOf,
  writeEthernet,
  writeMulti,
  writeMultiSpan,
  writeSingle,
} from '../../../../src/span/tdmoe/frame.ts';

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const NEAR = Uint8Array.of(2, 0, 0, 0, 0, 1);
const FAR = Uint8Array.of(2, 0, 0, 0, 0, 2);
const part = (): SpanPart => ({ payload: 0, sequence: 0, yellow: false });

function single(slots: number, sequence: number, yellow: boolean): Uint8Array {
  const out = new Uint8Array(LONGEST_FRAME).fill(0xee);
  writeEthernet(out, FAR, NEAR);
  const payload = writeSingle(out, 3, slots, sequence, yellow);
  for (let n = 0; n < slots * SAMPLES; n++) out[payload + n] = n;
  return out.subarray(0, singleLength(slots));
}

test('a frame of 24 timeslots is 226 octets, octet for octet as DAHDI has it', () => {
  const frame = single(24, 0xabcd, true);
  assert.equal(frame.length, 226);
  const head = '020000000002' + '020000000001' + 'd00d' + '0003' + '08' + '03' + 'abcd' + '0018';
  assert.equal(hex(frame.subarray(0, 34)), `${head}${'00'.repeat(12)}`);
  assert.equal(hex(frame.subarray(34, 42)), '0001020304050607');
});

test('what is written is read again, and only by who expects so many timeslots', () => {
  for (const slots of [24, 31]) {
    const frame = single(slots, 65_535, false);
    const read = part();
    assert.ok(readSingle(frame, frame.length, slots, read));
    assert.deepEqual(read, { payload: frame.length - slots * SAMPLES, sequence: 65_535, yellow: false });
    assert.equal(subAddressOf(frame), 3);
    assert.equal(isMulti(frame), false);
    assert.equal(readSingle(frame, frame.length, slots - 1, read), false);
    assert.equal(readSingle(frame, frame.length - 1, slots, read), false);
    assert.equal(readSingle(frame, frame.length + 1, slots, read), false);
  }
});

test('a frame without signalling is shorter and its timeslots begin earlier', () => {
  const whole = single(24, 7, false);
  const bare = Uint8Array.from([...whole.subarray(0, 22), ...whole.subarray(34)]);
  bare[17] = 0;
  const read = part();
  assert.ok(readSingle(bare, bare.length, 24, read));
  assert.equal(read.payload, 22);
});

test('frames of another sender or another protocol are not taken for ours', () => {
  const frame = single(24, 0, false);
  assert.ok(isFrom(frame, NEAR));
  assert.equal(isFrom(frame, FAR), false);
  frame[13] = 0x0e;
  assert.equal(isFrom(frame, NEAR), false);
});

test('a multi-frame of four spans is 1128 octets, each span where the drivers look for it', () => {
  const out = new Uint8Array(LONGEST_FRAME).fill(0xee);
  writeEthernet(out, FAR, NEAR);
  writeMulti(out, 4);
  const payloads = [0, 1, 2, 3].map((n) => writeMultiSpan(out, 4, n, 24, 100 + n, n === 2));
  assert.equal(multiLength(4), 1128);
  assert.equal(
    hex(out.subarray(12, 40)),
    'd00d' + '8004' + '080200640018' + '080200650018' + '080300660018' + '080200670018',
  );
  assert.deepEqual(payloads, [104, 360, 616, 872]);
  assert.ok(isMulti(out));
  assert.equal(multiSpans(out, 1128), 4);
  const read = part();
  for (const n of [0, 1, 2, 3]) {
    assert.ok(readMultiSpan(out, 4, n, 24, read));
    assert.deepEqual(read, { payload: payloads[n], sequence: 100 + n, yellow: n === 2 });
  }
});

test('a sender that pads the first timeslot is understood', () => {
  // As dahdi_dynamic_ethmf begins: flags 0b are yellow, signalling and padding.
  const out = new Uint8Array(multiLength(1));
  out.set([0x80, 1, 8, 0x0b, 0, 9, 0, 0x18], 14);
  const read = part();
  assert.ok(readMultiSpan(out, 1, 0, 24, read));
  assert.deepEqual(read, { payload: 22 + 16 + 8, sequence: 9, yellow: true });
});

test('a multi-frame whose length or number of spans is wrong is refused', () => {
  const out = new Uint8Array(LONGEST_FRAME);
  for (const [spans, length] of [
    [0, 16],
    [5, multiLength(5)],
    [4, 1127],
    [3, 1128],
  ] as const) {
    out.set([0x80, spans], 14);
    assert.equal(multiSpans(out, length), 0, `${spans} spans in ${length} octets`);
  }
});

test('no octets whatsoever make a reader look beyond the frame', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 31 }), (octets, slots) => {
      const read = part();
      if (readSingle(octets, octets.length, slots, read)) assert.equal(read.payload + slots * SAMPLES, octets.length);
      const spans = multiSpans(octets, octets.length);
      for (let n = 0; n < spans; n++) {
        if (readMultiSpan(octets, spans, n, slots, read)) assert.ok(read.payload + slots * SAMPLES <= octets.length);
      }
    }),
  );
});
