/** What a receiver knows of one source: RFC 3550 A.1 (sequence), A.3 (loss) and A.8 (jitter). */

import { timestampAfter } from './packet.ts';

/** A.1: a gap of less is loss (60 s of 20 ms packets), a step back of less is disorder, and what is neither needs two in a row. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const MIN_SEQUENTIAL = 2;
const NEVER = -1;

/** The field is 24 bits, signed (§6.4.1). */
const LOST_MAX = 0x7f_ffff;
const LOST_MIN = -0x80_0000;

export class Reception {
  #source: number | undefined;
  #base = 0;
  #highest = 0;
  /** 65,536 for each time that the sequence went round. */
  #cycles = 0;
  #bad = NEVER;
  #probation = MIN_SEQUENTIAL;
  #received = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  #transit = 0;
  #jitter = 0;
  /** Of sources before the present one. */
  #receivedBefore = 0;
  #lostBefore = 0;

  /** The source's SSRC; undefined before the first packet. */
  get source(): number | undefined {
    return this.#source;
  }

  /** Whether packets came in sequence, so that it is a source and not a stray packet. */
  get isValid(): boolean {
    return this.#source !== undefined && this.#probation === 0;
  }

  /** Packets received in all, also from sources before this one. */
  get received(): number {
    return this.#receivedBefore + this.#received;
  }

  /** Packets lost in all; never below zero, though duplicates count as received. */
  get lost(): number {
    return this.#lostBefore + Math.max(0, this.#missing);
  }

  /** The extended highest sequence number received. */
  get highest(): number {
    return this.#cycles + this.#highest;
  }

  /** The report's cumulative loss of the present source, −2²³…2²³−1; duplicates make it negative. */
  get cumulativeLost(): number {
    return Math.max(LOST_MIN, Math.min(LOST_MAX, this.#missing));
  }

  /** Interarrival jitter in samples. */
  get jitter(): number {
    return this.#jitter;
  }

  /** Packets that came since the last `fractionLost`. */
  get receivedSinceReport(): number {
    return this.#received - this.#receivedPrior;
  }

  /**
   * Takes one packet that arrived at `arrival`, in samples of any origin that stays. False: not counted, as its sequence number
   * fits nothing heard before.
   */
  receive(ssrc: number, sequence: number, timestamp: number, arrival: number): boolean {
    if (ssrc !== this.#source) this.#meet(ssrc, sequence);
    if (!this.#count(sequence)) return false;
    const transit = timestampAfter(timestamp, arrival);
    if (this.#received > 1) {
      const difference = Math.abs(timestampAfter(this.#transit, transit));
      this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#transit = transit;
    return true;
  }

  /** The share lost since this was asked last, in 256ths; a report asks once (A.3). */
  fractionLost(): number {
    const expected = this.#expected - this.#expectedPrior;
    const lost = expected - this.receivedSinceReport;
    this.#expectedPrior = this.#expected;
    this.#receivedPrior = this.#received;
    return expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected));
  }

  get #expected(): number {
    return this.#source === undefined || this.#received === 0 ? 0 : this.highest - this.#base + 1;
  }

  get #missing(): number {
    return this.#expected - this.#received;
  }

  #meet(ssrc: number, sequence: number): void {
    this.#source = ssrc;
    this.#probation = MIN_SEQUENTIAL;
    this.#jitter = 0;
    this.#restart(sequence);
    this.#highest = (sequence - 1) & 0xffff;
  }

  #restart(sequence: number): void {
    this.#receivedBefore = this.received;
    this.#lostBefore = this.lost;
    this.#base = sequence;
    this.#highest = sequence;
    this.#cycles = 0;
    this.#bad = NEVER;
    this.#received = 0;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
  }

  #count(sequence: number): boolean {
    const step = (sequence - this.#highest) & 0xffff;
    if (this.#probation > 0) return this.#prove(sequence, step);
    if (step < MAX_DROPOUT) {
      if (sequence < this.#highest) this.#cycles += 0x1_0000;
      this.#highest = sequence;
    } else if (step <= 0x1_0000 - MAX_MISORDER) {
      if (sequence !== this.#bad) {
        this.#bad = (sequence + 1) & 0xffff;
        return false;
      }
      // Two in a row: the sender began anew without saying so.
      this.#restart(sequence);
    }
    this.#received++;
    return true;
  }

  #prove(sequence: number, step: number): boolean {
    if (step === 1) this.#probation--;
    else this.#probation = MIN_SEQUENTIAL - 1;
    this.#highest = sequence;
    if (this.#probation > 0) return false;
    this.#restart(sequence);
    this.#received = 1;
    return true;
  }
}
