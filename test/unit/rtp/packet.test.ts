import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat, fromHex } from '../../../src/kernel/bytes.ts';
import {
  advance,
  isRtcp,
  nextSequence,
  readRtp,
  rtpHeader,
  sequenceAfter,
  timestampAfter,
  writeRtp,
} from '../../../src/rtp/packet.ts';

const header = rtpHeader();
const read = (hex: string): string | undefined => {
  const bytes = fromHex(hex);
  return readRtp(bytes, 0, bytes.length, header);
};

const FIXED = '0001 00000002 00000003';

test('what is written is read, with the largest values too', () => {
  const bytes = new Uint8Array(20);
  writeRtp(bytes, 3, true, 101, 0xffff, 0xffff_fffe, 0xdead_beef);
  bytes.set([1, 2, 3, 4], 15);
  assert.equal(readRtp(bytes, 3, 16, header), undefined);
  assert.deepEqual(header, {
    marker: true,
    payloadType: 101,
    sequence: 0xffff,
    timestamp: 0xffff_fffe,
    ssrc: 0xdead_beef,
    payloadAt: 15,
    payloadLength: 4,
  });
});

test('CSRCs, an extension and padding are no audio', () => {
  assert.equal(read(`b280 ${FIXED} 0000000a 0000000b bede0001 11223344 d5d5d5d5 00000004`), undefined);
  assert.equal(header.payloadAt, 12 + 8 + 8);
  assert.equal(header.payloadLength, 4);
});

test('lengths that point past the end are faults', () => {
  assert.equal(read('8000 0001 00000002 000000'), 'short');
  assert.equal(read(`4000 ${FIXED}`), 'version');
  assert.equal(read(`8f00 ${FIXED} 00000001`), 'csrc');
  assert.equal(read(`9000 ${FIXED} bede`), 'extension');
  assert.equal(read(`9000 ${FIXED} bedeffff 00000000`), 'extension');
  assert.equal(read(`a000 ${FIXED} 00`), 'padding');
  assert.equal(read(`a000 ${FIXED} 02`), 'padding');
  assert.equal(read(`a000 ${FIXED} 01`), undefined);
  assert.equal(readRtp(new Uint8Array(2000).fill(0x80), 0, 2000, header), 'short');
  assert.equal(readRtp(new Uint8Array(12), 4, 12, header), 'short');
});

test('no octets whatever lead outside the packet', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 0, max: 255 }), (tail, first) => {
      const bytes = concat(Uint8Array.of(0x80 | first), tail);
      if (readRtp(bytes, 0, bytes.length, header) !== undefined) return;
      assert.ok(header.payloadAt >= 12 && header.payloadLength >= 0);
      assert.ok(header.payloadAt + header.payloadLength <= bytes.length);
    }),
    { seed: 4, numRuns: 3000 },
  );
});

test('sequence numbers and timestamps go round', () => {
  assert.equal(sequenceAfter(65_535, 0), 1);
  assert.equal(sequenceAfter(0, 65_535), -1);
  assert.equal(nextSequence(65_535), 0);
  assert.equal(timestampAfter(0xffff_ffff, 159), 160);
  assert.equal(timestampAfter(159, 0xffff_ffff), -160);
  assert.equal(advance(0xffff_ff60, 160), 0);
  assert.equal(advance(0, -1), 0xffff_ffff);
});

test('on a shared port RTCP is told from RTP with the marker set', () => {
  assert.equal(isRtcp(fromHex('80c8'), 0, 2), true);
  assert.equal(isRtcp(fromHex('81cb'), 0, 2), true);
  assert.equal(isRtcp(fromHex('8080'), 0, 2), false);
  assert.equal(isRtcp(fromHex('80e5'), 0, 2), false);
  assert.equal(isRtcp(fromHex('80'), 0, 1), false);
});
