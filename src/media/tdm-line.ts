import type { BChannel, Digit, Law, StreamStats } from '../call/media.ts';
import { type DigitChange, NO_CHANGE } from '../rtp/digit.ts';
import type { TdmChannel } from '../span/media.ts';

/** An endpoint's line to a B-channel. Digits go in band here, and octets are never touched on their way. */
export class TdmLine {
  readonly type = 'tdm';
  /** Which B-channel this is; its span says so when it opens. */
  place: BChannel;
  readonly takesEvents = false;
  readonly #channel: TdmChannel;
  #sent = 0;
  #received = 0;

  constructor(place: BChannel, channel: TdmChannel) {
    this.place = place;
    this.#channel = channel;
  }

  get law(): Law {
    return this.#channel.law;
  }

  get isOpen(): boolean {
    return this.#channel.isOpen;
  }

  open(law: Law): void {
    this.#sent = 0;
    this.#received = 0;
    this.#channel.open(law);
  }

  close(): void {
    this.#channel.close();
  }

  /** The next block from the line. False when nothing comes and the block is idle. */
  hear(block: Uint8Array): boolean {
    const heard = this.#channel.rx.pull(block);
    if (heard) this.#received++;
    return heard;
  }

  speak(block: Uint8Array): void {
    this.#channel.tx.push(block);
    this.#sent++;
  }

  /** A B-channel has no way to carry a digit but in band. */
  press(_digit: Digit, _samples: number): void {}

  digits(): readonly DigitChange[] {
    return NO_CHANGE;
  }

  /** Blocks of 20 ms where a packet stream counts packets. */
  stats(): StreamStats {
    return {
      sent: this.#sent,
      received: this.#received,
      lost: 0,
      late: 0,
      concealed: 0,
      jitter: 0,
      roundTrip: undefined,
      slips: this.#channel.slips,
    };
  }
}
