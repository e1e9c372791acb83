import { FRAMES_PER_BLOCK, SAMPLES } from './frame.ts';

/** A gap of more frames than this is no loss: the peer has begun anew. Two hundred milliseconds. */
const LONGEST_GAP = 200;

/** What happened to a span's frames, counted since its start. */
export interface FrameCounts {
  received: number;
  /** Never came, or came when their block was gone. */
  lost: number;
  /** Came after one that was sent later, and still found their place. */
  reordered: number;
  /** Came when their block was gone, or twice. */
  late: number;
  /** The counter jumped further than a gap: the peer began anew. */
  restarts: number;
}

/** The difference of two 16-bit counters, −32,768…32,767. */
const ahead = (from: number, to: number): number => ((to - from) << 16) >> 16;

/**
 * Puts a span's frames into blocks of 20 ms in the order of their counters: a frame that comes late goes to its place as long as its block
 * is open; what never comes is filled with the timeslot's octets of a millisecond before. Never allocates after construction.
 */
export class Assembly {
  readonly counts: FrameCounts = { received: 0, lost: 0, reordered: 0, late: 0, restarts: 0 };
  /** The block that is being filled: the 160 octets of each timeslot in a row. */
  readonly block: Uint8Array;
  readonly #slots: number;
  readonly #full: () => void;
  /** The place of the next frame in the block, and which places before it are still empty (a bit each). */
  #place = 0;
  #missing = 0;
  #expected = 0;
  #begun = false;

  /** @param full A block is whole and may be read until it returns. */
  constructor(slots: number, full: () => void) {
    this.#slots = slots;
    this.#full = full;
    this.block = new Uint8Array(slots * FRAMES_PER_BLOCK * SAMPLES);
  }

  /** The peer was silent: whatever its next counter is, nothing was lost. */
  reset(): void {
    this.#begun = false;
  }

  /**
   * Takes a frame's timeslots, `payload` octets into `octets`. Answers how many frames before it are missing, or −1 when it is itself not
   * the newest.
   */
  take(sequence: number, octets: Uint8Array, payload: number): number {
    this.counts.received++;
    let gap = this.#begun ? ahead(this.#expected, sequence) : 0;
    this.#begun = true;
    if (gap > LONGEST_GAP || gap < -LONGEST_GAP) {
      this.counts.restarts++;
      gap = 0;
    }
    if (gap < 0) {
      this.#late(gap, octets, payload);
      return -1;
    }
    for (let n = 0; n < gap; n++) this.#skip();
    this.#put(this.#place, octets, payload);
    this.#advance();
    this.#expected = (sequence + 1) & 0xffff;
    return gap;
  }

  #late(behind: number, octets: Uint8Array, payload: number): void {
    const place = this.#place + behind;
    if (place < 0 || (this.#missing & (1 << place)) === 0) {
      this.counts.late++;
      return;
    }
    this.#missing &= ~(1 << place);
    this.#put(place, octets, payload);
    this.counts.reordered++;
  }

  #skip(): void {
    this.#missing |= 1 << this.#place;
    this.#repeat(this.#place);
    this.#advance();
  }

  #advance(): void {
    if (++this.#place < FRAMES_PER_BLOCK) return;
    for (let left = this.#missing; left !== 0; left &= left - 1) this.counts.lost++;
    this.#place = 0;
    this.#missing = 0;
    this.#full();
  }

  #put(place: number, octets: Uint8Array, payload: number): void {
    const { block } = this;
    for (let slot = 0; slot < this.#slots; slot++) {
      const to = (slot * FRAMES_PER_BLOCK + place) * SAMPLES;
      const from = payload + slot * SAMPLES;
      for (let i = 0; i < SAMPLES; i++) block[to + i] = octets[from + i] as number;
    }
  }

  /** The millisecond before a place; before the first one that is the last of the block that has gone, which is still there. */
  #repeat(place: number): void {
    const { block } = this;
    const before = place === 0 ? FRAMES_PER_BLOCK - 1 : place - 1;
    for (let slot = 0; slot < this.#slots; slot++) {
      const from = (slot * FRAMES_PER_BLOCK + before) * SAMPLES;
      block.copyWithin((slot * FRAMES_PER_BLOCK + place) * SAMPLES, from, from + SAMPLES);
    }
  }
}
