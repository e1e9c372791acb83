import type { Digit, Law, RtpTarget, StreamStats } from '../call/media.ts';
import type { Millis, WallTime } from '../kernel/time.ts';
import type { DigitChange } from '../rtp/digit.ts';
import { isRtcp, timestampAfter } from '../rtp/packet.ts';
import { RTCP_ROOM, RtcpSession, rtcpInterval } from '../rtp/rtcp.ts';
import { RATE } from '../rtp/tones.ts';
import { addressWords } from './address.ts';
import { Latch } from './latch.ts';
import type { PacketBatch } from './packet-io.ts';
import { type Heard, RtpReceiver } from './rtp-receiver.ts';
import { RtpSender } from './rtp-sender.ts';

/** A peer of whom nothing comes is reported every five seconds, counted in ticks of 20 ms. */
const SILENCE_SECONDS = 5;
const SILENCE_TICKS = SILENCE_SECONDS * 50;

const SAMPLES_PER_MS = RATE / 1000;

const ticksOf = (wait: Millis): number => Math.round(wait / 20);

/** The moment of a tick: its number, its time in samples on the loop's clock (32 bits that go round), the wall clock for RTCP. */
export interface Moment {
  tick: number;
  samples: number;
  wall: WallTime;
}

/** What one call's stream begins with: random numbers as RFC 3550 §5.1 asks, and the name of RFC 7022. */
export interface StreamSeed {
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly cname: string;
}

/** An endpoint's line to an RTP peer: a stream out, a stream in, their RTCP, one latch for all. Used by one call after the other. */
export class RtpLine {
  readonly type = 'rtp';
  /** The RTP socket's tag; the RTCP socket's is one more. */
  readonly tag: number;
  readonly #outbox: PacketBatch;
  /** 0…1, for the intervals of RTCP. */
  readonly #random: () => number;
  readonly #latch = new Latch();
  readonly #sender = new RtpSender();
  readonly #receiver = new RtpReceiver();
  #rtcp = new RtcpSession(0, '');
  #law: Law = 'ulaw';
  #aimed = false;
  #expects = false;
  #quiet = 0;
  /** Where the peer takes RTCP: 0 while unknown. */
  #rtcpPort = 0;
  #rtcpPortHeard = 0;
  #rtcpMux = false;
  #reportAt = 0;
  #reported = false;

  constructor(tag: number, outbox: PacketBatch, random: () => number) {
    this.tag = tag;
    this.#outbox = outbox;
    this.#random = random;
  }

  get law(): Law {
    return this.#law;
  }

  get takesEvents(): boolean {
    return this.#sender.takesEvents;
  }

  open(seed: StreamSeed): void {
    this.#rtcp = new RtcpSession(seed.ssrc, seed.cname);
    this.#law = 'ulaw';
    this.#aimed = false;
    this.#expects = false;
    this.#quiet = 0;
    this.#rtcpPortHeard = 0;
    this.#reportAt = 0;
    this.#reported = false;
    this.#latch.clear();
    this.#sender.open(seed.ssrc, seed.sequence, seed.timestamp);
    this.#receiver.open();
  }

  /** False when the target's address is not a literal one. */
  aim(target: RtpTarget): boolean {
    const words = addressWords(target.address);
    if (words === undefined) return false;
    this.#law = target.codec === 'PCMU' ? 'ulaw' : 'alaw';
    this.#aimed = true;
    // Who holds us (`sendonly`, so `recvonly` here) may play music or nothing at all.
    this.#expects = target.direction === 'sendrecv';
    this.#quiet = 0;
    this.#rtcpPort = target.rtcpPort ?? target.port + 1;
    this.#rtcpMux = target.rtcpPort === target.port;
    this.#latch.aim(words, target.port);
    this.#sender.aim(target);
    this.#receiver.aim(target);
    return true;
  }

  /**
   * Takes a datagram of one of the two sockets, which arrived at `arrival`, in samples; the peer's address words begin at `at`.
   * Whole numbers of 32 bits, since a fraction handed on would be an object on the heap for each packet.
   */
  receive(
    tag: number,
    bytes: Uint8Array,
    length: number,
    words: Int32Array,
    at: number,
    port: number,
    arrival: number,
    moment: Moment,
  ): Heard {
    if (tag !== this.tag || isRtcp(bytes, 0, length)) {
      if (!this.#latch.knows(words, at)) return 'refused';
      return this.#receiveRtcp(
        bytes,
        length,
        port,
        moment.wall - timestampAfter(arrival, moment.samples) / SAMPLES_PER_MS,
      );
    }
    const heard = this.#receiver.receive(bytes, length, this.#latch, words, at, port, arrival, moment.tick);
    if (heard === 'audio' || heard === 'event') this.#quiet = 0;
    return heard;
  }

  hear(block: Uint8Array): boolean {
    return this.#receiver.hear(block);
  }

  digits(): readonly DigitChange[] {
    return this.#receiver.digits();
  }

  speak(block: Uint8Array): void {
    this.#sender.speak(block, this.tag, this.#latch, this.#outbox);
  }

  press(digit: Digit, samples: number): void {
    this.#sender.press(digit, samples);
  }

  /** The end of a tick: sends the report that is due. Answers for how many seconds nothing has come when that is to be told, else 0. */
  tick(moment: Moment): number {
    if (!this.#aimed) return 0;
    if (this.#reportAt === 0) this.#reportAt = moment.tick + ticksOf(rtcpInterval(this.#random(), true));
    else if (moment.tick >= this.#reportAt) {
      this.#report(moment, false);
      this.#reportAt = moment.tick + ticksOf(rtcpInterval(this.#random(), false));
    }
    if (!this.#expects) return 0;
    this.#quiet++;
    return this.#quiet % SILENCE_TICKS === 0 ? (this.#quiet / SILENCE_TICKS) * SILENCE_SECONDS : 0;
  }

  /** Says BYE, unless the peer never heard of us (RFC 3550 §6.3.7). */
  leave(moment: Moment): void {
    if (this.#aimed && (this.#reported || this.#sender.packets > 0)) this.#report(moment, true);
  }

  stats(): StreamStats {
    return {
      ...this.#receiver.stats(),
      sent: this.#sender.packets,
      roundTrip: this.#rtcp.roundTrip,
    };
  }

  #receiveRtcp(bytes: Uint8Array, length: number, port: number, wall: number): Heard {
    if (this.#rtcp.receive(bytes, 0, length, wall as WallTime) !== undefined) return 'malformed';
    this.#rtcpPortHeard = port;
    this.#quiet = 0;
    return 'rtcp';
  }

  #report(moment: Moment, bye: boolean): void {
    const room = this.#outbox.open();
    const port = this.#rtcpTo();
    if (room === undefined || room.length < RTCP_ROOM || port === 0) return;
    const { timestamp, packets, octets } = this.#sender;
    const sender = { wall: moment.wall, timestamp, packets, octets };
    const length = this.#rtcp.report(room, 0, sender, this.#receiver.reception, bye);
    this.#outbox.close(this.#rtcpMux ? this.tag : this.tag + 1, length, this.#latch.address, port);
    this.#reported = true;
  }

  /** RTCP follows RTP to a peer that moved: to where its own reports come from, else to the port above. */
  #rtcpTo(): number {
    if (this.#latch.port === 0) return 0;
    if (this.#rtcpMux) return this.#latch.port;
    if (!this.#latch.moved) return this.#rtcpPort;
    return this.#rtcpPortHeard === 0 ? this.#latch.port + 1 : this.#rtcpPortHeard;
  }
}
