/** The judge of known sound must tell a block that was lost on the way from an octet that was altered. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BLOCK } from '../../../src/rtp/g711.ts';
import { CYCLE, KnownSink, KnownSource } from '../../support/known-sound.ts';
import { MediaRig } from '../../support/media-rig.ts';

const BLOCKS = 30;
/** What a stream says, as blocks, and the judge of another end. */
function stream(id = 7) {
  const source = new KnownSource(id);
  const blocks = Array.from({ length: BLOCKS }, (): Uint8Array => {
    const block = new Uint8Array(BLOCK);
    source.fill(block);
    return block;
  });
  return { blocks, sink: new KnownSink(id) };
}
const hear = (sink: KnownSink, blocks: readonly Uint8Array[]): void => {
  for (const block of blocks) sink.hear(block);
};
const noise = (length: number): Uint8Array => {
  const other = new Uint8Array(length);
  new KnownSource(999).fill(other);
  return other;
};

test('what was said is heard to the octet, wherever in its second and in whatever pieces it comes', () => {
  const { blocks, sink } = stream();
  const all = Buffer.concat(blocks);
  for (let at = 100; at < all.length; at += 37) sink.hear(all.subarray(at, at + 37));
  const { exact, longest, breaks, faults } = sink;
  assert.deepEqual({ exact, longest, breaks, faults }, { exact: 4700, longest: 4700, breaks: 0, faults: 0 });
});

describe('a block that is lost, doubled or made up is a break and no fault', () => {
  const cases: readonly (readonly [string, (blocks: Uint8Array[]) => void])[] = [
    ['lost', (blocks) => blocks.splice(10, 1)],
    ['doubled', (blocks) => blocks.splice(10, 0, blocks[10] ?? new Uint8Array())],
    ['made up in its place', (blocks) => blocks.splice(10, 1, noise(BLOCK))],
    ['made up in between', (blocks) => blocks.splice(10, 0, noise(BLOCK))],
    ['idle for two milliseconds', (blocks) => blocks.splice(10, 0, new Uint8Array(16).fill(0xff))],
  ];
  for (const [what, spoil] of cases) {
    test(what, () => {
      const { blocks, sink } = stream();
      spoil(blocks);
      hear(sink, blocks);
      assert.deepEqual([sink.breaks, sink.faults, sink.told], [1, 0, []]);
      assert.ok(sink.exact >= (BLOCKS - 1) * BLOCK - 8, `${sink.exact}`);
    });
  }
});

describe('an octet that is altered, lost or doubled is a fault', () => {
  const cases: readonly (readonly [string, (block: Uint8Array) => Uint8Array, RegExp])[] = [
    ['altered', (block) => block.with(50, (block[50] ?? 0) ^ 0x80), /octet 1650 of the second: 1 octets were altered/],
    ['lost', (block) => block.subarray(1), /out of step/],
    ['doubled', (block) => Uint8Array.of(...block.subarray(0, 80), ...block.subarray(79)), /out of step/],
    ['altered, the last of a block', (block) => block.with(159, (block[159] ?? 0) ^ 1), /octets were altered/],
  ];
  for (const [what, spoil, told] of cases) {
    test(what, () => {
      const { blocks, sink } = stream();
      blocks[10] = spoil(blocks[10] ?? new Uint8Array());
      hear(sink, blocks);
      assert.equal(sink.faults, 1);
      assert.match(sink.told.join(), told);
    });
  }
});

test('what a concealer makes of a loss is a break and no fault, though it is made of the stream’s own octets', () => {
  const port = 20_000;
  const [listen, peer] = [port, port + 100].map((base) => ({ address: '127.0.0.1', port: base }));
  assert.ok(listen !== undefined && peer !== undefined);
  const rig = new MediaRig([{ driver: 'udp', id: 't1', slots: 23, listen, peer }]);
  rig.openTdm('pri', 't1', 1);
  const phone = rig.openRtp('sip', 5000);
  rig.join('pri', 'sip');
  const source = new KnownSource(7);
  const block = new Uint8Array(BLOCK);
  rig.run(200, (tick) => {
    source.fill(block);
    // One packet, two in a row, three in a row, and one that the peer says twenty milliseconds late.
    if ([40, 80, 81, 120, 121, 122].includes(tick)) phone.skip();
    else if (tick !== 160) phone.say(block);
  });
  const sink = new KnownSink(7);
  for (const { port: to, bytes } of rig.io.sent) if (to === peer.port + 1) sink.hear(bytes);
  assert.deepEqual(sink.told, []);
  assert.ok(sink.breaks >= 4 && sink.breaks <= 6, `${sink.breaks} breaks`);
});

test('another stream is never taken for this one', () => {
  const { blocks } = stream(7);
  const sink = new KnownSink(8);
  hear(sink, blocks);
  assert.deepEqual([sink.exact, sink.heard], [0, BLOCKS * BLOCK]);
  assert.ok(BLOCKS * BLOCK < CYCLE);
});
