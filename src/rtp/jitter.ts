/**
 * The adaptive jitter buffer of one received stream of G.711: packets of any length go in at their timestamps, one block of
 * 20 ms comes out per tick. The memory is one ring of octets, indexed by timestamp, so that order, duplicates, packet
 * times from 10 to 60 ms and packets that overlap need no rules of their own.
 *
 * A packet's *margin* is how many samples it arrived ahead of its playing. A histogram of the margins, in bins of 10 ms, with the old
 * ones forgotten slowly, says whether the play-out point stands right: when in more than 1 of 100 ticks a packet has less than one block of
 * margin it waits for a block (a repeat), when the margin is larger than that by a whole block it skips (a drop). So jitter,
 * a changed path and clock drift are one case; each shift is a slip and counted.
 */

import { BLOCK } from './g711.ts';
import { advance, timestampAfter } from './packet.ts';

/** Samples in the ring, a power of two: 512 ms. */
const RING = 4096;
const MASK = RING - 1;
const ABSENT = -1;

/** The histogram: bins of 10 ms from −200 ms. */
const BIN = 80;
const BINS = 64;
const ZERO_BIN = 20;
const BLOCK_BINS = BLOCK / BIN;

/** Each packet makes the older ones weigh this much: half is forgotten in 350 packets, 7 s of 20 ms packets. */
const REMEMBERED = 0.998;
/** The share of packets that may come too late for the buffer to stay as it is. */
const LATE_SHARE = 0.01;
/** Packets' weight before the buffer trusts the histogram enough to shrink, and ticks between two shrinkings: 500 ms. */
const TRUSTED = 25;
const SHRINK_PAUSE = 25;

/** Ticks with packets, all of them too late, after which the stream has a new time base: the delay can't grow that far. */
const LATE_TICKS = 10;
/** Packets in a row from another source, or out of the ring's reach, after which the stream is theirs. */
const STRANGERS = 2;
/** The last sequence numbers remembered, to know duplicates by. */
const SEEN = 64;
/** Blocks without audio after which the stream is silent and no longer being concealed: Appendix I has faded out by then. */
const DRY_BLOCKS = 3;

/** The two halves of 10 ms that `take` filled: 3 both, 1 the first, 2 the second, 0 none (conceal); −1 the stream is silent. */
export type Taken = -1 | 0 | 1 | 2 | 3;
export const SILENT = -1;
export const WHOLE = 3;

export interface JitterLimits {
  /** The least margin that the buffer aims at, in samples. */
  readonly minimum: number;
  /** The longest that it lets the earliest packets wait, in samples. */
  readonly maximum: number;
}

/** One block at least, 200 ms at most. */
export const JITTER_LIMITS: JitterLimits = { minimum: BLOCK, maximum: 1600 };

export class JitterBuffer {
  readonly #limits: JitterLimits;
  readonly #ring = new Int16Array(RING).fill(ABSENT);
  readonly #seen = new Int32Array(SEEN).fill(ABSENT);
  readonly #margins = new Float32Array(BINS);
  #weight = 0;
  #running = false;
  #ssrc = 0;
  /** The timestamp that is played next, and the one after the last sample held. */
  #head = 0;
  #end = 0;
  #strangers = 0;
  #strangeSsrc = 0;
  #dry = 0;
  /** The least margin of the packets since the last tick: what comes at once was held up once. */
  #least = Number.POSITIVE_INFINITY;
  #lateTicks = 0;
  #sinceShrunk = 0;

  /** Packets that came after they were to be played, as a whole. */
  late = 0;
  duplicates = 0;
  /** Blocks skipped, and blocks waited, so as to move the play-out point. */
  dropped = 0;
  repeated = 0;
  /** Blocks handed out with a half or more missing while the stream was alive. */
  concealed = 0;
  /** Times that the stream began anew: another SSRC or another time base. */
  restarts = 0;

  constructor(limits: JitterLimits = JITTER_LIMITS) {
    this.#limits = limits;
  }

  /** Samples held ahead of the play-out point. */
  get depth(): number {
    return this.#running ? Math.max(0, timestampAfter(this.#head, this.#end)) : 0;
  }

  /** Forgets the stream; the counters stay. */
  clear(): void {
    this.#running = false;
  }

  /** Takes one packet's audio, `bytes[at, at + length)`, as it arrived between the last `take` and the next. */
  put(ssrc: number, sequence: number, timestamp: number, bytes: Uint8Array, at: number, length: number): void {
    if (length === 0 || length > RING / 2) return;
    if (!this.#running) this.#begin(ssrc, timestamp);
    else if (this.#isStrange(ssrc, timestamp, length)) {
      if (this.#dry < DRY_BLOCKS && ++this.#strangers < STRANGERS) return;
      this.#begin(ssrc, timestamp);
      this.restarts++;
    }
    if (this.#seen[sequence % SEEN] === sequence) {
      this.duplicates++;
      return;
    }
    this.#seen[sequence % SEEN] = sequence;
    let margin = timestampAfter(this.#head, timestamp);
    if (margin + length <= 0) {
      this.late++;
      if (this.#lateTicks < LATE_TICKS) {
        this.#least = Math.min(this.#least, margin);
        return;
      }
      this.#begin(ssrc, timestamp);
      this.restarts++;
      margin = this.#limits.minimum;
    }
    this.#strangers = 0;
    this.#lateTicks = 0;
    this.#least = Math.min(this.#least, margin);
    for (let i = Math.max(0, -margin); i < length; i++) {
      this.#ring[(timestamp + i) & MASK] = bytes[at + i] as number;
    }
    const end = advance(timestamp, length);
    if (timestampAfter(this.#end, end) > 0) this.#end = end;
  }

  /**
   * Plays one block into `out[at, at + BLOCK)`; call once per tick, after the tick's packets were put. A half that isn't
   * named in the answer holds nothing to be heard.
   */
  take(out: Uint8Array, at: number): Taken {
    if (!this.#running) return SILENT;
    if (this.#shouldWait()) {
      this.repeated++;
      this.#shift(BLOCK_BINS);
      return this.#dry >= DRY_BLOCKS ? SILENT : 0;
    }
    const taken = (this.#takeHalf(out, at) | (this.#takeHalf(out, at + BIN) << 1)) as Taken;
    if (timestampAfter(this.#end, this.#head) > 0) this.#end = this.#head;
    if (taken !== 0) this.#dry = 0;
    else if (++this.#dry > DRY_BLOCKS) return SILENT;
    if (taken !== WHOLE) this.concealed++;
    return taken;
  }

  /** Another source, or a timestamp so far off that the ring couldn't hold it. */
  #isStrange(ssrc: number, timestamp: number, length: number): boolean {
    const margin = timestampAfter(this.#head, timestamp);
    const strange = ssrc !== this.#ssrc || margin + length > RING || margin < -RING;
    if (strange && ssrc !== this.#strangeSsrc) {
      this.#strangeSsrc = ssrc;
      this.#strangers = 0;
    }
    return strange;
  }

  #begin(ssrc: number, timestamp: number): void {
    this.#running = true;
    this.#ssrc = ssrc;
    this.#strangeSsrc = ssrc;
    this.#ring.fill(ABSENT);
    this.#seen.fill(ABSENT);
    this.#margins.fill(0);
    this.#weight = 0;
    this.#head = advance(timestamp, -this.#limits.minimum);
    this.#end = timestamp;
    this.#strangers = 0;
    this.#lateTicks = 0;
    this.#least = Number.POSITIVE_INFINITY;
    this.#dry = DRY_BLOCKS;
    this.#sinceShrunk = 0;
  }

  #remember(margin: number): void {
    const margins = this.#margins;
    for (let i = 0; i < BINS; i++) margins[i] = (margins[i] as number) * REMEMBERED;
    this.#weight = this.#weight * REMEMBERED + 1;
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(margin / BIN) + ZERO_BIN));
    margins[bin] = (margins[bin] as number) + 1;
  }

  /** Whether this tick's block should be waited for; skips what is surplus. */
  #shouldWait(): boolean {
    this.#sinceShrunk++;
    if (this.#least === Number.POSITIVE_INFINITY) return false;
    this.#remember(this.#least);
    if (this.#least < 0) this.#lateTicks++;
    this.#least = Number.POSITIVE_INFINITY;
    const least = this.#quantile(0, 1);
    if (least < this.#limits.minimum) return this.#quantile(BINS - 1, -1) + BLOCK <= this.#limits.maximum;
    const surplus = Math.floor((least - this.#limits.minimum) / BLOCK);
    if (surplus > 0 && this.#weight >= TRUSTED && this.#sinceShrunk >= SHRINK_PAUSE) {
      for (let n = surplus * BLOCK; n > 0; n--) {
        this.#ring[this.#head & MASK] = ABSENT;
        this.#head = advance(this.#head, 1);
      }
      this.dropped += surplus;
      this.#sinceShrunk = 0;
      this.#shift(-surplus * BLOCK_BINS);
    }
    return false;
  }

  /** The margin that only LATE_SHARE of the packets stay beyond, counted from one end of the histogram. */
  #quantile(from: number, step: 1 | -1): number {
    let beyond = this.#weight * LATE_SHARE;
    let bin = from;
    while (bin + step >= 0 && bin + step < BINS) {
      beyond -= this.#margins[bin] as number;
      if (beyond < 0) break;
      bin += step;
    }
    return (bin - ZERO_BIN) * BIN;
  }

  /** The play-out point moved: every margin remembered is larger by so many bins. */
  #shift(bins: number): void {
    const margins = this.#margins;
    if (bins > 0) {
      const top = margins.subarray(BINS - bins).reduce((sum, weight) => sum + weight, 0);
      margins.copyWithin(bins, 0, BINS - bins).fill(0, 0, bins);
      margins[BINS - 1] = (margins[BINS - 1] as number) + top;
    } else {
      const bottom = margins.subarray(0, -bins).reduce((sum, weight) => sum + weight, 0);
      margins.copyWithin(0, -bins).fill(0, BINS + bins);
      margins[0] = (margins[0] as number) + bottom;
    }
  }

  /** Plays 10 ms; answers 1 when all of it was there, else 0. */
  #takeHalf(out: Uint8Array, at: number): 0 | 1 {
    let whole: 0 | 1 = 1;
    for (let i = 0; i < BIN; i++) {
      const cell = (this.#head + i) & MASK;
      const octet = this.#ring[cell] as number;
      if (octet === ABSENT) whole = 0;
      else out[at + i] = octet;
      this.#ring[cell] = ABSENT;
    }
    this.#head = advance(this.#head, BIN);
    return whole;
  }
}
