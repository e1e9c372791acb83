import type { RtpTarget } from '../call/media.ts';
import type { DigitChange } from '../rtp/digit.ts';
import { BLOCK, decode, encode, type Law } from '../rtp/g711.ts';
import { JitterBuffer, SILENT, WHOLE } from '../rtp/jitter.ts';
import { type RtpHeader, readRtp, rtpHeader } from '../rtp/packet.ts';
import { Concealer } from '../rtp/plc.ts';
import { EventReceiver } from '../rtp/telephone-event.ts';
import type { Latch } from './latch.ts';

/** Blocks that the concealer remembers: 48.75 ms. */
const CONCEALER_BLOCKS = 3;

/** What a datagram turned out to be. */
export type Heard = 'audio' | 'event' | 'ignored' | 'malformed' | 'refused';

/** A digit came as telephone event: its length in samples. */
export type DigitHeard = (digit: string, samples: number) => void;

/** The peer's stream: datagrams in, one block of 20 ms out per tick, gaps concealed. */
export class RtpReceiver {
  readonly #jitter = new JitterBuffer();
  readonly #concealer = new Concealer();
  #events = new EventReceiver();
  readonly #samples = new Int16Array(BLOCK);
  readonly #onDigit: DigitHeard;
  #law: Law = 'ulaw';
  #payloadType: number | undefined;
  #telephoneEvent: number | undefined;
  #allowed = false;
  /** An event goes on: audio that comes beside it is not passed on, so that nobody hears the digit twice. */
  #digitOn = false;
  /** Blocks to conceal or fade out after the stream fell silent. */
  #wasSilent = true;

  readonly header: RtpHeader = rtpHeader();

  constructor(onDigit: DigitHeard) {
    this.#onDigit = onDigit;
  }

  get jitter(): JitterBuffer {
    return this.#jitter;
  }

  open(): void {
    this.#jitter.clear();
    this.#events = new EventReceiver();
    this.#forget();
    this.#payloadType = undefined;
    this.#telephoneEvent = undefined;
    this.#allowed = false;
    this.#digitOn = false;
    this.#wasSilent = true;
  }

  aim(target: RtpTarget): void {
    this.#law = target.codec === 'PCMU' ? 'ulaw' : 'alaw';
    this.#payloadType = target.payloadType;
    this.#telephoneEvent = target.telephoneEvent;
    this.#allowed = target.direction === 'sendrecv' || target.direction === 'recvonly';
  }

  /** Takes one datagram from an address (words at `at`) and port; `now` in milliseconds. */
  receive(
    bytes: Uint8Array,
    length: number,
    latch: Latch,
    words: Int32Array,
    at: number,
    port: number,
    now: number,
  ): Heard {
    const { header } = this;
    if (readRtp(bytes, 0, length, header) !== undefined) return 'malformed';
    const isAudio = header.payloadType === this.#payloadType;
    const isEvent = !isAudio && header.payloadType === this.#telephoneEvent;
    if (!isAudio && !isEvent) return 'ignored';
    if (!latch.hear(words, at, port, header.ssrc, header.sequence, now)) return 'refused';
    if (!this.#allowed) return 'ignored';
    const { ssrc, sequence, timestamp, payloadAt, payloadLength } = header;
    if (isAudio) {
      this.#jitter.put(ssrc, sequence, timestamp, bytes, payloadAt, payloadLength);
      return 'audio';
    }
    this.#tell(this.#events.receive(timestamp, bytes, payloadAt, payloadLength));
    return 'event';
  }

  /** The next block, in the law of the codec. False when the stream is silent and the block holds nothing. */
  hear(block: Uint8Array): boolean {
    this.#tell(this.#events.tick());
    const taken = this.#jitter.take(block, 0);
    if (taken === SILENT && this.#wasSilent) return false;
    decode(this.#law, block, 0, this.#samples, 0, BLOCK);
    this.#concealer.block(this.#samples, 0, taken);
    // One more block after the last, for what the concealer still holds back.
    this.#wasSilent = taken === SILENT;
    if (this.#digitOn) return false;
    encode(this.#law, this.#samples, 0, block, 0, BLOCK);
    return true;
  }

  /** Fills the concealer with silence, so that nothing of an earlier call is ever heard in this one. */
  #forget(): void {
    for (let block = 0; block < CONCEALER_BLOCKS; block++) {
      this.#samples.fill(0);
      this.#concealer.block(this.#samples, 0, WHOLE);
    }
  }

  #tell(changes: readonly DigitChange[]): void {
    for (const change of changes) {
      this.#digitOn = change.type === 'begin';
      if (change.type === 'end') this.#onDigit(change.digit, change.duration);
    }
  }
}
