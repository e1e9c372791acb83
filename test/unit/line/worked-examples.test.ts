/**
 * Stretches of a line with their counts worked out by hand from RFC 4805 (Performance Parameters) and T1.231, and a seeded line of
 * bursts held against the rules as they are read from the whole of it at once.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seeded } from '../../../src/kernel/random.ts';
import type { WallTime } from '../../../src/kernel/time.ts';
import type { Failure } from '../../../src/line/ledger.ts';
import { Performance } from '../../../src/line/performance.ts';
import { type Counts, type Framing, NOTHING, type Parameter } from '../../../src/line/second.ts';
import type { FarCounters, LineAlarm, LineCounters } from '../../../src/span/port.ts';

/** One second: what is counted in it at both ends, and the alarms that stand in it. Zero where nothing is said. */
interface Second extends Partial<LineCounters> {
  readonly far?: Partial<FarCounters>;
  readonly alarms?: readonly LineAlarm[];
  /** Nobody looked for so many seconds; what is counted fell into them all. */
  readonly slept?: number;
}

/** So many seconds alike. */
type Stretch = readonly [number, Second?];

/** 2024-03-10T00:00:00Z. */
const MIDNIGHT = 1_710_028_800_000;
const CALM: Failure = { present: false, declared: false };
const DEFECTS: readonly LineAlarm[] = ['LOS', 'LOF', 'AIS'];

/** A framer whose counters run on, and a clock that begins so many seconds after midnight. */
class Line {
  readonly #performance: Performance;
  readonly #near = { lineCode: 0, pathCode: 0, outOfFrame: 0, slips: 0 };
  readonly #far = { pathCode: 0, outOfFrame: 0, slips: 0 };
  wall: number;

  constructor(from: number, framing: Framing = 'esf') {
    this.wall = MIDNIGHT + from * 1000;
    this.#performance = new Performance({ framing, thresholds: {}, stored: { near: [], far: [] } });
    // The first reading is where the counters begin.
    this.#look([]);
  }

  pass(...stretches: readonly Stretch[]): this {
    for (const [times, second = {}] of stretches) for (let n = 0; n < times; n++) this.#second(second);
    return this;
  }

  #second({ far = {}, alarms = [], slept = 0, ...near }: Second): void {
    for (const name of ['lineCode', 'pathCode', 'outOfFrame', 'slips'] as const) this.#near[name] += near[name] ?? 0;
    for (const name of ['pathCode', 'outOfFrame', 'slips'] as const) this.#far[name] += far[name] ?? 0;
    this.wall += 1000 * (1 + slept);
    if (slept > 0) this.#performance.resume();
    this.#look(alarms);
  }

  #look(alarms: readonly LineAlarm[]): void {
    const reading = { alarms, counters: { ...this.#near }, far: { ...this.#far }, loopback: undefined };
    const present = alarms.some((alarm) => DEFECTS.includes(alarm));
    const failures = { near: { ...CALM, present }, far: { ...CALM, present: alarms.includes('RAI') } };
    this.#performance.second(reading, alarms, failures, this.wall as WallTime);
  }

  view() {
    return this.#performance.view(this.wall as WallTime);
  }
}

const short = (counts: Counts = NOTHING): Partial<Counts> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));

const BAD: Second = { pathCode: 400 };

describe('counts worked out by hand', () => {
  interface Example {
    readonly name: string;
    /** Seconds after midnight at which the line begins. */
    readonly from?: number;
    readonly framing?: Framing;
    readonly line: readonly Stretch[];
    /** Of the bin before the last one. */
    readonly before?: Partial<Counts>;
    readonly now: Partial<Counts>;
    readonly far?: Partial<Counts>;
  }
  const examples: readonly Example[] = [
    {
      name: 'nine severe seconds are available time, with every violation: 9 × 400',
      line: [[5], [9, BAD], [5]],
      now: { es: 9, ses: 9, pcv: 3600 },
    },
    {
      name: 'ten are unavailable time, and of it nothing else is counted: no violations, no slips',
      line: [[5], [10, { ...BAD, lineCode: 30, slips: 1 }], [10]],
      now: { uas: 10 },
    },
    {
      name: 'an errored second before the ten and one after them are available time',
      line: [[1, { pathCode: 3 }], [12, BAD], [4], [1, { pathCode: 5 }], [5]],
      now: { uas: 12, es: 2, bes: 2, pcv: 8 },
    },
    {
      name: 'nine good seconds between two runs of ten are unavailable time too: 10 + 9 + 10',
      line: [[10, BAD], [9], [10, BAD], [10]],
      now: { uas: 29 },
    },
    {
      name: 'a severe second in the tenth place begins the ten good seconds anew',
      line: [
        [10, BAD],
        [9, { pathCode: 1 }],
        [1, BAD],
        [10, { pathCode: 1 }],
      ],
      now: { uas: 20, es: 10, pcv: 10 },
    },
    {
      name: 'over midnight: nine severe seconds stay where they fell, five and four',
      from: -5,
      line: [[9, BAD], [1]],
      before: { es: 5, ses: 5, pcv: 2000 },
      now: { es: 4, ses: 4, pcv: 1600 },
    },
    {
      name: 'over midnight: the tenth takes back what yesterday was told',
      from: -6,
      line: [[12, BAD]],
      before: { uas: 6 },
      now: { uas: 6 },
    },
    {
      name: 'over midnight: available time that is known only today began yesterday',
      from: -13,
      line: [[10, BAD], [2, { pathCode: 1 }], [8]],
      before: { uas: 10, es: 2, pcv: 2 },
      now: {},
    },
    {
      name: 'slips spoil seconds and make none severe',
      line: [[20, { slips: 2 }]],
      now: { es: 20, css: 20 },
    },
    {
      name: 'bipolar violations on ESF are the line’s, not the path’s',
      line: [[20, { lineCode: 2000 }]],
      now: { les: 20, lcv: 40_000 },
    },
    {
      name: 'D4: seven framing errors a second spoil, eight are severe, 1544 bipolar violations too',
      framing: 'd4',
      line: [[3, { pathCode: 7 }], [2, { pathCode: 8 }], [1, { lineCode: 1543 }], [1, { lineCode: 1544 }], [1]],
      now: { es: 7, ses: 3, pcv: 37, les: 2, lcv: 3087 },
    },
    {
      name: 'what the far end reports is judged alike: 11 severe, a slip in available time',
      line: [[1, { far: { slips: 1 } }], [11, { far: { pathCode: 320 } }], [10]],
      now: {},
      far: { es: 1, css: 1, uas: 11 },
    },
    {
      name: 'RAI of nine seconds: the far end is out of frame',
      line: [[9, { alarms: ['RAI'] }], [1]],
      now: {},
      far: { es: 9, ses: 9, sefs: 9 },
    },
    {
      name: 'out of frame once in a second, for six seconds',
      line: [[6, { outOfFrame: 1, pathCode: 3 }], [1]],
      now: { es: 6, ses: 6, sefs: 6, pcv: 18 },
    },
    {
      name: 'AIS for six seconds has no path code; LOS for two more spoils the line too',
      line: [[6, { alarms: ['AIS'] }], [2, { alarms: ['LOS'] }], [1]],
      now: { es: 8, ses: 8, sefs: 8, les: 2 },
    },
  ];
  for (const { name, from = 0, framing, line, before, now, far } of examples) {
    test(name, () => {
      const view = new Line(from, framing).pass(...line).view();
      assert.deepEqual(short(view.near.current.counts), now);
      if (before !== undefined) assert.deepEqual(short(view.near.past[0]?.counts), before);
      if (far !== undefined) assert.deepEqual(short(view.far.current.counts), far);
    });
  }

  test('while we receive no frames nothing is known of the far end: its seconds are missing', () => {
    const { near, far } = new Line(0).pass([20, { alarms: ['LOS', 'RAI'] }], [5]).view();
    assert.deepEqual([near.current.seconds, short(near.current.counts)], [25, { uas: 25 }]);
    assert.deepEqual([far.current.seconds, short(far.current.counts), far.current.valid], [5, {}, false]);
  });

  test('seconds that were slept through are missing, and what was counted in them is no single second’s', () => {
    const { near } = new Line(0).pass([10], [1, { pathCode: 500, slept: 4 }], [10]).view();
    assert.deepEqual([near.current.seconds, short(near.current.counts)], [20, {}]);
  });
});

test('a seeded line of bursts gives what the rules give when they are read from all of it at once', () => {
  const random = seeded(1231);
  const pick = (most: number): number => Math.floor(random.next() * most);
  const kinds: readonly (() => Second)[] = [
    () => ({}),
    () => ({ pathCode: 1 + pick(319), lineCode: pick(3) }),
    () => ({ pathCode: 320 + pick(300), slips: pick(2) }),
    () => ({ slips: 1 }),
    () => ({ outOfFrame: 1 }),
    () => ({ lineCode: 1 + pick(2000) }),
  ];
  const seconds: Second[] = [];
  while (seconds.length < 3600) {
    const kind = kinds[pick(kinds.length)] ?? (() => ({}));
    const length = 1 + pick(14);
    for (let n = 0; n < length && seconds.length < 3600; n++) seconds.push(kind());
  }
  const severe = seconds.map(({ pathCode = 0, outOfFrame = 0 }) => (pathCode >= 320 || outOfFrame > 0 ? 's' : '.'));
  // Unavailable: from the first of ten severe seconds to before the first of ten that are not.
  const unavailable = severe.join('').replaceAll(/s{10}.*?(?=[.]{10}|$)/g, (run) => 'u'.repeat(run.length));
  const expected = [0, 1, 2, 3].map(() => ({ ...NOTHING }) as Record<Parameter, number>);
  seconds.forEach(({ pathCode = 0, lineCode = 0, outOfFrame = 0, slips = 0 }, i) => {
    const bin = expected[Math.floor(i / 900)] ?? { ...NOTHING };
    if (unavailable[i] === 'u') {
      bin.uas++;
      return;
    }
    if (pathCode > 0 || outOfFrame > 0 || slips > 0) bin.es++;
    if (severe[i] === 's') bin.ses++;
    if (outOfFrame > 0) bin.sefs++;
    if (slips > 0) bin.css++;
    if (pathCode > 1 && pathCode < 320) bin.bes++;
    if (lineCode > 0) bin.les++;
    bin.lcv += lineCode;
    bin.pcv += pathCode;
  });
  const line = new Line(0).pass(...seconds.map((second): Stretch => [1, second]), [1]);
  const { near } = line.view();
  assert.deepEqual(near.past.map(({ counts }) => counts).reverse(), expected);
  assert.ok(
    near.past.every(({ valid, counts }) => valid && counts.uas > 50 && counts.es > 200),
    'the line is varied',
  );
});
