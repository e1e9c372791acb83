import type { Instant } from './time.ts';

/**
 * The deadlines of many machines in one binary heap: each owner stands in it at most once, so it never grows beyond the
 * number of owners. Setting and clearing cost O(log n), the earliest deadline O(1).
 */
export class Deadlines<Owner> {
  readonly #heap: { readonly owner: Owner; at: Instant }[] = [];
  readonly #places = new Map<Owner, number>();

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest deadline of all. */
  get first(): Instant | undefined {
    return this.#heap[0]?.at;
  }

  /** Notes when `owner` must be woken; undefined takes it out. */
  set(owner: Owner, at: Instant | undefined): void {
    const place = this.#places.get(owner);
    if (at === undefined) {
      if (place !== undefined) this.#remove(place);
      return;
    }
    if (place === undefined) {
      this.#heap.push({ owner, at });
      this.#rise(this.#heap.length - 1);
      return;
    }
    const entry = this.#heap[place];
    if (entry === undefined || entry.at === at) return;
    entry.at = at;
    this.#sink(this.#rise(place));
  }

  /** Takes out an owner whose deadline has come; call until it answers undefined. The owner sets its next one itself. */
  take(now: Instant): Owner | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#remove(0);
    return first.owner;
  }

  #remove(place: number): void {
    const gone = this.#heap[place];
    const last = this.#heap.pop();
    if (gone === undefined || last === undefined) return;
    this.#places.delete(gone.owner);
    if (gone === last) return;
    this.#put(place, last);
    this.#sink(this.#rise(place));
  }

  #put(place: number, entry: { readonly owner: Owner; at: Instant }): void {
    this.#heap[place] = entry;
    this.#places.set(entry.owner, place);
  }

  #rise(from: number): number {
    const entry = this.#heap[from];
    if (entry === undefined) return from;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.at <= entry.at) break;
      this.#put(place, parent);
      place = above;
    }
    this.#put(place, entry);
    return place;
  }

  #sink(from: number): void {
    const entry = this.#heap[from];
    if (entry === undefined) return;
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      const right = left + 1;
      let least = left;
      let child = this.#heap[left];
      const other = this.#heap[right];
      if (child === undefined) break;
      if (other !== undefined && other.at < child.at) {
        child = other;
        least = right;
      }
      if (child.at >= entry.at) break;
      this.#put(place, child);
      place = least;
    }
    this.#put(place, entry);
  }
}
