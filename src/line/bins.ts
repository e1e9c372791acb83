/** Fifteen-minute bins of one end of a line, keyed by wall time (T1.231, RFC 4805). */
import { minutes, type WallTime } from '../kernel/time.ts';
import { type Counts, NOTHING, type Parameter, sum } from './second.ts';

const BIN = minutes(15);
/** Bins of the past that are shown: 24 hours. */
const DAY = 96;
/** Bins that are kept: a day's, and as many again of a clock that was wrong. */
const MOST = 200;
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
  /** It comes from a former life, whose clock may have been right where ours is not yet. */
  readonly stored: boolean;
  seconds: number;
  settled: Counts;

  constructor({ start, seconds, counts, crossed }: BinRecord, stored: boolean) {
    this.start = start;
    this.seconds = seconds;
    this.settled = counts;
    this.crossed = new Set(crossed);
    this.stored = stored;
  }

  add(counts: Counts): void {
    this.settled = sum(this.settled, counts);
  }
}

/** The quarter hour that `wall` is in. */
const binStart = (wall: WallTime): WallTime => (Math.floor(wall / BIN) * BIN) as WallTime;

/** A bin is valid when it has all of the seconds that passed: no restart, no standstill, no step of the clock cut it. */
export const isWhole = (seconds: number, passed = BIN_SECONDS): boolean => Math.abs(seconds - passed) <= TOLERANCE;

/**
 * The bin that is counted and those of the 24 hours before it. The wall clock may step: a bin that is met again goes on, and by
 * its number of seconds it is seen that it is not valid. When the clock has gone back, bins of ours that are further ahead than the
 * next one were dated by a wrong clock, and go. A box without a clock of its own begins in 1970 until the network tells it better:
 * stored bins stay whatever the time is, until so many others have been made.
 */
export class Bins {
  readonly #bins = new Map<WallTime, Bin>();

  constructor(records: readonly BinRecord[]) {
    for (const record of records) this.#bins.set(record.start, new Bin(record, true));
  }

  get size(): number {
    return this.#bins.size;
  }

  /** The bin of this moment. */
  at(wall: WallTime): Bin {
    const start = binStart(wall);
    const found = this.#bins.get(start);
    if (found !== undefined) return found;
    for (const other of this.#bins.values()) {
      if ((!other.stored && other.start > start + BIN) || this.#bins.size >= MOST) this.#bins.delete(other.start);
    }
    const bin = new Bin({ start, seconds: 0, counts: NOTHING, crossed: [] }, false);
    this.#bins.set(start, bin);
    return bin;
  }

  /** The 24 hours before the bin of this moment, the latest first; quarter hours without one are left out. */
  before(wall: WallTime): readonly Bin[] {
    const start = binStart(wall);
    return [...this.#bins.values()]
      .filter((bin) => bin.start < start && bin.start >= start - DAY * BIN)
      .sort((a, b) => b.start - a.start);
  }
}
