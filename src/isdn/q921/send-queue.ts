/** Sequence numbers count modulo 128, Q.921 §3.5.2.1. */
const MODULUS = 128;

/** The number after `n`. */
export const following = (n: number): number => (n + 1) % MODULUS;

const distance = (from: number, to: number): number => (to - from + MODULUS) % MODULUS;

/**
 * The messages that wait for their acknowledgement or for their turn, with the send state variables. The first message
 * has the number V(A); those before V(S) have been sent.
 */
export class SendQueue {
  #messages: Uint8Array[] = [];
  #va = 0;
  #vs = 0;

  get length(): number {
    return this.#messages.length;
  }

  /** I frames sent and not acknowledged. */
  get unacknowledged(): number {
    return distance(this.#va, this.#vs);
  }

  put(message: Uint8Array): void {
    this.#messages.push(message);
  }

  /** The next message to be sent, with its N(S), which is then taken as sent; undefined when the window `k` is full or none waits. */
  next(k: number): { readonly ns: number; readonly message: Uint8Array } | undefined {
    const sent = this.unacknowledged;
    const message = this.#messages[sent];
    if (sent >= k || message === undefined) return undefined;
    const ns = this.#vs;
    this.#vs = following(ns);
    return { ns, message };
  }

  /** V(A) ≤ N(R) ≤ V(S), modulo 128 (§3.5.2.3). */
  accepts(nr: number): boolean {
    return distance(this.#va, nr) <= this.unacknowledged;
  }

  /** Takes N(R) as acknowledging all before it; answers how many that were. */
  acknowledge(nr: number): number {
    const count = distance(this.#va, nr);
    for (let n = 0; n < count; n++) this.#messages.shift();
    this.#va = nr;
    return count;
  }

  /** What was sent and not acknowledged is to be sent again. */
  rewind(): void {
    this.#vs = this.#va;
  }

  /** Numbers from 0 again. Messages that wait are kept. */
  renumber(): void {
    this.#va = 0;
    this.#vs = 0;
  }

  discard(): void {
    this.#messages = [];
    this.renumber();
  }
}
