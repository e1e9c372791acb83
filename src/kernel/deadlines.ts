import type { Instant } from './time.ts';

/** An owner's row, which knows its own place in the heap. */
interface Entry<Owner> {
  readonly owner: Owner;
  at: Instant;
  place: number;
}

/**
 * The deadlines of many machines in one binary heap: each owner stands in it at most once, so it never grows beyond the
 * number of owners. Setting and clearing cost O(log n), the earliest deadline O(1).
 */
export class Deadlines<Owner> {
  readonly #heap: Entry<Owner>[] = [];
  readonly #entries = new Map<Owner, Entry<Owner>>();

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
      const added = { owner, at, place: this.#heap.length };
      this.#entries.set(owner, added);
      this.#heap.push(added);
      this.#rise(added);
    } else if (entry.at !== at) {
      entry.at = at;
      this.#rise(entry);
      this.#sink(entry);
    }
  }

  /** Takes out an owner whose deadline has come; call until it answers undefined. The owner sets its next one itself. */
  take(now: Instant): Owner | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#remove(first);
    return first.owner;
  }

  #remove(gone: Entry<Owner>): void {
    this.#entries.delete(gone.owner);
    const last = this.#heap.pop();
    if (last === undefined || last === gone) return;
    this.#put(gone.place, last);
    this.#rise(last);
    this.#sink(last);
  }

  #put(place: number, entry: Entry<Owner>): void {
    this.#heap[place] = entry;
    entry.place = place;
  }

  #rise(entry: Entry<Owner>): void {
    while (entry.place > 0) {
      const { place } = entry;
      const above = (place - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.at <= entry.at) return;
      this.#put(place, parent);
      this.#put(above, entry);
    }
  }

  #sink(entry: Entry<Owner>): void {
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
