/** Sequence numbers count modulo 128, Q.921 §3.5.2.1. */
const MODULUS = 128;

/** The number after `n`. */
export const following = (n: number): number => (n + 1) % MODULUS;

const distance = (from: number, to: number): number => (to - from + MODULUS) % MODULUS;

/** Room at first: the window and some that wait. It doubles when it is full; whoever puts in keeps the limit. */
const ROOM = 16;

/**
 * The messages that wait for their acknowledgement or for their turn, each in its I frame, with the send state variables. The first
 * message has the number V(A); those before V(S) have been sent.
 */
export class SendQueue {
  /** A ring, whose size is a power of two. */
  #ring: (Uint8Array | undefined)[] = new Array(ROOM).fill(undefined);
  /** Where the first message stands. */
  #first = 0;
  #length = 0;
  #va = 0;
  #vs = 0;

  get length(): number {
    return this.#length;
  }

  /** I frames sent and not acknowledged. */
  get unacknowledged(): number {
    return distance(this.#va, this.#vs);
  }

  put(frame: Uint8Array): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[this.#place(this.#length)] = frame;
    this.#length++;
  }

  /** The next frame to be sent, with its N(S), which is then taken as sent; undefined when the window `k` is full or none waits. */
  next(k: number): { readonly ns: number; readonly frame: Uint8Array } | undefined {
    const sent = this.unacknowledged;
    if (sent >= k || sent >= this.#length) return undefined;
    const frame = this.#ring[this.#place(sent)];
    if (frame === undefined) return undefined;
    const ns = this.#vs;
    this.#vs = following(ns);
    return { ns, frame };
  }

  /** V(A) ≤ N(R) ≤ V(S), modulo 128 (§3.5.2.3). */
  accepts(nr: number): boolean {
    return distance(this.#va, nr) <= this.unacknowledged;
  }

  /** Takes N(R), which it accepts, as acknowledging all before it; answers how many that were. */
  acknowledge(nr: number): number {
    const count = distance(this.#va, nr);
    for (let n = 0; n < count; n++) this.#ring[this.#place(n)] = undefined;
    this.#first = this.#place(count);
    this.#length -= count;
    this.#va = nr;
    return count;
  }

  /** What was sent and not acknowledged is to be sent again, as copies: the first ones may still be on their way to the line. */
  rewind(): void {
    for (let n = this.unacknowledged - 1; n >= 0; n--) {
      const place = this.#place(n);
      this.#ring[place] = this.#ring[place]?.slice();
    }
    this.#vs = this.#va;
  }

  /** Numbers from 0 again. Messages that wait are kept. */
  renumber(): void {
    this.rewind();
    this.#va = 0;
    this.#vs = 0;
  }

  discard(): void {
    this.#ring.fill(undefined);
    this.#length = 0;
    this.renumber();
  }

  /** Where the message stands that has `n` before it. */
  #place(n: number): number {
    return (this.#first + n) & (this.#ring.length - 1);
  }

  #grow(): void {
    const inOrder = [...this.#ring.slice(this.#first), ...this.#ring.slice(0, this.#first)];
    this.#ring = [...inOrder, ...new Array<undefined>(inOrder.length).fill(undefined)];
    this.#first = 0;
  }
}
