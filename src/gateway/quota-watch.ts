import { after, earlier, type Instant, ms } from '../kernel/time.ts';
import { type Quota, type Spent, spentIn } from '../routing/permissions.ts';
import type { Reactor, Wakeable } from './reactor.ts';

export interface QuotaWatchParts {
  readonly reactor: Reactor;
  readonly spent: () => ReadonlyMap<string, Spent>;
  readonly quotaOf: (user: string) => Quota | undefined;
  /** `2026-11-21`, by the site's clock. */
  readonly today: () => string;
  readonly end: (call: string) => void;
}

interface Talk {
  readonly user: string;
  readonly since: Instant;
}

/**
 * Ends calls whose user has no minutes left, where his quota wants that. All that he talks in at once is counted, so that two calls
 * spend his minutes twice as fast.
 */
export class QuotaWatch implements Wakeable {
  readonly #parts: QuotaWatchParts;
  readonly #talks = new Map<string, Talk>();
  #deadline: Instant | undefined;

  constructor(parts: QuotaWatchParts) {
    this.#parts = parts;
  }

  get deadline(): Instant | undefined {
    return this.#deadline;
  }

  answered(call: string, user: string): void {
    this.#talks.set(call, { user, since: this.#parts.reactor.clock.now() });
    this.#plan();
  }

  ended(call: string): void {
    if (this.#talks.delete(call)) this.#plan();
  }

  wake(now: Instant): void {
    const over = [...this.#talks].filter(([, { user }]) => this.#runsOut(user, now) === now);
    for (const [call] of over) {
      this.#talks.delete(call);
      this.#parts.end(call);
    }
    this.#plan();
  }

  #plan(): void {
    const { reactor } = this.#parts;
    const now = reactor.clock.now();
    this.#deadline = undefined;
    for (const user of new Set([...this.#talks.values()].map((talk) => talk.user))) {
      this.#deadline = earlier(this.#deadline, this.#runsOut(user, now));
    }
    reactor.watch(this);
  }

  /** When the user's minutes end if he goes on like this: `now` where they have; undefined where nothing ends them. */
  #runsOut(user: string, now: Instant): Instant | undefined {
    const { quotaOf, spent, today } = this.#parts;
    const quota = quotaOf(user);
    if (quota?.minutes === undefined || quota.cutOff !== true) return undefined;
    const his = [...this.#talks.values()].filter((talk) => talk.user === user);
    const talking = his.reduce((sum, { since }) => sum + (now - since), 0);
    const booked = spentIn(spent().get(user), quota.per, today()).seconds * 1000;
    const left = quota.minutes * 60_000 - booked - talking;
    return left <= 0 ? now : after(now, ms(Math.ceil(left / his.length)));
  }
}
