/** Interfaces are read one after the other, some time after their packets came; what is handed on is in order all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Sorter } from '../../../src/capture/sorter.ts';

const block = (n: number): Uint8Array => Uint8Array.of(n);
const timesOf = (blocks: readonly Uint8Array[]): number[] => blocks.map(([n = -1]) => n);

test('a packet waits until no earlier one can follow', () => {
  const sorter = new Sorter();
  for (const time of [10, 20, 15]) sorter.add(time, block(time));
  assert.deepEqual(timesOf(sorter.ripe()), []);
  sorter.add(12, block(12));
  sorter.add(30, block(30));
  assert.deepEqual(timesOf(sorter.ripe()), []);
  assert.deepEqual(timesOf(sorter.ripe()), [10, 12, 15, 20]);
  assert.deepEqual(timesOf(sorter.ripe()), [30]);
  sorter.add(40, block(40));
  sorter.add(35, block(35));
  assert.deepEqual(timesOf(sorter.rest()), [35, 40]);
  assert.deepEqual(sorter.rest(), []);
});

test('a clock that is set back holds nothing up', () => {
  const sorter = new Sorter();
  sorter.add(200, block(200));
  for (let i = 0; i < 3; i++) sorter.ripe();
  sorter.add(50, block(50));
  assert.deepEqual(timesOf(sorter.ripe()), [50]);
});

test('however late an interface is read within a tick of its own, the order holds', () => {
  // Each packet came in some tick and is read in it or in the next one.
  const arrivals = fc.array(fc.record({ tick: fc.nat(9), at: fc.nat(9), late: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(arrivals, (all) => {
      const sorter = new Sorter();
      const out: number[] = [];
      for (let tick = 0; tick < 12; tick++) {
        for (const one of all)
          if (one.tick + (one.late ? 1 : 0) === tick) sorter.add(10 * one.tick + one.at, block(10 * one.tick + one.at));
        out.push(...timesOf(sorter.ripe()));
      }
      out.push(...timesOf(sorter.rest()));
      assert.equal(out.length, all.length);
      assert.deepEqual(
        out,
        out.toSorted((a, b) => a - b),
      );
    }),
  );
});
