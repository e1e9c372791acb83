import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BLOCK, IDLE } from '../../../src/rtp/g711.ts';
import { measureTones } from '../../../src/rtp/measure.ts';
import type { SpanMediaSpec } from '../../../src/span/port.ts';
import { MediaRig, PEER_ADDRESS, toneBlocks } from '../../support/media-rig.ts';

const STRANGER = { address: '203.0.113.66', port: 40_000 };
const SPAN: SpanMediaSpec = {
  driver: 'udp',
  id: 't1',
  slots: 23,
  listen: { address: '127.0.0.1', port: 20_000 },
  peer: { address: '127.0.0.1', port: 21_000 },
};

test('a stranger who sends to our port is neither heard nor sent to while the phone speaks', () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000);
  const other = rig.openRtp('other', 5002);
  rig.join('sip', 'other');
  const say = toneBlocks('ulaw', 700, -10);
  const noise = toneBlocks('ulaw', 2000, 0);
  rig.run(20, () => phone.say(say()));
  const thief = rig.openRtp('unused', 5004);
  rig.run(200, () => {
    phone.say(say());
    const block = noise();
    const { sequence, timestamp } = thief;
    thief.say(block, STRANGER);
    // The same to the phone's socket, with a source and a sequence of its own.
    rig.io.arrive(phone.tag, packet(sequence, timestamp, block), STRANGER.address, STRANGER.port);
  });
  const samples = other.samples();
  const tones = measureTones(samples, 100 * BLOCK, 'ulaw', 2);
  assert.deepEqual(
    tones.map(({ frequency }) => Math.round(frequency)),
    [700],
  );
  assert.ok(phone.packets().every(({ address, port }) => address === PEER_ADDRESS && port === 5000));
  assert.ok(rig.counters.read(new Map()).packets.refused >= 200);
});

test('a phone behind a NAT is answered at the address that its packets come from', () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000);
  const outside = { address: '198.51.100.9', port: 33_333 };
  const say = toneBlocks('ulaw', 700, -10);
  rig.run(5, () => phone.say(say(), outside));
  rig.run(10, () => phone.say(say(), outside));
  const last = phone.packets().at(-1);
  assert.deepEqual([last?.address, last?.port], [outside.address, outside.port]);
});

test('no datagram crashes the loop, on any of its sockets', () => {
  const rig = new MediaRig([SPAN]);
  rig.openTdm('pri', 't1', 1);
  const phone = rig.openRtp('sip', 5000, { telephoneEvent: 101 });
  rig.join('pri', 'sip');
  const firstTag = rig.memory.spans[0]?.firstTag ?? 0;
  const shaped = fc
    .record({
      first: fc.constantFrom(0x80, 0x90, 0xa0, 0xb0, 0x8f, 0x81, 0x00),
      second: fc.constantFrom(0, 8, 13, 101, 0x80, 0xe5, 200, 201, 202, 203, 204),
      rest: fc.uint8Array({ maxLength: 400 }),
    })
    .map(({ first, second, rest }) => Uint8Array.of(first, second, ...rest));
  const datagram = fc.oneof(fc.uint8Array({ maxLength: 1600 }), shaped);
  fc.assert(
    fc.property(fc.array(fc.tuple(datagram, fc.nat(2)), { maxLength: 20 }), (datagrams) => {
      for (const [bytes, socket] of datagrams) {
        if (socket === 2) rig.io.arrive(firstTag + 1, bytes, '127.0.0.1', 21_001);
        else phone.throwIn(bytes, phone.tag + socket);
      }
      rig.run(1);
    }),
    { numRuns: 400, seed: 11 },
  );
  // It still carries a call.
  const say = toneBlocks('ulaw', 700, -10);
  phone.ssrc = 0x0bad_cafe;
  rig.run(100, () => phone.say(say()));
  const line = rig.io.sent.filter(({ port }) => port === 21_001).slice(-50);
  assert.ok(line.some(({ bytes }) => bytes.some((octet) => octet !== IDLE.ulaw)));
});

test('a datagram that was cut is not played', () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000);
  rig.run(3, (tick) => phone.throwIn(packet(tick, tick * 1600, new Uint8Array(1600))));
  assert.equal(rig.counters.read(new Map()).packets.malformed, 3);
  assert.equal(rig.close('sip').received, 0);
});

test('a B-channel takes blocks from its own peer only', () => {
  const rig = new MediaRig([SPAN]);
  rig.openTdm('pri', 't1', 1);
  const firstTag = rig.memory.spans[0]?.firstTag ?? 0;
  const block = new Uint8Array(BLOCK);
  rig.run(5, () => {
    rig.io.arrive(firstTag + 1, block, '127.0.0.1', 9);
    rig.io.arrive(firstTag + 1, block, '192.0.2.77', 21_001);
    rig.io.arrive(firstTag + 1, block.subarray(1), '127.0.0.1', 21_001);
  });
  assert.equal(rig.close('pri').received, 0);
  assert.equal(rig.counters.read(new Map()).packets.refused, 10);
  assert.equal(rig.counters.read(new Map()).packets.malformed, 5);
});

function packet(sequence: number, timestamp: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x80);
  view.setUint16(2, sequence);
  view.setUint32(4, timestamp);
  view.setUint32(8, 0xdead_beef);
  bytes.set(payload, 12);
  return bytes;
}
