import type { Log } from '../kernel/log.ts';
import { after, type Instant, type Millis, seconds } from '../kernel/time.ts';
import type { Reactor, Wakeable } from './reactor.ts';

export interface PeerWatchParts {
  readonly reactor: Reactor;
  readonly log: Log;
  /** Asks a SIP trunk's peer for a sign of life; `done` comes at most once. */
  readonly probe: (trunk: string, done: (alive: boolean) => void) => void;
}

export interface PeerSetting {
  /** SIP trunks whose peers are asked. */
  readonly trunks: readonly string[];
  /** Those of them that are reached over the WAN. */
  readonly acrossWan: readonly string[];
  readonly probeSeconds: number;
  /** How many questions in a row a peer may leave unanswered. */
  readonly misses: number;
}

/**
 * Whether the peers of SIP trunks are there: each is asked in turn. While one across the WAN answers, the WAN is up; with nobody
 * to ask it counts as up, since nothing says otherwise.
 */
export class PeerWatch implements Wakeable {
  readonly #parts: PeerWatchParts;
  #every: Millis = seconds(10);
  #most = 3;
  #next: Instant | undefined;
  /** Unanswered questions in a row. */
  readonly #missed = new Map<string, number>();
  readonly #asked = new Set<string>();
  #acrossWan: readonly string[] = [];
  #wanUp = true;

  constructor(parts: PeerWatchParts) {
    this.#parts = parts;
  }

  get deadline(): Instant | undefined {
    return this.#next;
  }

  get wanUp(): boolean {
    return this.#wanUp;
  }

  /** Peers that have left too many questions unanswered, each with what is known of it. */
  get silent(): ReadonlyMap<string, string> {
    const silent = [...this.#missed].filter(([trunk]) => this.#isSilent(trunk));
    return new Map(silent.map(([trunk, missed]) => [trunk, `has left ${missed} OPTIONS in a row unanswered`]));
  }

  /** Whom to ask from now on; what is known of those that stay is kept. */
  configure({ trunks, acrossWan, probeSeconds, misses }: PeerSetting): void {
    const { reactor } = this.#parts;
    this.#every = seconds(probeSeconds);
    this.#most = misses;
    this.#acrossWan = acrossWan;
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
          this.#heard(trunk, alive);
        }),
      );
    }
  }

  #heard(trunk: string, alive: boolean): void {
    const missed = this.#missed.get(trunk);
    if (missed === undefined) return;
    const was = this.#isSilent(trunk);
    this.#missed.set(trunk, alive ? 0 : missed + 1);
    const { log } = this.#parts;
    if (was && alive) log.info({ trunk }, 'trunk.answers');
    else if (!was && this.#isSilent(trunk)) log.warn({ trunk, missed: missed + 1 }, 'trunk.silent');
    this.#judge();
  }

  #isSilent(trunk: string): boolean {
    return (this.#missed.get(trunk) ?? 0) >= this.#most;
  }

  #judge(): void {
    const up = this.#acrossWan.length === 0 || this.#acrossWan.some((trunk) => !this.#isSilent(trunk));
    if (up === this.#wanUp) return;
    this.#wanUp = up;
    const { log } = this.#parts;
    if (up) log.info({}, 'wan.up');
    else log.warn({ silent: this.#acrossWan }, 'wan.down');
  }
}
