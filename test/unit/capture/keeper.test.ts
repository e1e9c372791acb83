/** What the capturing process writes is kept as it is, and not believed: it reads what strangers send. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Keeper } from '../../../src/capture/keeper.ts';
import { countsBlock, interfaceBlock, join, LINK, packetBlock, sectionBlock } from '../../../src/capture/pcapng.ts';

const TAPS = [
  { name: 'lo', filter: 'udp port 5060' },
  { name: 'eth0', filter: 'udp port 5060' },
];
const HEAD = [sectionBlock(), ...TAPS.map(({ name }) => interfaceBlock({ name, link: LINK.ethernet }))];
const packet = (face: number, n: number): Uint8Array => packetBlock(face, 1_700_000_000_000_000 + n, Uint8Array.of(n));
const GOOD = [...HEAD, packet(0, 1), packet(1, 2), countsBlock(0, 5, { received: 1, dropped: 7 }), packet(0, 3)];

function fed(...parts: readonly Uint8Array[]): { keeper: Keeper; fault: string | undefined } {
  const keeper = new Keeper(TAPS, 10_000);
  return { keeper, fault: keeper.feed(join(parts)) };
}

test('packets are kept, in whatever pieces they come; what stands between them is counted and not kept', () => {
  const whole = join(GOOD);
  fc.assert(
    fc.property(fc.array(fc.nat(whole.length), { maxLength: 8 }), (cuts) => {
      const keeper = new Keeper(TAPS, 10_000);
      const at = [0, ...cuts.sort((a, b) => a - b), whole.length];
      for (const [i, to] of at.slice(1).entries()) assert.equal(keeper.feed(whole.slice(at[i], to)), undefined);
      assert.deepEqual([keeper.open, keeper.packets, keeper.dropped, keeper.octets], [true, 3, 7, 3 * 36]);
      assert.deepEqual(join(keeper.snapshot().runs), join([packet(0, 1), packet(1, 2), packet(0, 3)]));
    }),
  );
  const { faces, counts, latest } = fed(...GOOD).keeper.snapshot();
  assert.deepEqual(
    faces,
    TAPS.map((tap) => ({ ...tap, link: 1 })),
  );
  assert.deepEqual([counts[0], counts[1], latest], [{ received: 1, dropped: 7 }, { received: 0, dropped: 0 }, 5]);
});

test('what was kept before it went wrong has the interfaces that were open', () => {
  assert.deepEqual(fed(sectionBlock()).keeper.snapshot().faces, []);
});

test('what is out of place is a fault with its name', () => {
  const of = (...parts: readonly Uint8Array[]): string => fed(...parts).fault ?? 'none';
  const unknown = sectionBlock();
  new DataView(unknown.buffer).setUint32(0, 0xbad, true);
  assert.match(of(Buffer.from('Segmentation fault (core dumped)')), /no block/);
  assert.match(of(packet(0, 1)), /packet of no interface/);
  assert.match(of(...HEAD.slice(0, 2), packet(0, 1)), /packet of no interface/);
  assert.match(of(...HEAD, packet(2, 1)), /packet of no interface/);
  assert.match(of(...HEAD, sectionBlock()), /twice/);
  assert.match(of(...HEAD, interfaceBlock({ name: 'x', link: 1 })), /interface out of place/);
  assert.match(of(interfaceBlock({ name: 'x', link: 1 })), /interface out of place/);
  assert.match(of(...HEAD, countsBlock(2, 5, { received: 1, dropped: 1 })), /not there/);
  assert.match(of(...HEAD, unknown), /type 2989/);
  assert.match(of(...HEAD, packetBlock(0, 1, new Uint8Array(66_000))), /no block/);
});

test('more than it was told to write is not kept', () => {
  const keeper = new Keeper(TAPS, 100);
  assert.equal(keeper.feed(join([...HEAD, packet(0, 1)])), undefined);
  assert.equal(keeper.feed(packet(0, 2)), undefined);
  assert.match(keeper.feed(packet(0, 3)) ?? '', /more than it was told/);
  assert.match(fed(...HEAD, ...Array.from({ length: 300 }, () => packet(0, 1))).fault ?? '', /more than it was told/);
});

test('no octets throw, or make it keep more than it may', () => {
  const flips = fc.array(fc.tuple(fc.nat(join(GOOD).length - 1), fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(flips, fc.uint8Array({ maxLength: 200 }), (changes, tail) => {
      const octets = join([...GOOD, tail]);
      for (const [at, value] of changes) octets[at] = value;
      const keeper = new Keeper(TAPS, 10_000);
      keeper.feed(octets);
      assert.ok(keeper.octets <= octets.length);
    }),
    { numRuns: 2000 },
  );
});
