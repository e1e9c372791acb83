import { HdlcDecoder } from '../../isdn/hdlc/decoder.ts';
import { HdlcEncoder } from '../../isdn/hdlc/encoder.ts';
import { BLOCK, IDLE } from '../../rtp/g711.ts';
import type { SpanMedia, TdmChannel } from '../media.ts';
import type { Loopback, SpanEvent, SpanMediaSpec } from '../port.ts';
import { TdmoeAlarms } from './alarms.ts';
import { Assembly, type FrameCounts } from './assembly.ts';
import { SAMPLES, type SpanPart } from './frame.ts';

export type TdmoeSpec = Extract<SpanMediaSpec, { readonly driver: 'tdmoe' }>;

/** D-channel octets that are decoded in one go, at most. */
const D_OCTETS = 64;

/** Seven ones or more abort a frame (Q.921 §2.9): what the D-channel hears in place of octets that are lost. */
const ABORT = new Uint8Array(2).fill(0xff);

/** Slots of a T1; a longer line idles in A-law. */
const T1_SLOTS = 24;

/**
 * One span over Ethernet, its D-channel included: the worker makes frames of LAPD out of the D-channel's octets, since samples never leave
 * it. The wire that it hangs on hands it frames and asks it for them.
 */
export class TdmoeMedia implements SpanMedia {
  readonly driver = 'tdmoe';
  readonly spec: TdmoeSpec;
  readonly alarms: TdmoeAlarms;
  readonly #channels: readonly TdmChannel[];
  readonly #say: (event: SpanEvent) => void;
  readonly #assembly: Assembly;
  /** A block of each slot, 160 octets in a row, that goes out frame by frame. */
  readonly #out: Uint8Array;
  readonly #outOf: readonly Uint8Array[];
  readonly #inOf: readonly Uint8Array[];
  readonly #idle: number;
  /** D-channel: its slot from 0, or −1. */
  readonly #dSlot: number;
  // A timeslot's first bit is its most significant one.
  readonly #decoder = new HdlcDecoder({ order: 'msb-first' });
  readonly #encoder = new HdlcEncoder({ order: 'msb-first' });
  readonly #dIn = new Uint8Array(D_OCTETS);
  readonly #dOut = new Uint8Array(SAMPLES);
  #dCount = 0;
  #sequence = 0;
  #loopback: Loopback | undefined;

  /** @param channels The channel of slot n at n − 1. @param now Milliseconds, on the clock of `hear` and `look`. */
  constructor(spec: TdmoeSpec, channels: readonly TdmChannel[], now: number, say: (event: SpanEvent) => void) {
    this.spec = spec;
    this.#channels = channels;
    this.#say = say;
    this.#idle = IDLE[spec.slots > T1_SLOTS ? 'alaw' : 'ulaw'];
    this.#dSlot = (spec.dSlot ?? 0) - 1;
    this.#out = new Uint8Array(spec.slots * BLOCK).fill(this.#idle);
    this.#outOf = channels.map((_, slot) => this.#out.subarray(slot * BLOCK, (slot + 1) * BLOCK));
    this.#assembly = new Assembly(spec.slots, () => this.#heardBlock());
    const { block } = this.#assembly;
    this.#inOf = channels.map((_, slot) => block.subarray(slot * BLOCK, (slot + 1) * BLOCK));
    this.alarms = new TdmoeAlarms(now, (alarm, raised) => say({ type: 'alarm', alarm, raised }));
  }

  get counts(): Readonly<FrameCounts> {
    return this.#assembly.counts;
  }

  /** Sends a LAPD frame; one that finds the queue full is lost, as on a line. */
  send(frame: Uint8Array): void {
    if (this.#loopback === undefined) this.#encoder.send(frame);
    else if (this.#loopback === 'local') this.#say({ type: 'frame', frame });
  }

  /**
   * A loopback begins, or ends; the B-channels' is made where they are. `local`: our frames come back to us, and the line goes on idle so
   * that its far end has no alarm. Otherwise the D-channel's octets go back with those of the other timeslots.
   */
  turn(loopback: Loopback | undefined): void {
    this.#loopback = loopback;
    this.#dCount = 0;
    if (loopback === 'local') this.#out.fill(this.#idle);
  }

  /** What it can't do, said once by its wire. */
  failed(why: string): void {
    this.#say({ type: 'failed', why });
  }

  /** And when it can again. */
  mended(): void {
    this.#say({ type: 'mended' });
  }

  receive(): void {
    // The wire has handed over what has come.
  }

  transmit(): void {
    for (let slot = 0; slot < this.#channels.length; slot++) {
      const channel = this.#channels[slot];
      const block = this.#outOf[slot];
      if (channel === undefined || block === undefined) continue;
      if (channel.isOpen) channel.tx.pull(block);
      else block.fill(this.#idle);
    }
  }

  /** One frame of this span. */
  hear(octets: Uint8Array, part: SpanPart, now: number): void {
    if (this.alarms.frame(part.yellow, now)) this.#assembly.reset();
    const missing = this.#assembly.take(part.sequence, octets, part.payload);
    if (missing < 0 || this.#dSlot < 0 || this.#loopback !== undefined) return;
    if (missing > 0) {
      this.endHearing();
      this.#decode(ABORT);
    }
    if (this.#dCount + SAMPLES > D_OCTETS) this.endHearing();
    const from = part.payload + this.#dSlot * SAMPLES;
    for (let i = 0; i < SAMPLES; i++) this.#dIn[this.#dCount++] = octets[from + i] as number;
  }

  /** No more frames for now: the D-channel hears what they brought. */
  endHearing(): void {
    if (this.#dCount === 0) return;
    this.#decode(this.#dIn.subarray(0, this.#dCount));
    this.#dCount = 0;
  }

  /** The counter of the next frame. */
  next(): number {
    const now = this.#sequence;
    this.#sequence = (now + 1) & 0xffff;
    return now;
  }

  /** Writes the timeslots of frame `place` (0–19) of the block. */
  speak(place: number, out: Uint8Array, payload: number): void {
    const { slots } = this.spec;
    for (let slot = 0; slot < slots; slot++) {
      const from = slot * BLOCK + place * SAMPLES;
      const to = payload + slot * SAMPLES;
      for (let i = 0; i < SAMPLES; i++) out[to + i] = this.#out[from + i] as number;
    }
    if (this.#dSlot < 0 || (this.#loopback !== undefined && this.#loopback !== 'local')) return;
    this.#encoder.fill(this.#dOut);
    out.set(this.#dOut, payload + this.#dSlot * SAMPLES);
  }

  #decode(octets: Uint8Array): void {
    for (const frame of this.#decoder.push(octets)) this.#say({ type: 'frame', frame });
  }

  #heardBlock(): void {
    if (this.#loopback === 'local') return;
    for (let slot = 0; slot < this.#channels.length; slot++) {
      const channel = this.#channels[slot];
      if (channel?.isOpen) channel.rx.push(this.#inOf[slot] as Uint8Array);
    }
  }
}
