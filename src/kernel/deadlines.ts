import type { Instant } from './time.ts';

/** An owner's deadline, which knows its own place in the heap. */
export interface Deadline<Owner> {
  readonly owner: Owner;
  at: Instant;
  /** -1: it stands nowhere, since its owner waits for nothing. */
  place: number;
}

/**
 * The deadlines of many machines in one binary heap: each owner stands in it at most once, so it never grows beyond the
 * number of owners. Setting and clearing cost O(log n), the earliest deadline O(1).
 */
export class Deadlines<Owner> {
  readonly #heap: Deadline<Owner>[] = [];
  readonly #entries = new Map<Owner, Deadline<Owner>>();

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest deadline of all. */
  get first(): Instant | undefined {
    return this.#heap[0]?.at;
  }

  /** Notes when `owner` must be woken; undefined takes it out. */
  set(owner: Owner, at: Instant | undefined): void {
    const entry = this.#entries.get(owner);
    if (at === undefined) {
      if (entry !== undefined) this.#remove(entry);
    } else if (entry === undefined) {
      const added = { owner, at, place: -1 };
      this.#entries.set(owner, added);
      this.move(added, at);
    } else this.move(entry, at);
  }

  /** Notes when `deadline` is; undefined takes it out. For an owner that keeps its own deadline, and is never `set`. */
  move(deadline: Deadline<Owner>, at: Instant | undefined): void {
    if (at === undefined) {
      if (deadline.place >= 0) this.#remove(deadline);
    } else if (deadline.place < 0) {
      deadline.at = at;
      deadline.place = this.#heap.length;
      this.#heap.push(deadline);
      this.#rise(deadline);
    } else if (deadline.at !== at) {
      deadline.at = at;
      this.#rise(deadline);
      this.#sink(deadline);
    }
  }

  /** Takes out an owner whose deadline has come; call until it answers undefined. The owner sets its next one itself. */
  take(now: Instant): Owner | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#remove(first);
    return first.owner;
  }

  #remove(gone: Deadline<Owner>): void {
    if (this.#entries.size > 0) this.#entries.delete(gone.owner);
    const last = this.#heap.pop();
    const { place } = gone;
    gone.place = -1;
    if (last === undefined || last === gone) return;
    this.#put(place, last);
    this.#rise(last);
    this.#sink(last);
  }

  #put(place: number, entry: Deadline<Owner>): void {
    this.#heap[place] = entry;
    entry.place = place;
  }

  #rise(entry: Deadline<Owner>): void {
    while (entry.place > 0) {
      const { place } = entry;
      const above = (place - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.at <= entry.at) return;
      this.#put(place, parent);
      this.#put(above, entry);
    }
  }

  #sink(entry: Deadline<Owner>): void {
    for (;;) {
      const { place } = entry;
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      const child = left !== undefined && right !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= entry.at) return;
      this.#put(child.place, entry);
      this.#put(place, child);
    }
  }
}
