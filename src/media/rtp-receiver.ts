import type { RtpTarget, StreamStats } from '../call/media.ts';
import { type DigitChange, NO_CHANGE } from '../rtp/digit.ts';
import { BLOCK, decode, encode, type Law } from '../rtp/g711.ts';
import { JitterBuffer, SILENT, WHOLE } from '../rtp/jitter.ts';
import { type RtpHeader, read16, readRtp, rtpHeader } from '../rtp/packet.ts';
import { CONCEALER_DELAY, Concealer } from '../rtp/plc.ts';
import { Reception } from '../rtp/reception.ts';
import { EVENT_PAYLOAD, EventReceiver } from '../rtp/telephone-event.ts';
import { RATE } from '../rtp/tones.ts';
import type { Latch } from './latch.ts';

/** Blocks that the concealer remembers: 48.75 ms. */
const CONCEALER_BLOCKS = 3;

const SAMPLES_PER_MS = RATE / 1000;

/** What a datagram turned out to be. */
export type Heard = 'audio' | 'event' | 'rtcp' | 'ignored' | 'malformed' | 'refused';

/** The peer's stream: datagrams in, one block of 20 ms out per tick, gaps concealed. */
export class RtpReceiver {
  readonly #jitter = new JitterBuffer();
  readonly #concealer = new Concealer();
  #events = new EventReceiver();
  readonly #samples = new Int16Array(BLOCK);
  /** The octets of the last blocks, as late as the concealer's samples come: what it leaves alone goes on as it came. */
  readonly #octets = new Uint8Array(BLOCK + CONCEALER_DELAY);
  readonly #delayed = this.#octets.subarray(0, BLOCK);
  /** The last block came whole, and so nothing of it waits altered in the concealer but what has gone out. */
  #wasWhole = false;
  /** What the events of this tick said, until it is asked for. */
  #changes: readonly DigitChange[] = NO_CHANGE;
  #law: Law = 'ulaw';
  #payloadType: number | undefined;
  #telephoneEvent: number | undefined;
  /** The peer's own number, by which some send as well. */
  #theirEvent: number | undefined;
  #allowed = false;
  /** An event goes on: audio that comes beside it is not passed on, so that nobody hears the digit twice. */
  #digitOn = false;
  /** Blocks to conceal or fade out after the stream fell silent. */
  #wasSilent = true;

  readonly #header: RtpHeader = rtpHeader();
  #reception = new Reception();
  /** The jitter buffer's counters at the begin of this call, since it goes on counting. */
  #before = counted(this.#jitter);

  /** What RTCP reports of the peer's stream. */
  get reception(): Reception {
    return this.#reception;
  }

  open(): void {
    this.#jitter.clear();
    this.#events = new EventReceiver();
    this.#reception = new Reception();
    this.#before = counted(this.#jitter);
    this.#forget();
    this.#payloadType = undefined;
    this.#telephoneEvent = undefined;
    this.#theirEvent = undefined;
    this.#allowed = false;
    this.#changes = NO_CHANGE;
    this.#digitOn = false;
    this.#wasSilent = true;
    this.#wasWhole = false;
  }

  aim(target: RtpTarget): void {
    const law = target.codec === 'PCMU' ? 'ulaw' : 'alaw';
    // What waits was said in the old law and would be noise in the new one.
    if (law !== this.#law) {
      this.#jitter.clear();
      this.#wasWhole = false;
    }
    this.#law = law;
    const { payloadType, telephoneEvent } = target.heardAs ?? target;
    this.#payloadType = payloadType;
    this.#telephoneEvent = telephoneEvent;
    this.#theirEvent = target.telephoneEvent;
    this.#allowed = target.direction === 'sendrecv' || target.direction === 'recvonly';
  }

  /** Takes one datagram from an address (words at `at`) and port; `arrival` in samples, `tick` for the latch. */
  receive(
    bytes: Uint8Array,
    length: number,
    latch: Latch,
    words: Int32Array,
    at: number,
    port: number,
    arrival: number,
    tick: number,
  ): Heard {
    const header = this.#header;
    if (readRtp(bytes, 0, length, header) !== undefined) return 'malformed';
    const isAudio = header.payloadType === this.#payloadType;
    const { payloadType } = header;
    const isEvent = !isAudio && (payloadType === this.#telephoneEvent || payloadType === this.#theirEvent);
    if (!isAudio && !isEvent) return 'ignored';
    if (!latch.hear(words, at, port, header.ssrc, header.sequence, tick)) return 'refused';
    const { ssrc, sequence, timestamp, payloadAt, payloadLength } = header;
    // An event's packets repeat its first timestamp; the time that they speak of is that plus the duration.
    const moment = isEvent && payloadLength >= EVENT_PAYLOAD ? timestamp + read16(bytes, payloadAt + 2) : timestamp;
    this.#reception.receive(ssrc, sequence, moment, arrival);
    if (!this.#allowed) return 'ignored';
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
    this.#octets.copyWithin(0, BLOCK);
    this.#octets.set(block, CONCEALER_DELAY);
    const asItCame = taken === WHOLE && this.#wasWhole;
    this.#wasWhole = taken === WHOLE;
    // One more block after the last, for what the concealer still holds back.
    this.#wasSilent = taken === SILENT;
    if (this.#digitOn) return false;
    // Encoded anew, µ-law's minus zero would come out as its plus zero (G.711 §3.2).
    if (asItCame) block.set(this.#delayed);
    else encode(this.#law, this.#samples, 0, block, 0, BLOCK);
    return true;
  }

  /** Of the stream in; what we send is not known here. */
  stats(): Omit<StreamStats, 'sent' | 'roundTrip'> {
    const now = counted(this.#jitter);
    const before = this.#before;
    return {
      received: this.#reception.received,
      lost: this.#reception.lost,
      late: now.late - before.late,
      concealed: now.concealed - before.concealed,
      jitter: this.#reception.jitter / SAMPLES_PER_MS,
      slips: now.slips - before.slips,
    };
  }

  /** The digits that came as events since the last call. */
  digits(): readonly DigitChange[] {
    const changes = this.#changes;
    this.#changes = NO_CHANGE;
    return changes;
  }

  /** Fills the concealer with silence, so that nothing of an earlier call is ever heard in this one. */
  #forget(): void {
    for (let block = 0; block < CONCEALER_BLOCKS; block++) {
      this.#samples.fill(0);
      this.#concealer.block(this.#samples, 0, WHOLE);
    }
  }

  #tell(changes: readonly DigitChange[]): void {
    if (changes.length === 0) return;
    for (const change of changes) this.#digitOn = change.type === 'begin';
    this.#changes = this.#changes.length === 0 ? changes : [...this.#changes, ...changes];
  }
}

function counted(jitter: JitterBuffer): { readonly late: number; readonly concealed: number; readonly slips: number } {
  return { late: jitter.late, concealed: jitter.concealed, slips: jitter.dropped + jitter.repeated };
}
