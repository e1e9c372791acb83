import { after, type Instant, type Millis } from './time.ts';

/** When a stopped timer is due. It keeps its row, to be found again at its next start. */
const NEVER = Number.POSITIVE_INFINITY as Instant;

/**
 * A machine's named timers: a table in its state, never callbacks. The machine sets and stops them while it handles an
 * event, and in `wake` takes the due ones in the order of their deadlines. A machine has a handful of names, among which
 * going through a short list is quicker than hashing.
 */
export class Timers<Name extends string> {
  readonly #names: Name[] = [];
  /** When the timer of the same place in `#names` is due. */
  readonly #due: Instant[] = [];

  /** Starts `name`, or starts it again. */
  start(name: Name, now: Instant, wait: Millis): void {
    const row = this.#row(name);
    if (row >= 0) this.#due[row] = after(now, wait);
    else {
      this.#names.push(name);
      this.#due.push(after(now, wait));
    }
  }

  stop(name: Name): void {
    const row = this.#row(name);
    if (row >= 0) this.#due[row] = NEVER;
  }

  /** Stops what runs, save the timers named. */
  stopAllBut(kept: ReadonlySet<Name>): void {
    for (let row = 0; row < this.#names.length; row++) {
      const name = this.#names[row];
      if (name !== undefined && this.#due[row] !== NEVER && !kept.has(name)) this.#due[row] = NEVER;
    }
  }

  stopAll(): void {
    for (let row = 0; row < this.#due.length; row++) this.#due[row] = NEVER;
  }

  runs(name: Name): boolean {
    return (this.#due[this.#row(name)] ?? NEVER) !== NEVER;
  }

  /** When the earliest timer is due. */
  get deadline(): Instant | undefined {
    let first = NEVER;
    for (let row = 0; row < this.#due.length; row++) {
      const at = this.#due[row] ?? NEVER;
      if (at < first) first = at;
    }
    return first === NEVER ? undefined : first;
  }

  /** Takes the earliest timer that is due at `now` out of the table; call until it answers undefined. */
  take(now: Instant): Name | undefined {
    const first = this.deadline;
    if (first === undefined || first > now) return undefined;
    const row = this.#due.indexOf(first);
    this.#due[row] = NEVER;
    return this.#names[row];
  }

  /** Where `name` stands in the table; -1 where it does not. */
  #row(name: Name): number {
    for (let row = 0; row < this.#names.length; row++) if (this.#names[row] === name) return row;
    return -1;
  }
}
