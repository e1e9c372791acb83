import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../../src/kernel/time.ts';
import { Surges } from '../../../src/routing/surge.ts';

/** Makes `rate` calls in each minute from `from` to `to`; answers the minutes in which an alarm was raised. */
function minutes(surges: Surges, rate: number, from: number, to: number, gateway = 'core'): number[] {
  const raised: number[] = [];
  for (let minute = from; minute < to; minute++) {
    for (let n = 0; n < rate; n++) {
      if (surges.called(gateway, (minute * 60_000 + n) as Instant) !== undefined) raised.push(minute);
    }
  }
  return raised;
}

const at = (minute: number): Instant => (minute * 60_000) as Instant;

test('a quiet gateway that makes more than thirty calls in a minute raises one alarm, which ends by itself', () => {
  const surges = new Surges();
  assert.deepEqual(minutes(surges, 2, 0, 100), []);
  assert.deepEqual(minutes(surges, 31, 100, 103), [100]);
  assert.deepEqual(surges.now(at(103)), ['core']);
  assert.deepEqual(surges.now(at(108)), []);
  assert.deepEqual(minutes(surges, 31, 110, 111), [110], 'and is raised again');
});

test('a busy gateway’s usual rate is no surge, five times as much is', () => {
  const surges = new Surges();
  minutes(surges, 25, 0, 300);
  assert.deepEqual(minutes(surges, 100, 300, 301), []);
  assert.deepEqual(minutes(surges, 200, 301, 302), [301]);
});

test('after a silence nothing is usual any more', () => {
  const surges = new Surges();
  minutes(surges, 25, 0, 300);
  assert.deepEqual(minutes(surges, 60, 1000, 1001), [1000]);
});

test('each gateway has a rate of its own, and who is gone is forgotten', () => {
  const surges = new Surges();
  minutes(surges, 31, 0, 1, 'a');
  minutes(surges, 20, 0, 1, 'b');
  assert.deepEqual(surges.now(at(1)), ['a']);
  surges.keep(new Set(['b']));
  assert.deepEqual(surges.now(at(1)), []);
});
