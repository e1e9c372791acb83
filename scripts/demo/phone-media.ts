/** The demonstration phone's sound: one RTP socket, a source that it sends every 20 ms, and a record of what it hears. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { BLOCK, decode, encode, IDLE, type Law } from '../../src/rtp/g711.ts';
import {
  advance,
  isRtcp,
  nextSequence,
  RTP_HEADER,
  type RtpHeader,
  readRtp,
  rtpHeader,
  sequenceAfter,
  timestampAfter,
  writeRtp,
} from '../../src/rtp/packet.ts';
import { EventSender } from '../../src/rtp/telephone-event.ts';
import { peakOf, RATE, TonePair } from '../../src/rtp/tones.ts';
import type { AgreedAudio } from '../../src/sip/sdp/negotiate.ts';

/** What the phone says. Frequency in Hz, level in dBm0; samples are 8 kHz linear and are followed by silence. */
export type Source =
  | { readonly type: 'silence' }
  | { readonly type: 'tone'; readonly frequency: number; readonly level: number }
  | { readonly type: 'samples'; readonly samples: Int16Array };

/** A call's sound, as far as its dialog knows it: where it is heard, and where it goes. */
export interface CallSound {
  readonly port: number;
  /** What offer and answer agreed on. */
  aim(target: AgreedAudio): void;
  close(): Promise<void>;
}

/** What the phone heard: 8 kHz linear, in the order of the timestamps, gaps silent. */
export interface Heard {
  readonly samples: Int16Array;
  readonly law: Law;
  readonly packets: number;
  /** Sequence numbers that never came. */
  readonly lost: number;
}

/** The longest record: two minutes. */
const LONGEST = 120 * RATE;

const TICK = 20;
/** What is made up for after a delay, in milliseconds. */
const LATEST = 200;

export class PhoneMedia implements CallSound {
  readonly #socket: Socket;
  readonly #packet = new Uint8Array(RTP_HEADER + BLOCK);
  readonly #block = new Int16Array(BLOCK);
  readonly #tone = new TonePair();
  readonly #digits = new EventSender();
  readonly #header = rtpHeader();
  readonly #ssrc = Math.floor(Math.random() * 2 ** 32);
  #record = new Uint8Array(10 * RATE);
  #length = 0;
  #law: Law = 'ulaw';
  #packets = 0;
  #first: { readonly timestamp: number; readonly sequence: number } | undefined;
  #last = 0;
  #target: AgreedAudio | undefined;
  #source: Source = { type: 'silence' };
  #played = 0;
  #sequence = Math.floor(Math.random() * 65_536);
  #timestamp = Math.floor(Math.random() * 2 ** 32);
  #ticks = 0;
  #started = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiting: { readonly octets: number; readonly resolve: () => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes) => this.#heard(bytes));
    socket.on('error', () => {});
  }

  static async open(local: string): Promise<PhoneMedia> {
    const socket = createSocket('udp4');
    socket.bind(0, local);
    await once(socket, 'listening');
    return new PhoneMedia(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** What offer and answer agreed on; sending begins or goes on from here. */
  aim(target: AgreedAudio): void {
    this.#target = target;
    this.#law = target.codec === 'PCMU' ? 'ulaw' : 'alaw';
    if (this.#timer !== undefined) return;
    this.#started = performance.now();
    this.#tick();
  }

  /** Changes what the phone says, from the next packet on. */
  play(source: Source): void {
    this.#source = source;
    this.#played = 0;
    if (source.type === 'tone') this.#tone.set(source.frequency, peakOf(this.#law, source.level), 0, 0);
  }

  /** Sends a digit as telephone events (RFC 4733), `duration` in milliseconds. */
  press(digit: string, duration: number): void {
    this.#digits.press(digit, (duration * RATE) / 1000);
  }

  get heard(): Heard {
    const samples = new Int16Array(this.#length);
    decode(this.#law, this.#record, 0, samples, 0, this.#length);
    const expected = this.#first === undefined ? 0 : sequenceAfter(this.#first.sequence, this.#last) + 1;
    return { samples, law: this.#law, packets: this.#packets, lost: Math.max(0, expected - this.#packets) };
  }

  /** Resolves when `seconds` of sound have been heard from now on, or the socket is closed. */
  listen(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ octets: this.#length + seconds * RATE, resolve });
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #tick(): void {
    const target = this.#target;
    if (target !== undefined && (target.direction === 'sendrecv' || target.direction === 'sendonly'))
      this.#send(target);
    this.#timestamp = advance(this.#timestamp, BLOCK);
    this.#ticks++;
    const late = performance.now() - this.#started - this.#ticks * TICK;
    // A process that stood still for long doesn't say all it has missed at once.
    if (late > LATEST) this.#started += late;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, -late));
  }

  #send(target: AgreedAudio): void {
    const event = target.telephoneEvent;
    const first = this.#ticks === 0;
    if (event !== undefined && this.#digits.tick(this.#timestamp, this.#packet, RTP_HEADER)) {
      const { marker, timestamp } = this.#digits;
      this.#put(target, marker, event, timestamp, 4);
      return;
    }
    if (this.#source.type === 'tone') this.#tone.fill(this.#block, 0, BLOCK);
    else this.#block.fill(0);
    if (this.#source.type === 'samples') {
      this.#block.set(this.#source.samples.subarray(this.#played, this.#played + BLOCK));
      this.#played += BLOCK;
    }
    encode(this.#law, this.#block, 0, this.#packet, RTP_HEADER, BLOCK);
    this.#put(target, first, target.payloadType, this.#timestamp, BLOCK);
  }

  #put(target: AgreedAudio, marker: boolean, type: number, timestamp: number, octets: number): void {
    writeRtp(this.#packet, 0, marker, type, this.#sequence, timestamp, this.#ssrc);
    this.#sequence = nextSequence(this.#sequence);
    this.#socket.send(this.#packet.slice(0, RTP_HEADER + octets), target.port, target.address);
  }

  #heard(bytes: Uint8Array): void {
    const header = this.#header;
    if (isRtcp(bytes, 0, bytes.length) || readRtp(bytes, 0, bytes.length, header) !== undefined) return;
    this.#first ??= { timestamp: header.timestamp, sequence: header.sequence };
    this.#packets++;
    if (this.#packets === 1 || sequenceAfter(this.#last, header.sequence) > 0) this.#last = header.sequence;
    if (header.payloadType === this.#target?.telephoneEvent) return;
    this.#keep(bytes, header);
  }

  #keep(bytes: Uint8Array, header: RtpHeader): void {
    if (this.#first === undefined) return;
    const at = timestampAfter(this.#first.timestamp, header.timestamp);
    const end = at + header.payloadLength;
    if (at < 0 || end > LONGEST) return;
    if (end > this.#record.length) {
      const more = new Uint8Array(Math.min(LONGEST, 2 * end));
      more.set(this.#record.subarray(0, this.#length));
      this.#record = more;
    }
    if (end > this.#length) {
      this.#record.fill(IDLE[this.#law], this.#length, end);
      this.#length = end;
    }
    this.#record.set(bytes.subarray(header.payloadAt, header.payloadAt + header.payloadLength), at);
    const reached = this.#waiting.filter(({ octets }) => this.#length >= octets);
    this.#waiting = this.#waiting.filter(({ octets }) => this.#length < octets);
    for (const { resolve } of reached) resolve();
  }
}
