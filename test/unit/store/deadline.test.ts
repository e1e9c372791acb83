import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ms, seconds, type WallTime } from '../../../src/kernel/time.ts';
import { remaining } from '../../../src/store/deadline.ts';
import { WALL } from './samples.ts';

const stored = { expires: (WALL + 60_000) as WallTime, left: seconds(60), boot: 'one', uptime: 1000 };
const at = (offset: number): WallTime => (WALL + offset) as WallTime;

test('a step of the wall clock within one boot neither fires nor extends a deadline', () => {
  for (const step of [-86_400_000, 0, 86_400_000]) {
    assert.equal(remaining(stored, { boot: 'one', uptime: 11_000 }, at(10_000 + step)), seconds(50));
  }
});

test('after another boot the wall clock decides, and never gives more than there was', () => {
  const boot = { boot: 'two', uptime: 5 };
  assert.equal(remaining(stored, boot, at(20_000)), seconds(40));
  assert.equal(remaining(stored, boot, at(-3_600_000)), seconds(60));
  assert.equal(remaining(stored, boot, at(3_600_000)), ms(0));
});
