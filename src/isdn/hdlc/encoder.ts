import { type BitOrder, reversed } from './bit-order.ts';
import { fcs16 } from './fcs.ts';

const FLAG = 0x7e;

/** The longest frame of LAPD without its FCS: address, control and N201 octets (Q.921 §5.9.3). */
export const MAX_FRAME = 264;

/**
 * Frames in, raw octets of the D-channel out: flags, stuffed zeros and the FCS are made here (Q.921 §2). One flag stands
 * between two frames that follow one another, and flags fill the idle line.
 */
export class HdlcEncoder {
  readonly #order: BitOrder;
  readonly #limit: number;
  readonly #waiting: Uint8Array[] = [];
  /** The frame that is going out with its FCS; undefined while a flag is. */
  #frame: Uint8Array | undefined;
  /** The next bit of the frame or of the flag. */
  #bit = 0;
  #ones = 0;

  /** `queue`: frames that may wait, at most. */
  constructor({ order = 'lsb-first', queue = 128 }: { readonly order?: BitOrder; readonly queue?: number } = {}) {
    this.#order = order;
    this.#limit = queue;
  }

  /** Takes a frame, address to information field; false where it is empty, too long, or too many wait already. */
  send(frame: Uint8Array): boolean {
    if (frame.length === 0 || frame.length > MAX_FRAME || this.#waiting.length >= this.#limit) return false;
    const fcs = fcs16(frame);
    const whole = new Uint8Array(frame.length + 2);
    whole.set(frame);
    whole[frame.length] = fcs & 0xff;
    whole[frame.length + 1] = fcs >>> 8;
    this.#waiting.push(whole);
    return true;
  }

  /** Frames that wait, the one that is going out not counted. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The next raw octets of the line: as many as `out` has room for. */
  fill(out: Uint8Array): void {
    for (let i = 0; i < out.length; i++) {
      let octet = 0;
      for (let bit = 0; bit < 8; bit++) octet |= this.#next() << bit;
      out[i] = this.#order === 'lsb-first' ? octet : reversed(octet);
    }
  }

  #next(): number {
    const frame = this.#frame;
    if (frame === undefined) {
      const bit = (FLAG >> this.#bit++) & 1;
      if (this.#bit === 8) this.#begin(this.#waiting.shift());
      return bit;
    }
    if (this.#ones === 5) {
      this.#ones = 0;
      this.#endIfDone(frame);
      return 0;
    }
    const bit = ((frame[this.#bit >> 3] ?? 0) >> (this.#bit & 7)) & 1;
    this.#bit++;
    this.#ones = bit === 1 ? this.#ones + 1 : 0;
    this.#endIfDone(frame);
    return bit;
  }

  /** A frame that ends in five ones still has its stuffed zero to send. */
  #endIfDone(frame: Uint8Array): void {
    if (this.#bit === frame.length * 8 && this.#ones < 5) this.#begin(undefined);
  }

  #begin(frame: Uint8Array | undefined): void {
    this.#frame = frame;
    this.#bit = 0;
    this.#ones = 0;
  }
}
