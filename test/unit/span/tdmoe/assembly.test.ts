import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TdmoeAlarms } from '../../../../src/span/tdmoe/alarms.ts';
import { Assembly } from '../../../../src/span/tdmoe/assembly.ts';

/** An assembly of two timeslots; frame n has the octets n and n + 100. Blocks come out as the frame number of each place. */
function bench(): {
  readonly take: (sequence: number) => number;
  readonly blocks: number[][];
  readonly assembly: Assembly;
} {
  const blocks: number[][] = [];
  const assembly = new Assembly(2, () => {
    const places = Array.from({ length: 20 }, (_, place) => assembly.block[place * 8] ?? -1);
    const second = places.map((_, place) => assembly.block[160 + place * 8 + 7]);
    assert.deepEqual(
      second,
      places.map((octet) => octet + 100),
      'the timeslots are out of step',
    );
    blocks.push(places);
  });
  const octets = new Uint8Array(19);
  return {
    assembly,
    blocks,
    take(sequence) {
      octets.fill(sequence % 100, 3, 11);
      octets.fill((sequence % 100) + 100, 11, 19);
      return assembly.take(sequence & 0xffff, octets, 3);
    },
  };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n);
const NOTHING = { received: 0, lost: 0, reordered: 0, late: 0, restarts: 0 };

test('twenty frames are a block, across the counter’s end too', () => {
  const { take, blocks, assembly } = bench();
  for (const n of range(65_520, 65_560)) take(n);
  assert.deepEqual(blocks, [range(20, 40), [...range(40, 60)]]);
  assert.deepEqual(assembly.counts, { ...NOTHING, received: 40 });
});

test('a lost frame keeps its place, filled with the millisecond before it', () => {
  const { take, blocks, assembly } = bench();
  for (const n of range(0, 20)) if (n !== 5 && n !== 6) take(n);
  assert.deepEqual(blocks, [[0, 1, 2, 3, 4, 4, 4, ...range(7, 20)]]);
  assert.equal(assembly.counts.lost, 2);
  assert.equal(assembly.counts.received, 18);
});

test('a frame that was overtaken still finds its place, and is not counted as lost', () => {
  const { take, blocks, assembly } = bench();
  for (const n of [0, 1, 4, 2, 3, ...range(5, 20)]) take(n);
  assert.deepEqual(blocks, [range(0, 20)]);
  assert.deepEqual(assembly.counts, { ...NOTHING, received: 20, reordered: 2 });
});

test('a frame whose block is gone, or that comes twice, is late', () => {
  const { take, blocks, assembly } = bench();
  for (const n of range(0, 25)) if (n !== 19) take(n);
  take(19);
  take(22);
  assert.equal(blocks.length, 1);
  assert.deepEqual(assembly.counts, { ...NOTHING, received: 26, lost: 1, late: 2 });
});

test('a peer that begins anew is not taken for thousands of lost frames', () => {
  const { take, assembly } = bench();
  take(10);
  assert.equal(take(30_000), 0);
  assert.equal(take(5), 0);
  assert.deepEqual(assembly.counts, { ...NOTHING, received: 3, restarts: 2 });
});

test('whatever is lost, overtaken or doubled: every frame is counted once, and blocks keep the line’s time', () => {
  const shuffled = fc
    .array(fc.record({ n: fc.integer({ min: 0, max: 120 }), swap: fc.integer({ min: 0, max: 5 }) }), { maxLength: 120 })
    .map((list) => list.map(({ n, swap }) => n + swap / 3).sort((a, b) => Math.floor(a / 4) - Math.floor(b / 4)));
  fc.assert(
    fc.property(shuffled, (numbers) => {
      const { take, assembly, blocks } = bench();
      take(0);
      let newest = 0;
      for (const n of numbers.map(Math.floor)) {
        take(n);
        newest = Math.max(newest, n);
      }
      const { received, lost, reordered, late, restarts } = assembly.counts;
      assert.equal(received, numbers.length + 1);
      assert.equal(restarts, 0);
      assert.equal(blocks.length, Math.floor((newest + 1) / 20));
      assert.ok(lost + (received - late) >= blocks.length * 20, 'places of the blocks that nobody accounts for');
      assert.ok(reordered + late <= received);
    }),
  );
});

function alarmBench(): { readonly alarms: TdmoeAlarms; readonly said: string[] } {
  const said: string[] = [];
  return { alarms: new TdmoeAlarms(0, (alarm, raised) => said.push(`${raised ? '+' : '-'}${alarm}`)), said };
}

test('a second without frames is RED, the first frame ends it, and yellow is said meanwhile', () => {
  const { alarms, said } = alarmBench();
  assert.equal(alarms.yellow, true, 'we hear nothing yet');
  assert.equal(alarms.frame(false, 10), true);
  assert.equal(alarms.yellow, false);
  alarms.look(1010);
  assert.deepEqual(said, []);
  alarms.look(1011);
  alarms.look(1500);
  assert.deepEqual(said, ['+LOS']);
  assert.equal(alarms.yellow, true);
  assert.equal(alarms.frame(false, 1600), true, 'the first after a silence');
  assert.equal(alarms.frame(false, 1601), false);
  assert.deepEqual(said, ['+LOS', '-LOS']);
});

test('a span that never hears a frame is RED after a second', () => {
  const { alarms, said } = alarmBench();
  alarms.look(1000);
  alarms.look(1001);
  assert.deepEqual(said, ['+LOS']);
});

test('the far end’s yellow is RAI after a tenth of a second, and ends as slowly', () => {
  const { alarms, said } = alarmBench();
  let now = 0;
  const frames = (count: number, yellow: boolean): void => {
    for (let n = 0; n < count; n++) alarms.frame(yellow, now++);
  };
  frames(99, true);
  frames(1, false);
  frames(99, true);
  assert.deepEqual(said, [], 'a flicker was believed');
  frames(1, true);
  assert.deepEqual(said, ['+RAI']);
  frames(100, false);
  assert.deepEqual(said, ['+RAI', '-RAI']);
});

test('RED hides the yellow that stood before it', () => {
  const { alarms, said } = alarmBench();
  for (let now = 0; now < 100; now++) alarms.frame(true, now);
  alarms.look(2000);
  assert.deepEqual(said, ['+RAI', '-RAI', '+LOS']);
});
