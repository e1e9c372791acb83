/**
 * Puts the packets of several interfaces in the order of their time. The kernel hands them over by the interface and some time after they
 * came, so each waits until no earlier one can follow: until `ripe` was called twice since, and each time after every interface was read.
 */
export class Sorter {
  #waiting: { readonly time: number; readonly block: Uint8Array }[] = [];
  #sorted = true;
  #newest = 0;
  /** The newest of the last call, and of the one before. */
  #marks: readonly [number, number] = [0, 0];

  add(time: number, block: Uint8Array): void {
    if (time < this.#newest) this.#sorted = false;
    else this.#newest = time;
    this.#waiting.push({ time, block });
  }

  /** Those that nothing can come before any more. */
  ripe(): readonly Uint8Array[] {
    const [last, limit] = this.#marks;
    this.#marks = [this.#newest, last];
    return this.#upTo(limit);
  }

  /** All that are left. */
  rest(): readonly Uint8Array[] {
    return this.#upTo(Number.POSITIVE_INFINITY);
  }

  #upTo(limit: number): readonly Uint8Array[] {
    if (!this.#sorted) this.#waiting.sort((a, b) => a.time - b.time);
    this.#sorted = true;
    const later = this.#waiting.findIndex(({ time }) => time > limit);
    return this.#waiting.splice(0, later < 0 ? this.#waiting.length : later).map(({ block }) => block);
  }
}
