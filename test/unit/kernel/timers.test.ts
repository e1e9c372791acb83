import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Instant, ms } from '../../../src/kernel/time.ts';
import { Timers } from '../../../src/kernel/timers.ts';

const at = (n: number): Instant => n as Instant;

test('timers that are due are taken in the order of their deadlines, each once, and not before', () => {
  const timers = new Timers<'A' | 'B' | 'C'>();
  timers.start('A', at(0), ms(30));
  timers.start('B', at(0), ms(10.5));
  timers.start('C', at(0), ms(20));
  assert.equal(timers.deadline, 10.5);
  assert.equal(timers.take(at(10)), undefined);
  assert.deepEqual([timers.take(at(25)), timers.take(at(25)), timers.take(at(25))], ['B', 'C', undefined]);
  assert.equal(timers.deadline, 30);
  assert.equal(timers.runs('B'), false);
});

test('a timer started again runs anew from then, and a stopped one is never due', () => {
  const timers = new Timers<'A' | 'B'>();
  timers.start('A', at(0), ms(10));
  timers.start('A', at(8), ms(10));
  timers.start('B', at(0), ms(1));
  timers.stop('B');
  assert.equal(timers.take(at(17)), undefined);
  assert.equal(timers.take(at(18)), 'A');
  assert.equal(timers.deadline, undefined);
  timers.start('B', at(20), ms(1));
  assert.equal(timers.take(at(21)), 'B');
});

test('only what is named outlasts stopAllBut, and nothing outlasts stopAll', () => {
  const timers = new Timers<'A' | 'B'>();
  timers.stop('A');
  assert.equal(timers.runs('A'), false);
  timers.start('A', at(0), ms(1));
  timers.start('B', at(0), ms(2));
  timers.stopAllBut(new Set(['B'] as const));
  assert.deepEqual([timers.runs('A'), timers.runs('B')], [false, true]);
  timers.stopAll();
  assert.equal(timers.deadline, undefined);
  assert.equal(timers.take(at(100)), undefined);
});
