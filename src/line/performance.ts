/** Layer-1 performance of a span, both ends: one reading a second goes in, bins come out (T1.231, RFC 4805). */
import type { WallTime } from '../kernel/time.ts';
import type { FarCounters, LineAlarm, LineCounters, LineReading } from '../span/port.ts';
import type { BinRecord } from './bins.ts';
import { type Crossing, type Failure, Ledger, type LedgerView, type Thresholds } from './ledger.ts';
import { type Counts, type Framing, judgeFar, judgeNear } from './second.ts';

export type End = 'near' | 'far';

/** What stands at a T1's thresholds for a quarter hour (T1.231 leaves them to the operator; these are usual in carriers' equipment). */
export const DEFAULT_THRESHOLDS: Thresholds = {
  es: 65,
  ses: 10,
  sefs: 2,
  uas: 10,
  css: 4,
  les: 65,
  lcv: 13_340,
  pcv: 13_296,
};

export interface PerformanceSetup {
  readonly framing: Framing;
  /** Per quarter hour, for each end; what is left out raises nothing. */
  readonly thresholds: Thresholds;
  /** What a former life has counted. */
  readonly stored: Readonly<Record<End, readonly BinRecord[]>>;
}

export interface EndCrossing extends Crossing {
  readonly end: End;
}

export class Performance {
  readonly #framing: Framing;
  readonly #near: Ledger;
  readonly #far: Ledger;
  #last: LineReading | undefined;

  constructor({ framing, thresholds, stored }: PerformanceSetup) {
    this.#framing = framing;
    this.#near = new Ledger(stored.near, thresholds);
    this.#far = new Ledger(stored.far, thresholds);
  }

  /** Nobody looked for a while: what the counters made of it is no second's, and the next reading is where they begin. */
  resume(): void {
    this.#last = undefined;
  }

  /**
   * One second has passed, and the line reads so at its end; undefined where it could not be asked. The first reading is only
   * where the counters begin. `alarms`: all that stood at any moment of the second, for a defect that is gone at its end has
   * spoilt it too. Answers the thresholds that were crossed.
   */
  second(
    reading: LineReading | undefined,
    alarms: readonly LineAlarm[],
    failures: Readonly<Record<End, Failure>>,
    wall: WallTime,
  ): readonly EndCrossing[] {
    const last = this.#last;
    this.#last = reading;
    if (reading === undefined || last === undefined) return [];
    const near = judgeNear({ alarms, ...sinceCounters(last.counters, reading.counters) }, this.#framing);
    const crossed: EndCrossing[] = [];
    for (const crossing of this.#near.second(near, failures.near, wall)) crossed.push({ end: 'near', ...crossing });
    // Who receives no frames hears nothing of the far end: the second is missing from its bin (T1.231, far-end parameters).
    if (alarms.some((alarm) => alarm !== 'RAI')) return crossed;
    const counted = reading.far === undefined || last.far === undefined ? undefined : sinceFar(last.far, reading.far);
    const far = judgeFar({ rai: alarms.includes('RAI'), counted }, this.#framing);
    for (const crossing of this.#far.second(far, failures.far, wall, counted !== undefined)) {
      crossed.push({ end: 'far', ...crossing });
    }
    return crossed;
  }

  /** All that has been counted in this life, whatever the bins; seconds of which it is open what they are stand outside. */
  counted(): Readonly<Record<End, Counts>> {
    return { near: this.#near.counted, far: this.#far.counted };
  }

  /** What is to be stored of this moment. */
  records(wall: WallTime): Readonly<Record<End, readonly BinRecord[]>> {
    return { near: this.#near.records(wall), far: this.#far.records(wall) };
  }

  view(wall: WallTime): Readonly<Record<End, LedgerView>> {
    return { near: this.#near.view(wall), far: this.#far.view(wall) };
  }
}

/** A counter that has fallen began anew, so it counts whole. */
const since = (before: number, now: number): number => (now >= before ? now - before : now);

const sinceFar = (before: FarCounters, now: FarCounters): FarCounters => ({
  pathCode: since(before.pathCode, now.pathCode),
  outOfFrame: since(before.outOfFrame, now.outOfFrame),
  slips: since(before.slips, now.slips),
});

const sinceCounters = (before: LineCounters, now: LineCounters): LineCounters => ({
  ...sinceFar(before, now),
  lineCode: since(before.lineCode, now.lineCode),
});
