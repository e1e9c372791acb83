import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { WallTime } from '../../../src/kernel/time.ts';
import { type BinRecord, Bins } from '../../../src/line/bins.ts';
import { type Failure, Ledger } from '../../../src/line/ledger.ts';
import { Performance } from '../../../src/line/performance.ts';
import {
  type Counts,
  type Framing,
  judgeFar,
  judgeNear,
  type NearSecond,
  NOTHING,
  type Parameter,
} from '../../../src/line/second.ts';
import type { LineReading } from '../../../src/span/port.ts';

const GOOD: NearSecond = { alarms: [], lineCode: 0, pathCode: 0, outOfFrame: 0, slips: 0 };
const CALM: Failure = { present: false, declared: false };

/** Only what is not zero. */
const short = (counts: Counts): Partial<Counts> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));

describe('a second is judged as RFC 4805, Performance Parameters and T1.231 say', () => {
  const rows: readonly [string, Framing, Partial<NearSecond>, Partial<Counts>][] = [
    ['nothing happened', 'esf', {}, {}],
    ['one CRC error is an errored second, not a bursty one', 'esf', { pathCode: 1 }, { es: 1, pcv: 1 }],
    ['two CRC errors are bursty', 'esf', { pathCode: 2 }, { es: 1, bes: 1, pcv: 2 }],
    ['319 CRC errors are not yet severe', 'esf', { pathCode: 319 }, { es: 1, bes: 1, pcv: 319 }],
    ['320 CRC errors are severe', 'esf', { pathCode: 320 }, { es: 1, ses: 1, pcv: 320 }],
    ['a slip is errored and counted, never severe', 'esf', { slips: 3 }, { es: 1, css: 1 }],
    ['bipolar violations alone spoil no second of ESF', 'esf', { lineCode: 9000 }, { les: 1, lcv: 9000 }],
    ['out of frame once is severe', 'esf', { outOfFrame: 1 }, { es: 1, ses: 1, sefs: 1 }],
    ['no burst where framing is lost', 'esf', { outOfFrame: 1, pathCode: 5 }, { es: 1, ses: 1, sefs: 1, pcv: 5 }],
    ['AIS is severe', 'esf', { alarms: ['AIS'] }, { es: 1, ses: 1, sefs: 1 }],
    ['LOS is severe and a line errored second', 'esf', { alarms: ['LOS'] }, { es: 1, ses: 1, sefs: 1, les: 1 }],
    ['RAI is the far end’s trouble', 'esf', { alarms: ['RAI'] }, {}],
    ['D4: seven framing errors are errored only', 'd4', { pathCode: 7 }, { es: 1, pcv: 7 }],
    ['D4: eight are severe', 'd4', { pathCode: 8 }, { es: 1, ses: 1, pcv: 8 }],
    ['D4: a bipolar violation is an errored second', 'd4', { lineCode: 1 }, { es: 1, les: 1, lcv: 1 }],
    ['D4: 1544 of them are severe', 'd4', { lineCode: 1544 }, { es: 1, ses: 1, les: 1, lcv: 1544 }],
    ['E1 with CRC-4: severe from 832', 'crc4', { pathCode: 831 }, { es: 1, pcv: 831 }],
    ['E1 with CRC-4: 832', 'crc4', { pathCode: 832 }, { es: 1, ses: 1, pcv: 832 }],
    ['E1 without CRC: 2047 line code violations', 'fas', { lineCode: 2047 }, { es: 1, les: 1, lcv: 2047 }],
    ['E1 without CRC: 2048', 'fas', { lineCode: 2048 }, { es: 1, ses: 1, les: 1, lcv: 2048 }],
  ];
  for (const [name, framing, second, counts] of rows) {
    test(name, () => assert.deepEqual(short(judgeNear({ ...GOOD, ...second }, framing).counts), counts));
  }

  test('RAI alone makes the far end’s second severe', () => {
    const { counts, severe } = judgeFar({ rai: true, counted: undefined }, 'esf');
    assert.deepEqual([short(counts), severe], [{ es: 1, ses: 1, sefs: 1 }, true]);
  });

  test('the far end’s reports count for it', () => {
    const counted = { pathCode: 400, outOfFrame: 0, slips: 1 };
    assert.deepEqual(short(judgeFar({ rai: false, counted }, 'esf').counts), { es: 1, ses: 1, css: 1, pcv: 400 });
  });
});

/** 2024-03-10T00:00:00Z. */
const MIDNIGHT = 1_710_028_800_000;
const at = (seconds: number): WallTime => (MIDNIGHT + seconds * 1000) as WallTime;

/** A line in letters, a second each: `.` good, `e` one CRC error, `s` severe, `F` severe with its failure declared, `f` failure not cleared yet. */
function run(ledger: Ledger, letters: string, from: number): Parameter[] {
  const crossed: Parameter[] = [];
  [...letters].forEach((letter, i) => {
    const severe = letter === 's' || letter === 'F';
    const pathCode = letter === 'e' ? 1 : 0;
    const judged = judgeNear({ ...GOOD, pathCode, outOfFrame: severe ? 1 : 0 }, 'esf');
    const failure = { present: letter === 'F', declared: letter === 'F' || letter === 'f' };
    for (const { parameter } of ledger.second(judged, failure, at(from + i + 1))) crossed.push(parameter);
  });
  return crossed;
}

function counted(letters: string): Partial<Counts> {
  const ledger = new Ledger([], {});
  run(ledger, letters, 0);
  return short(ledger.view(at(letters.length - 1)).current.counts);
}

describe('ten seconds decide whether time is available', () => {
  const rows: readonly [string, string, Partial<Counts>][] = [
    ['nine severe seconds are available time', `${'s'.repeat(9)}.`, { es: 9, ses: 9, sefs: 9 }],
    ['the tenth makes all ten unavailable', 's'.repeat(10), { uas: 10 }],
    ['errored seconds before the run keep their count', `ee${'s'.repeat(10)}`, { es: 2, pcv: 2, uas: 10 }],
    ['nine good seconds in unavailable time stay unavailable', `${'s'.repeat(10)}${'.'.repeat(9)}s`, { uas: 20 }],
    ['ten good seconds were available from the first', `${'s'.repeat(10)}${'.'.repeat(10)}`, { uas: 10 }],
    ['errors in those ten come back into the books', `${'s'.repeat(10)}${'.'.repeat(8)}ee`, { uas: 10, es: 2, pcv: 2 }],
    ['a failure makes its onset unavailable at once', 'ssF', { uas: 3 }],
    ['a failure still declared keeps time unavailable', `ssFf${'f'.repeat(14)}`, { uas: 18 }],
    ['once cleared, time was available from the first good second', `ssF${'f'.repeat(14)}.`, { uas: 3 }],
    ['two runs of nine do not add up', `${'s'.repeat(9)}.${'s'.repeat(9)}.`, { es: 18, ses: 18, sefs: 18 }],
  ];
  for (const [name, letters, counts] of rows) test(name, () => assert.deepEqual(counted(letters), counts));

  test('every second is in the books exactly once, whatever the line does', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('.', 'e', 's'), { maxLength: 200 }), (line) => {
        const letters = line.join('');
        const ledger = new Ledger([], {});
        run(ledger, letters, 0);
        const { current } = ledger.view(at(Math.max(0, letters.length - 1)));
        assert.equal(current.seconds, letters.length);
        // The simple reading of the rule: unavailable runs from the first of ten severe to before the first of ten good ones.
        let rest = letters;
        let uas = 0;
        let es = 0;
        for (let up = true; rest !== ''; up = !up) {
          const end = rest.search(up ? /s{10}/ : /[.e]{10}/);
          const stretch = end < 0 ? rest : rest.slice(0, end);
          if (up) es += stretch.replaceAll('.', '').length;
          else uas += stretch.length;
          rest = end < 0 ? '' : rest.slice(end);
        }
        assert.deepEqual([current.counts.uas, current.counts.es], [uas, es]);
      }),
      { seed: 4805 },
    );
  });
});

describe('bins', () => {
  test('a run of severe seconds over midnight corrects the bin of yesterday', () => {
    const ledger = new Ledger([], {});
    run(ledger, 's'.repeat(6), -6);
    assert.equal(ledger.view(at(-1)).current.counts.ses, 6);
    run(ledger, 's'.repeat(4), 0);
    const view = ledger.view(at(3));
    assert.deepEqual(short(view.past[0]?.counts ?? NOTHING), { uas: 6 });
    assert.deepEqual(short(view.current.counts), { uas: 4 });
    assert.equal(view.past[0]?.start, at(-900));
  });

  test('ninety-six of the past are kept, and their sum is that of 24 hours', () => {
    const ledger = new Ledger([], {});
    for (let quarter = 0; quarter < 100; quarter++) run(ledger, 'e', quarter * 900);
    const view = ledger.view(at(99 * 900 + 1));
    assert.deepEqual([view.past.length, view.day.es, view.past.at(-1)?.start], [96, 96, at(3 * 900)]);
  });

  test('a bin with all its seconds is valid; one that a restart has cut is not', () => {
    const whole = new Ledger([], {});
    run(whole, '.'.repeat(900), 0);
    assert.equal(whole.view(at(901)).past[0]?.valid, true);
    const first = new Ledger([], {});
    run(first, `e${'.'.repeat(399)}`, 0);
    const second = new Ledger(first.records(at(400)), {});
    run(second, `e${'.'.repeat(470)}`, 429);
    const [bin] = second.view(at(901)).past;
    assert.deepEqual([bin?.seconds, bin?.counts.es, bin?.valid], [871, 2, false]);
  });

  test('a restart that took eight seconds leaves the bin valid', () => {
    const first = new Ledger([], {});
    run(first, '.'.repeat(400), 0);
    const second = new Ledger(first.records(at(400)), {});
    run(second, '.'.repeat(492), 408);
    assert.equal(second.view(at(901)).past[0]?.valid, true);
  });

  test('a clock that leaps ahead leaves gaps and a short bin', () => {
    const ledger = new Ledger([], {});
    run(ledger, 'e'.repeat(100), 0);
    run(ledger, 'e', 7200);
    const view = ledger.view(at(7201));
    assert.deepEqual(
      view.past.map(({ start, valid }) => [start, valid]),
      [[at(0), false]],
    );
  });

  test('a clock that goes back takes its bin up again, and the bin is not valid', () => {
    const ledger = new Ledger([], {});
    run(ledger, '.'.repeat(900), 0);
    run(ledger, 'e'.repeat(60), 900);
    run(ledger, 'e'.repeat(60), 600);
    assert.equal(ledger.view(at(659)).current.counts.es, 60);
    run(ledger, '.'.repeat(900), 900);
    const view = ledger.view(at(1800));
    assert.deepEqual(
      view.past.map(({ start, seconds, counts, valid }) => [start, seconds, counts.es, valid]),
      [
        [at(900), 960, 60, false],
        [at(0), 960, 60, false],
      ],
    );
  });

  test('a box that begins in 1970 has its day again when the network tells it the time', () => {
    const before = new Ledger([], {});
    for (let quarter = 0; quarter < 96; quarter++) run(before, 'e', quarter * 900);
    const stored = before.view(at(96 * 900)).past.toSorted((a, b) => a.start - b.start);
    const again = new Ledger(stored, {});
    run(again, '..', -MIDNIGHT / 1000);
    run(again, '.', 96 * 900 + 60);
    assert.deepEqual([again.view(at(96 * 900 + 61)).past.length, again.view(at(96 * 900 + 61)).day.es], [96, 96]);
  });

  test('a clock that jumps about leaves no more than two hundred bins', () => {
    const bins = new Bins([]);
    for (let day = 0; day < 1000; day++) bins.at(at(day * 86_400));
    assert.equal(bins.size, 200);
  });

  test('a clock that is set back inside a bin makes it invalid at once, and it stays so', () => {
    const ledger = new Ledger([], {});
    run(ledger, '.'.repeat(600), 0);
    assert.equal(ledger.view(at(600)).current.valid, true);
    run(ledger, '.', 300);
    assert.equal(ledger.view(at(301)).current.valid, false);
    run(ledger, '.'.repeat(599), 301);
    assert.equal(ledger.view(at(901)).past[0]?.valid, false);
  });

  test('bins dated by a clock a year ahead are gone when it is right again', () => {
    const ledger = new Ledger([], {});
    run(ledger, 'e'.repeat(10), 365 * 86_400);
    run(ledger, '.', 0);
    const later = ledger.view(at(365 * 86_400 + 1800));
    assert.equal(later.day.es, 0);
  });
});

describe('thresholds', () => {
  test('a crossing is told once in a bin, and again in the next', () => {
    const ledger = new Ledger([], { es: 3 });
    assert.deepEqual(run(ledger, 'eeeeee', 0), ['es']);
    assert.deepEqual(run(ledger, 'eeee', 900), ['es']);
  });

  test('a restart does not tell it again', () => {
    const ledger = new Ledger([], { es: 3 });
    run(ledger, 'eee', 0);
    assert.deepEqual(run(new Ledger(ledger.records(at(3)), { es: 3 }), 'ee', 10), []);
  });

  test('seconds that turn out unavailable raise no alarm of errored seconds', () => {
    const ledger = new Ledger([], { ses: 5, uas: 10 });
    assert.deepEqual(run(ledger, 's'.repeat(10), 0), ['uas']);
  });

  test('severe seconds that stay available do', () => {
    assert.deepEqual(run(new Ledger([], { ses: 5 }), 'sssssss.', 0), ['ses']);
  });
});

describe('a span’s performance', () => {
  const reading = (over: Partial<LineReading>, counters: Partial<LineReading['counters']> = {}): LineReading => ({
    alarms: [],
    counters: { lineCode: 0, pathCode: 0, outOfFrame: 0, slips: 0, ...counters },
    far: undefined,
    loopback: undefined,
    ...over,
  });
  const performance = (stored: Readonly<Record<'near' | 'far', readonly BinRecord[]>> = { near: [], far: [] }) =>
    new Performance({ framing: 'esf', thresholds: {}, stored });
  const calm = { near: CALM, far: CALM };

  test('counters that ran before us count nothing; one that falls back counts from zero', () => {
    const line = performance();
    line.second(reading({}, { pathCode: 5000 }), [], calm, at(1));
    line.second(reading({}, { pathCode: 5007 }), [], calm, at(2));
    line.second(reading({}, { pathCode: 2 }), [], calm, at(3));
    assert.deepEqual(short(line.view(at(3)).near.current.counts), { es: 2, bes: 2, pcv: 9 });
  });

  test('a second in which the line could not be asked is missing from its bin', () => {
    const line = performance();
    for (const [second, known] of [true, true, false, true, true].entries()) {
      line.second(known ? reading({}) : undefined, [], calm, at(second + 1));
    }
    // The first reading of each stretch is where the counters begin.
    assert.equal(line.view(at(5)).near.current.seconds, 2);
  });

  test('a far end that reports nothing has bins that are not valid, and RAI counts in them', () => {
    const line = performance();
    for (let second = 0; second < 30; second++) line.second(reading({}), ['RAI'], calm, at(second + 1));
    const { far } = line.view(at(30));
    assert.deepEqual([far.current.counts.uas, far.current.seconds, far.current.valid], [29, 0, false]);
  });
});
