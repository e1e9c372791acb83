import { nextSequence } from '../rtp/packet.ts';
import { ADDRESS_WORDS, isUnspecified, sameAddress } from './address.ts';

/** Packets in sequence from a source that was not signalled, before it is believed (as RFC 3550 §A.1, MIN_SEQUENTIAL). */
const PROBATION = 2;

/** How long the latched source must be silent before another may take its place, in ticks of 20 ms: two seconds. */
const SILENCE = 100;

/**
 * Symmetric RTP (RFC 4961) with a rule against hijackers. The source that was signalled is believed at once and at any time.
 * Another one (a phone behind a NAT) is believed after PROBATION packets in sequence, once; while the believed one speaks every other
 * is refused, and only after SILENCE may it be replaced. We send to the believed source, until there is one to the signalled target.
 */
export class Latch {
  readonly #target = new Int32Array(ADDRESS_WORDS);
  #targetPort = 0;
  readonly #peer = new Int32Array(ADDRESS_WORDS);
  #peerPort = 0;
  #latched = false;
  #heardAt = 0;
  readonly #candidate = new Int32Array(ADDRESS_WORDS);
  #candidatePort = 0;
  #candidateSsrc = 0;
  #candidateNext = 0;
  #candidateCount = 0;

  /** Where to send: four address words and a port; port 0 while nothing can be sent. */
  get address(): Int32Array {
    return this.#latched ? this.#peer : this.#target;
  }

  get port(): number {
    return this.#latched ? this.#peerPort : this.#targetPort;
  }

  /** Whether the source that we send to is one that was not signalled. */
  get moved(): boolean {
    return this.#latched && (this.#peerPort !== this.#targetPort || !sameAddress(this.#peer, this.#target, 0));
  }

  clear(): void {
    this.#target.fill(0);
    this.#targetPort = 0;
    this.#latched = false;
    this.#candidateCount = 0;
  }

  /** A new target was agreed. The same one again (a refreshed session) changes nothing. */
  aim(address: Int32Array, port: number): void {
    const reachable = isUnspecified(address) ? 0 : port;
    if (reachable === this.#targetPort && sameAddress(this.#target, address, 0)) return;
    this.#target.set(address);
    this.#targetPort = reachable;
    this.#latched = false;
    this.#candidateCount = 0;
  }

  /** Whether a well-formed packet from this source is to be believed. `tick` counts 20 ms. */
  hear(words: Int32Array, at: number, port: number, ssrc: number, sequence: number, tick: number): boolean {
    if (this.#latched && port === this.#peerPort && sameAddress(this.#peer, words, at)) {
      this.#heardAt = tick;
      return true;
    }
    if (port === this.#targetPort && sameAddress(this.#target, words, at)) return this.#latch(words, at, port, tick);
    if (this.#latched && tick - this.#heardAt < SILENCE) return false;
    if (!this.#continues(words, at, port, ssrc, sequence)) {
      this.#candidate.set(words.subarray(at, at + ADDRESS_WORDS));
      this.#candidatePort = port;
      this.#candidateSsrc = ssrc;
      this.#candidateCount = 0;
    }
    this.#candidateNext = nextSequence(sequence);
    this.#candidateCount++;
    return this.#candidateCount >= PROBATION && this.#latch(words, at, port, tick);
  }

  /** Whether an address is the believed one's or the signalled one's, at any port: for RTCP. */
  knows(words: Int32Array, at: number): boolean {
    return sameAddress(this.#target, words, at) || (this.#latched && sameAddress(this.#peer, words, at));
  }

  #latch(words: Int32Array, at: number, port: number, tick: number): true {
    for (let i = 0; i < ADDRESS_WORDS; i++) this.#peer[i] = words[at + i] ?? 0;
    this.#peerPort = port;
    this.#latched = true;
    this.#heardAt = tick;
    this.#candidateCount = 0;
    return true;
  }

  #continues(words: Int32Array, at: number, port: number, ssrc: number, sequence: number): boolean {
    return (
      this.#candidateCount > 0 &&
      port === this.#candidatePort &&
      ssrc === this.#candidateSsrc &&
      sequence === this.#candidateNext &&
      sameAddress(this.#candidate, words, at)
    );
  }
}
