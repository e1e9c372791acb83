import type { Log } from '../kernel/log.ts';
import { after, type Instant, type Millis, seconds } from '../kernel/time.ts';
import type { Reactor, Wakeable } from './reactor.ts';

export interface WanWatchParts {
  readonly reactor: Reactor;
  readonly log: Log;
  /** Asks a SIP trunk's peer for a sign of life; `done` comes at most once. */
  readonly probe: (trunk: string, done: (alive: boolean) => void) => void;
}

export interface WanSetting {
  /** SIP trunks whose peers are reached over the WAN. */
  readonly trunks: readonly string[];
  readonly probeSeconds: number;
  /** How many questions in a row a peer may leave unanswered. */
  readonly misses: number;
}

/**
 * Whether anything beyond the branch can be reached: peers across the WAN are asked in turn, and while one of them answers it is up.
 * With nobody to ask it counts as up, since nothing says otherwise.
 */
export class WanWatch implements Wakeable {
  readonly #parts: WanWatchParts;
  #every: Millis = seconds(10);
  #most = 3;
  #next: Instant | undefined;
  /** Unanswered questions in a row. */
  readonly #missed = new Map<string, number>();
  readonly #asked = new Set<string>();
  #up = true;

  constructor(parts: WanWatchParts) {
    this.#parts = parts;
  }

  get deadline(): Instant | undefined {
    return this.#next;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Whom to ask from now on; what is known of those that stay is kept. */
  configure({ trunks, probeSeconds, misses }: WanSetting): void {
    const { reactor } = this.#parts;
    this.#every = seconds(probeSeconds);
    this.#most = misses;
    for (const trunk of this.#missed.keys()) if (!trunks.includes(trunk)) this.#missed.delete(trunk);
    for (const trunk of trunks) if (!this.#missed.has(trunk)) this.#missed.set(trunk, 0);
    this.#next = trunks.length === 0 ? undefined : reactor.clock.now();
    this.#judge();
    reactor.watch(this);
  }

  wake(now: Instant): void {
    const { reactor, probe } = this.#parts;
    this.#next = after(now, this.#every);
    for (const trunk of this.#missed.keys()) {
      if (this.#asked.has(trunk)) continue;
      this.#asked.add(trunk);
      probe(trunk, (alive) =>
        reactor.run(() => {
          this.#asked.delete(trunk);
          if (alive) this.alive(trunk);
          else this.#miss(trunk);
        }),
      );
    }
  }

  /** Its peer has answered something. */
  alive(trunk: string): void {
    if (!this.#missed.has(trunk)) return;
    this.#missed.set(trunk, 0);
    this.#judge();
  }

  #miss(trunk: string): void {
    const missed = this.#missed.get(trunk);
    if (missed === undefined) return;
    this.#missed.set(trunk, missed + 1);
    this.#judge();
  }

  #judge(): void {
    const counts = [...this.#missed.values()];
    const up = counts.length === 0 || counts.some((missed) => missed < this.#most);
    if (up === this.#up) return;
    this.#up = up;
    const { log } = this.#parts;
    if (up) log.info({}, 'wan.up');
    else log.warn({ silent: [...this.#missed.keys()] }, 'wan.down');
  }
}
