import { after, type Instant, type Millis } from './time.ts';

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
    this.#due.delete(name);
  }

  stopAllBut(kept: ReadonlySet<Name>): void {
    for (const name of this.#due.keys()) if (!kept.has(name)) this.#due.delete(name);
  }

  stopAll(): void {
    this.#due.clear();
  }

  runs(name: Name): boolean {
    return this.#due.has(name);
  }

  /** When the earliest timer is due. */
  get deadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const at of this.#due.values()) if (first === undefined || at < first) first = at;
    return first;
  }

  /** Takes the earliest timer that is due at `now` out of the table; call until it answers undefined. */
  take(now: Instant): Name | undefined {
    let name: Name | undefined;
    let first = Number.POSITIVE_INFINITY;
    for (const [candidate, at] of this.#due) {
      if (at <= now && at < first) {
        first = at;
        name = candidate;
      }
    }
    if (name !== undefined) this.#due.delete(name);
    return name;
  }
}
