import { after, type Instant, type Millis } from './time.ts';

/** When a stopped timer is due. It keeps its row: tables whose rows come and go cost three times as much. */
const NEVER = Number.POSITIVE_INFINITY as Instant;

/**
 * A machine's named timers: a table in its state, never callbacks. The machine sets and stops them while it handles an
 * event, and in `wake` takes the due ones in the order of their deadlines.
 */
export class Timers<Name extends string> {
  readonly #due = new Map<Name, Instant>();

  /** Starts `name`, or starts it again. */
  start(name: Name, now: Instant, wait: Millis): void {
    this.#due.set(name, after(now, wait));
  }

  stop(name: Name): void {
    if (this.#due.has(name)) this.#due.set(name, NEVER);
  }

  /** Stops what runs, save the timers named. */
  stopAllBut(kept: ReadonlySet<Name>): void {
    for (const name of this.#due.keys()) if (!kept.has(name)) this.#due.set(name, NEVER);
  }

  stopAll(): void {
    this.#due.clear();
  }

  runs(name: Name): boolean {
    return (this.#due.get(name) ?? NEVER) !== NEVER;
  }

  /** When the earliest timer is due. */
  get deadline(): Instant | undefined {
    let first = NEVER;
    for (const at of this.#due.values()) if (at < first) first = at;
    return first === NEVER ? undefined : first;
  }

  /** Takes the earliest timer that is due at `now` out of the table; call until it answers undefined. */
  take(now: Instant): Name | undefined {
    let name: Name | undefined;
    let first = NEVER;
    for (const [candidate, at] of this.#due) {
      if (at <= now && at < first) {
        first = at;
        name = candidate;
      }
    }
    if (name !== undefined) this.stop(name);
    return name;
  }
}
