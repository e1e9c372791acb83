import { type BitOrder, reversed } from './bit-order.ts';
import { MAX_FRAME } from './encoder.ts';
import { FCS_GOOD, FCS_START, fcsStep } from './fcs.ts';

/** What the line brought, counted since the start. Everything but `frames` was dropped (Q.921 §2.9). */
export interface HdlcCounts {
  readonly frames: number;
  /** Seven ones or more inside a frame. */
  readonly aborts: number;
  readonly badFcs: number;
  readonly overlong: number;
  /** Fewer than `MIN_FRAME` octets between two flags. */
  readonly short: number;
  /** Not a whole number of octets. */
  readonly unaligned: number;
}

/** Address and one control octet, the shortest frame of LAPD without its FCS. */
const MIN_FRAME = 3;
const FCS_OCTETS = 2;

/** The zero and the ones of a closing flag that are taken for data until its last one shows what they are. */
const FLAG_BITS_TAKEN = 6;

/** Raw octets of the D-channel in, frames out: address to information field, FCS checked and taken off. */
export class HdlcDecoder {
  readonly #order: BitOrder;
  readonly #octets: Uint8Array;
  readonly #counts = { frames: 0, aborts: 0, badFcs: 0, overlong: 0, short: 0, unaligned: 0 };
  /** False until a flag was seen, and after an abort or an overlong frame until the next one. */
  #inFrame = false;
  #length = 0;
  #fcs = FCS_START;
  #ones = 0;
  /** The octet that is being put together, and how many bits of it are there. */
  #octet = 0;
  #bits = 0;

  /** `limit`: the longest frame in octets, without its FCS. */
  constructor({ order = 'lsb-first', limit = MAX_FRAME }: { readonly order?: BitOrder; readonly limit?: number } = {}) {
    this.#order = order;
    this.#octets = new Uint8Array(limit + FCS_OCTETS);
  }

  get counts(): HdlcCounts {
    return { ...this.#counts };
  }

  /** The frames that end within these octets; what is unfinished waits for more. */
  push(raw: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (const octet of raw) {
      const line = this.#order === 'lsb-first' ? octet : reversed(octet);
      for (let bit = 0; bit < 8; bit++) {
        const frame = this.#take((line >> bit) & 1);
        if (frame !== undefined) frames.push(frame);
      }
    }
    return frames;
  }

  #take(bit: number): Uint8Array | undefined {
    if (bit === 1) {
      this.#ones++;
      if (this.#ones <= 5) this.#data(1);
      else if (this.#ones === 7) this.#abort();
      return undefined;
    }
    const ones = this.#ones;
    this.#ones = 0;
    if (ones === 6) return this.#flag();
    // After exactly five ones the zero was stuffed in (§2.6).
    if (ones < 5) this.#data(0);
    return undefined;
  }

  #data(bit: number): void {
    if (!this.#inFrame) return;
    this.#octet |= bit << this.#bits++;
    if (this.#bits < 8) return;
    if (this.#length === this.#octets.length) {
      this.#counts.overlong++;
      this.#inFrame = false;
      return;
    }
    this.#octets[this.#length++] = this.#octet;
    this.#fcs = fcsStep(this.#fcs, this.#octet);
    this.#octet = 0;
    this.#bits = 0;
  }

  #abort(): void {
    if (this.#inFrame && this.#length > 0) this.#counts.aborts++;
    this.#inFrame = false;
  }

  /** A flag ends one frame and begins the next. */
  #flag(): Uint8Array | undefined {
    const frame = this.#inFrame ? this.#ended() : undefined;
    this.#inFrame = true;
    this.#length = 0;
    this.#fcs = FCS_START;
    this.#octet = 0;
    this.#bits = 0;
    return frame;
  }

  #ended(): Uint8Array | undefined {
    // Flag after flag, with or without a zero in common, is the idle line.
    if (this.#length === 0) return undefined;
    if (this.#bits !== FLAG_BITS_TAKEN) this.#counts.unaligned++;
    else if (this.#length < MIN_FRAME + FCS_OCTETS) this.#counts.short++;
    else if (this.#fcs !== FCS_GOOD) this.#counts.badFcs++;
    else {
      this.#counts.frames++;
      return this.#octets.slice(0, this.#length - FCS_OCTETS);
    }
    return undefined;
  }
}
