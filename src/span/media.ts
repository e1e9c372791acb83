/** The B-channels' half of a span, which lives in the media worker. */
import type { Law } from '../call/media.ts';
import { IDLE } from '../rtp/g711.ts';
import { Elastic } from './elastic.ts';

/** One B-channel between the line's clock and the packet clock. Sized at start; a span only takes it, a call only opens and closes it. */
export class TdmChannel {
  /** From the line, waiting for the packet clock. */
  readonly rx = new Elastic(1);
  /** From the packet clock, waiting for the line. */
  readonly tx = new Elastic(1);
  #open = false;
  #law: Law = 'ulaw';
  #lineSlips = 0;

  get isOpen(): boolean {
    return this.#open;
  }

  get law(): Law {
    return this.#law;
  }

  get slips(): number {
    return this.rx.slips + this.tx.slips + this.#lineSlips;
  }

  /** Beyond our own buffers, those of the line ran dry or over. */
  lineSlipped(): void {
    this.#lineSlips++;
  }

  /** A span takes this channel. @param wander True where blocks come from a peer whose phase against our tick wanders. */
  attach(wander: boolean): void {
    this.rx.prime = wander ? 2 : 1;
  }

  open(law: Law): void {
    this.#open = true;
    this.#law = law;
    this.#lineSlips = 0;
    this.rx.reset(IDLE[law]);
    this.tx.reset(IDLE[law]);
  }

  close(): void {
    this.#open = false;
  }
}

/** A driver inside the worker. Only channels that are open carry anything. Nothing here may allocate in steady state. */
export interface SpanMedia {
  /** Start of the tick: every block that the line has brought since the last tick goes into its channel's `rx`. */
  receive(): void;
  /** End of the tick: takes from each channel's `tx` what the line's clock wants. */
  transmit(): void;
}
