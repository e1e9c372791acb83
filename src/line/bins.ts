/** Fifteen-minute bins of one end of a line, keyed by wall time (T1.231, RFC 4805). */
import { minutes, type WallTime } from '../kernel/time.ts';
import { type Counts, NOTHING, type Parameter, sum } from './second.ts';

const BIN = minutes(15);
/** Bins of the past: 24 hours. */
const KEPT = 96;
const BIN_SECONDS = 900;
/** By how many seconds a bin may be short or long and still be valid (T1.231). */
const TOLERANCE = 10;

/** What is stored of a bin. */
export interface BinRecord {
  /** A quarter hour of UTC, so that midnight of every time zone begins a bin. */
  readonly start: WallTime;
  /** Seconds that were really looked at. */
  readonly seconds: number;
  readonly counts: Counts;
  /** Parameters that have crossed their threshold in it. */
  readonly crossed: readonly Parameter[];
}

/** One bin while it is counted. Seconds of which it is open whether they are available time stand outside of `settled`. */
export class Bin {
  readonly start: WallTime;
  readonly crossed: Set<Parameter>;
  seconds: number;
  settled: Counts;

  constructor({ start, seconds, counts, crossed }: BinRecord) {
    this.start = start;
    this.seconds = seconds;
    this.settled = counts;
    this.crossed = new Set(crossed);
  }

  add(counts: Counts): void {
    this.settled = sum(this.settled, counts);
  }
}

/** The quarter hour that `wall` is in. */
export const binStart = (wall: WallTime): WallTime => (Math.floor(wall / BIN) * BIN) as WallTime;

/** A bin of the past is valid when it has all of its seconds: no restart, no standstill, no step of the clock cut it. */
export const isWhole = (seconds: number): boolean => Math.abs(seconds - BIN_SECONDS) <= TOLERANCE;

/**
 * The bin that is counted and those of the 24 hours before it. The wall clock may step: a bin that is met again goes on, and by
 * its number of seconds it is seen that it is not valid. Bins further ahead than the next one were dated by a wrong clock, and go.
 */
export class Bins {
  readonly #bins = new Map<WallTime, Bin>();

  constructor(records: readonly BinRecord[]) {
    for (const record of records) this.#bins.set(record.start, new Bin(record));
  }

  /** The bin of this moment; what is out of its 24 hours is forgotten. */
  at(wall: WallTime): Bin {
    const start = binStart(wall);
    const found = this.#bins.get(start);
    if (found !== undefined) return found;
    for (const other of this.#bins.keys()) {
      if (other < start - KEPT * BIN || other > start + BIN) this.#bins.delete(other);
    }
    const bin = new Bin({ start, seconds: 0, counts: NOTHING, crossed: [] });
    this.#bins.set(start, bin);
    return bin;
  }

  /** The 24 hours before the bin of this moment, the latest first; quarter hours without one are left out. */
  before(wall: WallTime): readonly Bin[] {
    const start = binStart(wall);
    return [...this.#bins.values()]
      .filter((bin) => bin.start < start && bin.start >= start - KEPT * BIN)
      .sort((a, b) => b.start - a.start);
  }
}
