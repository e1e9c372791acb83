/** The books of one end of a line: every second goes into its bin, as available or as unavailable time. */
import type { WallTime } from '../kernel/time.ts';
import { type Bin, type BinRecord, Bins, isWhole } from './bins.ts';
import { type Counts, type JudgedSecond, NOTHING, PARAMETERS, type Parameter, sum, UNAVAILABLE } from './second.ts';

/** Ten seconds in a row decide, both ways (T1.231). */
const TEN = 10;

/** A failure of this end: `present` while what leads to it is there, `declared` from its integration to its clearing. */
export interface Failure {
  readonly present: boolean;
  readonly declared: boolean;
}

/** A count that has come to its threshold; once per parameter and bin. */
export interface Crossing {
  readonly parameter: Parameter;
  readonly count: number;
  readonly threshold: number;
  readonly bin: WallTime;
}

export type Thresholds = Readonly<Partial<Record<Parameter, number>>>;

/** A bin as it is shown. */
export interface BinView extends BinRecord {
  /** Of a past bin: all its seconds were counted. The current bin is valid while it has as many as have passed of it. */
  readonly valid: boolean;
}

export interface LedgerView {
  readonly available: boolean;
  readonly current: BinView;
  /** The latest first, at most 96. */
  readonly past: readonly BinView[];
  /** Sum of the past bins: the 24 hours before the current one (RFC 4805, dsx1TotalTable). */
  readonly day: Counts;
}

interface Open {
  readonly bin: Bin;
  readonly judged: JudgedSecond;
}

/**
 * Whether a second is available time is known only up to ten seconds later. Until then it stands beside its bin and is shown as
 * what it would be; so a count never has to be taken back, and no threshold alarm is raised by seconds that come to nothing.
 */
export class Ledger {
  readonly #bins: Bins;
  readonly #thresholds: Thresholds;
  #available = true;
  #counted = NOTHING;
  /** The seconds in a row that speak for a change: severe ones while available, good ones while not. */
  #open: Open[] = [];

  constructor(records: readonly BinRecord[], thresholds: Thresholds) {
    this.#bins = new Bins(records);
    this.#thresholds = thresholds;
  }

  /** All that has been settled since this ledger was begun. */
  get counted(): Counts {
    return this.#counted;
  }

  /**
   * One second has passed. `wall`: its end. `whole` is false when not all was known of it, so that its bin falls short of a second.
   */
  second(judged: JudgedSecond, failure: Failure, wall: WallTime, whole = true): readonly Crossing[] {
    // The second that ends on the stroke belongs to the bin that ends there.
    const bin = this.#bins.at((wall - 1) as WallTime);
    if (whole) bin.seconds++;
    const second = { bin, judged };
    return this.#available ? this.#whileAvailable(second, failure) : this.#whileUnavailable(second, failure);
  }

  /** Unavailable from the first of ten severe seconds, or from the onset of the condition that led to a failure. */
  #whileAvailable(second: Open, failure: Failure): readonly Crossing[] {
    if (!second.judged.severe && !failure.present) {
      const ended = [...this.#open, second];
      this.#open = [];
      return this.#settle(ended, true);
    }
    this.#open.push(second);
    if (this.#open.length < TEN && !failure.declared) return [];
    this.#available = false;
    const run = this.#open;
    this.#open = [];
    return this.#settle(run, false);
  }

  /** Available from the first of ten seconds in a row without a severe one, or of those that cleared the failure if that is later. */
  #whileUnavailable(second: Open, failure: Failure): readonly Crossing[] {
    if (second.judged.severe || failure.present) {
      const ended = [...this.#open, second];
      this.#open = [];
      return this.#settle(ended, false);
    }
    this.#open.push(second);
    if (this.#open.length < TEN || failure.declared) return [];
    this.#available = true;
    const run = this.#open;
    this.#open = [];
    return this.#settle(run, true);
  }

  #settle(seconds: readonly Open[], available: boolean): readonly Crossing[] {
    const bins = new Set<Bin>();
    for (const { bin, judged } of seconds) {
      const counts = available ? judged.counts : UNAVAILABLE;
      bin.add(counts);
      this.#counted = sum(this.#counted, counts);
      bins.add(bin);
    }
    return [...bins].flatMap((bin) => this.#crossings(bin));
  }

  #crossings(bin: Bin): readonly Crossing[] {
    return PARAMETERS.flatMap((parameter) => {
      const threshold = this.#thresholds[parameter];
      const count = bin.settled[parameter];
      if (threshold === undefined || count < threshold || bin.crossed.has(parameter)) return [];
      bin.crossed.add(parameter);
      return [{ parameter, count, threshold, bin: bin.start }];
    });
  }

  /** What is to be stored: the bin of this moment and the one before, into which open seconds may still settle. */
  records(wall: WallTime): readonly BinRecord[] {
    const [last] = this.#bins.before(wall);
    const bins = last === undefined ? [this.#bins.at(wall)] : [last, this.#bins.at(wall)];
    return bins.map((bin) => this.#record(bin));
  }

  view(wall: WallTime): LedgerView {
    const current = this.#record(this.#bins.at(wall));
    const past = this.#bins.before(wall).map((bin) => {
      const record = this.#record(bin);
      return { ...record, valid: isWhole(record.seconds) };
    });
    return {
      available: this.#available,
      current: { ...current, valid: isWhole(current.seconds, Math.floor((wall - current.start) / 1000)) },
      past,
      day: past.reduce((all, { counts }) => sum(all, counts), NOTHING),
    };
  }

  /** Open seconds count as what they are taken for at this moment. */
  #record(bin: Bin): BinRecord {
    const open = this.#open.filter((second) => second.bin === bin);
    const counts = open.reduce(
      (all, { judged }) => sum(all, this.#available ? judged.counts : UNAVAILABLE),
      bin.settled,
    );
    return { start: bin.start, seconds: bin.seconds, counts, crossed: [...bin.crossed] };
  }
}
