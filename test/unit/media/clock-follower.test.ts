/** The tick against a line whose clock is another: two clocks, one elastic buffer in each direction, hours of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../../src/kernel/random.ts';
import { ClockFollower } from '../../../src/media/clock-follower.ts';
import { Counters } from '../../../src/media/counters.ts';
import { TickClock } from '../../../src/media/loop.ts';
import { BLOCK } from '../../../src/rtp/g711.ts';
import { Elastic } from '../../../src/span/elastic.ts';

interface Run {
  /** How far the line's clock runs ahead of the host's, in parts per million, by the hour. */
  readonly ppm: readonly number[];
  readonly follows: boolean;
  /** The driver hands over what came in bursts of so many milliseconds. */
  readonly burst?: number;
  /** In these hours no call is up. */
  readonly silent?: readonly number[];
}

/** Runs an hour for each rate; answers the slips of each, and what the follower had learned at its end. */
function run({ ppm, follows, burst = 4, silent = [] }: Run): { slips: number[]; learned: number[] } {
  const follower = new ClockFollower();
  const clock = new TickClock(0, Counters.fresh(), () => (follows ? follower.ppm : 0));
  const buffer = new Elastic(2);
  buffer.reset(0xff);
  const random = seeded(5);
  const block = new Uint8Array(BLOCK);
  const slips: number[] = [];
  const learned: number[] = [];
  let brought = 0;
  let lineTime = 0;
  let now = 0;
  for (const [hour, rate] of ppm.entries()) {
    const before = buffer.slips;
    const end = (hour + 1) * 3_600_000;
    for (;;) {
      // A host wakes up a little late now and then.
      const wake = clock.due + random.next() * 0.3;
      if (wake >= end) break;
      lineTime += (wake - now) * (1 + rate * 1e-6);
      now = wake;
      clock.begin(now);
      const there = Math.floor((Math.floor(lineTime / burst) * burst) / 20);
      if (silent.includes(hour)) {
        brought = there;
        follower.tick();
        continue;
      }
      for (; brought < there; brought++) buffer.push(block);
      follower.look(buffer.fill);
      buffer.pull(block);
      follower.tick();
    }
    slips.push(buffer.slips - before);
    learned.push(follower.ppm);
  }
  return { slips, learned };
}

test('a host that runs on its own slips once for each block that the clocks drift apart', () => {
  // 50 ppm of an hour are 180 ms: nine blocks, of which the buffer itself takes up to two.
  for (const ppm of [50, -50]) {
    const [slips] = run({ ppm: [ppm], follows: false }).slips;
    assert.ok(slips !== undefined && slips >= 7 && slips <= 10, `${slips} slips at ${ppm} ppm`);
  }
});

for (const ppm of [5, -32, 150]) {
  test(`a tick that follows a line ${ppm} ppm away does not slip, and learns its rate`, () => {
    const { slips, learned } = run({ ppm: [ppm, ppm, ppm], follows: true });
    assert.deepEqual(slips, [0, 0, 0]);
    assert.ok(Math.abs((learned[2] ?? 0) - ppm) <= 60, `${learned} ppm`);
  });
}

test('a clock that wanders with the day’s heat is followed', () => {
  const { slips } = run({ ppm: [10, 25, 40, 30, 5, -15, -30, -10], follows: true });
  assert.deepEqual(slips, [0, 0, 0, 0, 0, 0, 0, 0]);
});

test('a reference without a call is held over: the next call finds the tick as it was learned', () => {
  const { slips, learned } = run({ ppm: [40, 40, 40, 40, 40], follows: true, silent: [3] });
  assert.ok(Math.abs((learned[3] ?? 0) - 40) < 15, `${learned} ppm`);
  assert.ok((slips[4] ?? 9) <= 1, `${slips} slips`);
});

test('a clock that is impossibly far off is followed no further than 200 ppm', () => {
  const { learned } = run({ ppm: [1000], follows: true });
  assert.equal(learned[0], 200);
});

test('another reference begins where the host’s own clock is', () => {
  const follower = new ClockFollower();
  for (let tick = 0; tick < 500; tick++) {
    follower.look(3);
    follower.tick();
  }
  assert.ok(follower.ppm > 100);
  follower.forget();
  assert.equal(follower.ppm, 0);
});
