/** Floods: a token bucket per source, and bans that grow. A source is whoever calls it so; what may be charged to it is the caller's to prove. */
import { after, type Instant, type Millis, minutes, ms } from '../kernel/time.ts';

export interface FloodLimits {
  /** Messages that a source may send, in the long run and at once. */
  readonly perSecond: number;
  readonly burst: number;
  /** What a failed digest counts, in messages. */
  readonly failedDigest: number;
  readonly firstBan: Millis;
  readonly longestBan: Millis;
  /** Sources remembered at once; beyond them the one that was heard longest ago is forgotten. */
  readonly sources: number;
}

/** Bans grow from the last one, unless the source has behaved for so long since. */
const FORGIVEN = minutes(60);

interface Row {
  tokens: number;
  at: Instant;
  bannedUntil: Instant | undefined;
  /** The last ban; 0: none yet. */
  period: Millis;
}

/** Since the start, save for `banned` and `sources`. */
export interface FloodCounts {
  readonly sources: number;
  readonly banned: number;
  readonly bans: number;
  readonly dropped: number;
}

/** The buckets of all sources, filled as time passes and looked at only when a message comes. */
export class FloodGuard {
  #limits: FloodLimits;
  /** In the order in which they were last charged. */
  readonly #rows = new Map<string, Row>();
  #bans = 0;
  #dropped = 0;

  constructor(limits: FloodLimits) {
    this.#limits = limits;
  }

  configure(limits: FloodLimits): void {
    this.#limits = limits;
  }

  get failedDigest(): number {
    return this.#limits.failedDigest;
  }

  counts(now: Instant): FloodCounts {
    let banned = 0;
    for (const { bannedUntil } of this.#rows.values()) if (bannedUntil !== undefined && bannedUntil > now) banned++;
    return { sources: this.#rows.size, banned, bans: this.#bans, dropped: this.#dropped };
  }

  isBanned(source: string, now: Instant): boolean {
    const until = this.#rows.get(source)?.bannedUntil;
    return until !== undefined && until > now;
  }

  /** A message of a banned source was not read. */
  drop(): void {
    this.#dropped++;
  }

  /**
   * Takes `cost` messages out of the source's bucket. Answers how long it is banned if that was too much; a source that is
   * `spared` gets a full bucket instead.
   */
  charge(source: string, cost: number, now: Instant, spared: () => boolean): Millis | undefined {
    const { perSecond, burst, firstBan, longestBan } = this.#limits;
    const row = this.#rows.get(source) ?? { tokens: burst, at: now, bannedUntil: undefined, period: ms(0) };
    this.#rows.delete(source);
    this.#rows.set(source, row);
    this.#forget();
    row.tokens = Math.min(burst, row.tokens + ((now - row.at) * perSecond) / 1000) - cost;
    row.at = now;
    if (row.tokens >= 0 || (row.bannedUntil !== undefined && row.bannedUntil > now)) return undefined;
    row.tokens = burst;
    if (spared()) return undefined;
    const old = row.bannedUntil === undefined || now > after(row.bannedUntil, FORGIVEN);
    row.period = ms(Math.min(longestBan, old ? firstBan : 2 * row.period));
    row.bannedUntil = after(now, row.period);
    this.#bans++;
    return row.period;
  }

  #forget(): void {
    for (const source of this.#rows.keys()) {
      if (this.#rows.size <= this.#limits.sources) return;
      this.#rows.delete(source);
    }
  }
}
