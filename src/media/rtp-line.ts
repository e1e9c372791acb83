import type { Digit, Law, RtpTarget, StreamStats } from '../call/media.ts';
import { addressWords } from './address.ts';
import { Latch } from './latch.ts';
import type { PacketBatch } from './packet-io.ts';
import { type DigitHeard, type Heard, RtpReceiver } from './rtp-receiver.ts';
import { RtpSender } from './rtp-sender.ts';

/** Ticks of 20 ms in one report of silence. */
const SILENCE_SECONDS = 5;
const SILENCE_TICKS = (SILENCE_SECONDS * 1000) / 20;

/** An endpoint's line to an RTP peer: a stream out, a stream in, one latch for both. Sized at start and used by one call after the other. */
export class RtpLine {
  readonly type = 'rtp';
  /** The RTP socket's tag; the RTCP socket's is one more. */
  readonly tag: number;
  readonly #outbox: PacketBatch;
  readonly #latch = new Latch();
  readonly #sender = new RtpSender();
  readonly #receiver: RtpReceiver;
  #law: Law = 'ulaw';
  #expects = false;
  #quiet = 0;
  #received = 0;

  constructor(tag: number, outbox: PacketBatch, onDigit: DigitHeard) {
    this.tag = tag;
    this.#outbox = outbox;
    this.#receiver = new RtpReceiver(onDigit);
  }

  get law(): Law {
    return this.#law;
  }

  get takesEvents(): boolean {
    return this.#sender.takesEvents;
  }

  open(ssrc: number, sequence: number, timestamp: number): void {
    this.#law = 'ulaw';
    this.#expects = false;
    this.#quiet = 0;
    this.#received = 0;
    this.#latch.clear();
    this.#sender.open(ssrc, sequence, timestamp);
    this.#receiver.open();
  }

  /** False when the target's address is not a literal one. */
  aim(target: RtpTarget): boolean {
    const words = addressWords(target.address);
    if (words === undefined) return false;
    this.#law = target.codec === 'PCMU' ? 'ulaw' : 'alaw';
    this.#expects = target.direction === 'sendrecv' || target.direction === 'recvonly';
    this.#quiet = 0;
    this.#latch.aim(words, target.port);
    this.#sender.aim(target);
    this.#receiver.aim(target);
    return true;
  }

  /** Takes a datagram of the RTP socket; the peer's address words begin at `at`. */
  receive(bytes: Uint8Array, length: number, words: Int32Array, at: number, port: number, now: number): Heard {
    const heard = this.#receiver.receive(bytes, length, this.#latch, words, at, port, now);
    if (heard === 'audio' || heard === 'event') {
      this.#received++;
      this.#quiet = 0;
    }
    return heard;
  }

  hear(block: Uint8Array): boolean {
    return this.#receiver.hear(block);
  }

  speak(block: Uint8Array): void {
    this.#sender.speak(block, this.tag, this.#latch, this.#outbox);
  }

  press(digit: Digit, samples: number): boolean {
    return this.#sender.press(digit, samples);
  }

  /** Counts one tick; answers for how many seconds nothing has come when that is due to be reported, else 0. */
  silence(): number {
    if (!this.#expects) return 0;
    this.#quiet++;
    return this.#quiet % SILENCE_TICKS === 0 ? (this.#quiet / SILENCE_TICKS) * SILENCE_SECONDS : 0;
  }

  stats(): StreamStats {
    const { jitter } = this.#receiver;
    return {
      sent: this.#sender.packets,
      received: this.#received,
      lost: 0,
      late: jitter.late,
      concealed: jitter.concealed,
      jitter: 0,
      roundTrip: undefined,
      slips: jitter.dropped + jitter.repeated,
    };
  }
}
