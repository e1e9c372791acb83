import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogFields, silent } from '../../../src/kernel/log.ts';
import { Counters, LATENESS_BOUNDS } from '../../../src/media/counters.ts';
import { runNative, TickClock } from '../../../src/media/loop.ts';
import type { Native } from '../../../src/native/native.ts';

test('a late tick does not move those after it', () => {
  const counters = Counters.fresh();
  const clock = new TickClock(1000, counters);
  const dues: number[] = [];
  for (const late of [0, 3, 0.2, 19, 0]) {
    dues.push(clock.due);
    clock.begin(clock.due + late);
  }
  assert.deepEqual(dues, [1020, 1040, 1060, 1080, 1100]);
  const { ticks, overruns, lateness } = counters.read(new Map());
  assert.deepEqual([ticks, overruns], [5, 0]);
  assert.equal(lateness.max, 19);
  assert.ok(Math.abs(lateness.sum - 22.2) < 1e-9);
  const bucket = (late: number): number => lateness.buckets[LATENESS_BOUNDS.findIndex((bound) => late <= bound)] ?? 0;
  assert.deepEqual([bucket(0), bucket(0.2), bucket(3), bucket(19)], [2, 1, 1, 1]);
});

test('ticks that were missed are made up for, so that the streams keep their time', () => {
  const counters = Counters.fresh();
  const clock = new TickClock(0, counters);
  let ticks = 0;
  for (const now = 150; clock.due <= now; ticks++) clock.begin(now);
  assert.equal(ticks, 7);
  assert.equal(clock.due, 160);
  assert.equal(counters.read(new Map()).overruns, 0);
});

test('time that was lost for good is skipped and counted, not raced after', () => {
  const counters = Counters.fresh();
  const clock = new TickClock(0, counters);
  let ticks = 0;
  for (const now = 10_005; clock.due <= now; ticks++) clock.begin(now);
  assert.ok(ticks <= 3, `${ticks} ticks at once`);
  assert.equal(clock.due, 10_020);
  assert.equal(counters.read(new Map()).overruns + ticks, 500);
});

test('slips and lost frames are told by span, and lateness beyond every bound has a place', () => {
  const counters = Counters.fresh();
  counters.setSpan(1, 'slips', 4);
  counters.setSpan(0, 'lost', 7);
  counters.tick(1000);
  const stats = counters.read(
    new Map([
      ['a', 0],
      ['b', 1],
    ]),
  );
  assert.deepEqual(stats.spans, [
    { id: 'a', slips: 0, received: 0, lost: 7, reordered: 0, late: 0, restarts: 0 },
    { id: 'b', slips: 4, received: 0, lost: 0, reordered: 0, late: 0, restarts: 0 },
  ]);
  assert.equal(stats.lateness.buckets.at(-1), 1);
  assert.equal(stats.lateness.buckets.length, LATENESS_BOUNDS.length + 1);
});

test('a box that permits no real-time class says so and goes on', () => {
  const said: string[] = [];
  const note =
    (level: string) =>
    (fields: LogFields, what: string): void => {
      said.push(`${level}: ${what} ${fields.error ?? ''}`);
    };
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  let now = 1000;
  const native: Pick<Native, 'monotonic' | 'sleepUntil' | 'scheduleFifo'> = {
    monotonic: () => now,
    sleepUntil: (at) => {
      now = at + 0.1;
      return 0;
    },
    scheduleFifo: () => ({ ok: false, error: { errno: 1, code: 'EPERM' } }),
  };
  const counters = Counters.fresh();
  const ticks: number[] = [];
  runNative(
    native,
    counters,
    log,
    (at) => ticks.push(at) < 3,
    {
      paced: false,
      between: () => assert.fail('no line wants it'),
    },
    () => 0,
  );
  assert.deepEqual(ticks, [1020.1, 1040.1, 1060.1]);
  assert.equal(counters.read(new Map()).realTime, false);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /^warn: .*without SCHED_FIFO.* EPERM$/);
});

test('a line of a frame per millisecond is served four times in a tick, evenly', () => {
  let now = 1000;
  const native: Pick<Native, 'monotonic' | 'sleepUntil' | 'scheduleFifo'> = {
    monotonic: () => now,
    sleepUntil: (at) => {
      now = Math.max(now, at);
      return 0;
    },
    scheduleFifo: () => ({ ok: true, value: 0 }),
  };
  const at: string[] = [];
  const lines = { paced: true, between: (then: number) => void at.push(`part ${then}`) };
  runNative(
    native,
    Counters.fresh(),
    silent,
    (then) => at.push(`tick ${then}`) < 8,
    lines,
    () => 0,
  );
  const expected = [
    'part 1005',
    'part 1010',
    'part 1015',
    'tick 1020',
    'part 1025',
    'part 1030',
    'part 1035',
    'tick 1040',
  ];
  assert.deepEqual(at, expected);
});
