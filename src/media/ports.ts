/**
 * The RTP ports of the configured range: even ones, with the odd one above for RTCP (RFC 3550 §11). They are given out in
 * rotation, so that a port that was just given back rests the longest and a late packet of the old call meets nobody.
 */
export class PortPool {
  readonly #first: number;
  readonly #used: Uint8Array;
  #next = 0;
  #inUse = 0;

  /** @param from First port of the range. @param to Last port, itself included. */
  constructor(from: number, to: number) {
    this.#first = from + (from % 2);
    this.#used = new Uint8Array(Math.max(0, Math.floor((to - this.#first + 1) / 2)));
  }

  /** Pairs in the range. */
  get size(): number {
    return this.#used.length;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** The next free even port; undefined when the range is used up. */
  take(): number | undefined {
    for (let n = 0; n < this.#used.length; n++) {
      const i = this.#next;
      this.#next = (this.#next + 1) % this.#used.length;
      if (this.#used[i] === 0) {
        this.#used[i] = 1;
        this.#inUse++;
        return this.#first + 2 * i;
      }
    }
    return undefined;
  }

  release(port: number): void {
    const i = (port - this.#first) / 2;
    if (this.#used[i] !== 1) return;
    this.#used[i] = 0;
    this.#inUse--;
  }
}
