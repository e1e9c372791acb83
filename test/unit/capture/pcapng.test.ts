/** The octets of a capture file's blocks, and that they are read as they were written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  blockAt,
  countsBlock,
  countsOf,
  faceOf,
  interfaceBlock,
  LINK,
  linkOf,
  packetBlock,
  sectionBlock,
  timeOf,
} from '../../../src/capture/pcapng.ts';

const FRAME = Uint8Array.of(0x02, 0x01, 0x7f);
const TIME = 1_700_000_000_000_500;
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const viewOf = (octets: Uint8Array): DataView => new DataView(octets.buffer, octets.byteOffset, octets.length);

/** In the order of the octets of a file of ours. */
function word(value: bigint): string {
  const octets = Buffer.alloc(4);
  octets.writeUInt32LE(Number(value));
  return octets.toString('hex');
}
const HIGH = word(BigInt(TIME) >> 32n);
const LOW = word(BigInt(TIME) & 0xffffffffn);

test('a file begins with its section, and each interface has its link, name, resolution and filter', () => {
  assert.equal(hex(sectionBlock()), '0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000');
  assert.equal(
    hex(interfaceBlock({ name: 't1', link: LINK.lapd })),
    `0100000028000000${'cb00000000000000'}${'0200020074310000'}${'0900010006000000'}0000000028000000`,
  );
  assert.equal(
    hex(interfaceBlock({ name: 'eth0', link: LINK.ethernet, filter: 'udp' })),
    // The filter's option is of four octets: 0 for the words of libpcap, then "udp".
    `0100000030000000${'0100000000000000'}${'0200040065746830'}${'0900010006000000'}${'0b00040000756470'}0000000030000000`,
  );
});

test('a packet has its time in microseconds, its lengths, and its direction where it is known', () => {
  assert.equal(
    hex(packetBlock(1, TIME, FRAME, { direction: 'out' })),
    `060000003000000001000000${HIGH}${LOW}0300000003000000${'02017f00'}${'020004000200000000000000'}30000000`,
  );
  assert.equal(
    hex(packetBlock(0, TIME, FRAME, { length: 1500 })),
    `060000002400000000000000${HIGH}${LOW}03000000dc050000${'02017f00'}24000000`,
  );
});

test('what is written is read: link, interface, time and counts', () => {
  const link = viewOf(interfaceBlock({ name: 'tun0', link: LINK.raw }));
  const at = blockAt(link, 0, 1000);
  assert.ok(typeof at === 'object');
  assert.equal(linkOf(link, at), 101);
  const packet = viewOf(packetBlock(3, TIME, FRAME));
  const whole = { type: 6, from: 0, to: packet.byteLength };
  assert.deepEqual(blockAt(packet, 0, 1000), whole);
  assert.deepEqual([faceOf(packet, whole), timeOf(packet, whole)], [3, TIME]);
  const counts = viewOf(countsBlock(2, TIME, { received: 70_000, dropped: 5 }));
  const block = blockAt(counts, 0, 1000);
  assert.ok(typeof block === 'object');
  assert.deepEqual(countsOf(counts, block), { face: 2, time: TIME, received: 70_000, dropped: 5 });
});

test('a block that is not whole is waited for; one whose lengths differ, or that is too long or too short, is none', () => {
  const octets = packetBlock(0, TIME, FRAME);
  for (let cut = 0; cut < octets.length; cut++) assert.equal(blockAt(viewOf(octets.slice(0, cut)), 0, 1000), 'more');
  assert.equal(blockAt(viewOf(octets), 0, 20), 'odd');
  for (const length of [0, 8, 11, 37, 0xffffffff]) {
    const wrong = octets.slice();
    viewOf(wrong).setUint32(4, length, true);
    assert.equal(blockAt(viewOf(wrong), 0, 1000), 'odd');
  }
  const differing = octets.slice();
  viewOf(differing).setUint32(octets.length - 4, 40, true);
  assert.equal(blockAt(viewOf(differing), 0, 1000), 'odd');
});

test('a packet that claims more octets than its block has is of no interface', () => {
  const octets = packetBlock(0, TIME, FRAME);
  const whole = { type: 6, from: 0, to: octets.length };
  for (const caught of [5, 0x7fffffff, 0xffffffff]) {
    viewOf(octets).setUint32(20, caught, true);
    assert.equal(faceOf(viewOf(octets), whole), undefined);
  }
});
