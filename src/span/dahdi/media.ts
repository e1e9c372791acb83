import { BLOCK, IDLE } from '../../rtp/g711.ts';
import type { SpanMedia, TdmChannel } from '../media.ts';
import type { SpanEvent } from '../port.ts';
import { EVENT, EVENT_WAITS, FLUSH, intOf, REQUEST } from './abi.ts';
import { type DeviceNative, drainEvents } from './driver.ts';

/**
 * Idle blocks that are written before a channel's first: one goes out while one is read, and the others cover ticks that are late. How many
 * wait at any time the driver doesn't tell.
 */
const PRIME = 4;

/**
 * All channels of a span have one clock: where the first has no second block, neither have the others, so only that one is asked, which saves
 * half of all reads. Every so many ticks all are asked, for those that lag behind for a reason of their own.
 */
const ASK_ALL = 16;

/** Blocks that a channel may have brought since the last tick: what is beyond waits for the next. */
const MOST_BLOCKS = 4;

const NONE = -1;

/** What the main thread has opened for this span: descriptors that are the worker's from now on. */
export interface DahdiAttachment {
  readonly mode: 'channels' | 'bundle';
  /** The B-channels' slots, from 1; in a bundle in the order in which its octets are interleaved. */
  readonly slots: readonly number[];
  /** A descriptor for each of them, or the one of the bundle. */
  readonly descriptors: readonly number[];
}

/**
 * The B-channels of a DAHDI span, in one sweep per tick. The line's clock is the driver's: a block is written for each that was read, so
 * that what is queued there stays what it was at the start.
 */
export class DahdiMedia implements SpanMedia {
  readonly driver = 'dahdi';
  readonly #native: DeviceNative;
  readonly #channels: readonly TdmChannel[];
  readonly #say: (event: SpanEvent) => void;
  #port: ChannelPort | BundlePort | undefined;

  /** @param channels The channel of slot n at n − 1. */
  constructor(native: DeviceNative, channels: readonly TdmChannel[], say: (event: SpanEvent) => void) {
    this.#native = native;
    this.#channels = channels;
    this.#say = say;
  }

  /** The span is there. */
  attach({ mode, slots, descriptors }: DahdiAttachment): void {
    this.detach();
    const channels = slots.map((slot) => this.#channels[slot - 1]).filter((channel) => channel !== undefined);
    this.#port =
      mode === 'bundle'
        ? new BundlePort(this.#native, channels, descriptors[0] ?? NONE)
        : new ChannelPort(this.#native, channels, descriptors);
  }

  /** The span has gone, or is no longer ours. */
  detach(): void {
    this.#port?.close();
    this.#port = undefined;
  }

  receive(): void {
    if (this.#port === undefined || this.#port.receive()) return;
    this.detach();
    this.#say({ type: 'failed', why: 'the driver has taken the B-channels away' });
  }

  transmit(): void {
    this.#port?.transmit();
  }
}

/** What a refused read or write means: true where the channel goes on. `slipped` is told of buffers that ran dry, or over. */
function goesOn(native: DeviceNative, fd: number, result: number, slipped: (dry: boolean) => void): boolean {
  // EAGAIN and the like: nothing there, or no room.
  if (result !== -EVENT_WAITS) return true;
  for (const event of drainEvents(native, fd)) {
    if (event === EVENT.removed) return false;
    if (event === EVENT.writeUnderrun) slipped(true);
    else if (event === EVENT.readOverrun) slipped(false);
  }
  return true;
}

/** Everything queued is thrown away, and overruns are told from here on. */
function begin(native: DeviceNative, fd: number): void {
  native.deviceControl(fd, REQUEST.flush, intOf(FLUSH.all));
  native.deviceControl(fd, REQUEST.bufferEvents, intOf(1));
}

/** A descriptor for each channel. */
class ChannelPort {
  readonly #native: DeviceNative;
  readonly #channels: readonly TdmChannel[];
  readonly #all: Int32Array;
  /** Those that take part in the sweep, each at its place; the others are NONE. */
  readonly #sweep: Int32Array;
  readonly #active: boolean[];
  /** Their line ran dry since the last tick. */
  readonly #dry: boolean[];
  /** Blocks that each channel's line wants. */
  readonly #wanted: Int32Array;
  readonly #lengths: Int32Array;
  readonly #data: Uint8Array;
  readonly #blocks: readonly Uint8Array[];
  #ticks = 0;

  constructor(native: DeviceNative, channels: readonly TdmChannel[], descriptors: readonly number[]) {
    this.#native = native;
    this.#channels = channels;
    this.#all = Int32Array.from(descriptors);
    this.#sweep = new Int32Array(channels.length).fill(NONE);
    this.#active = channels.map(() => false);
    this.#dry = channels.map(() => false);
    this.#wanted = new Int32Array(channels.length);
    this.#lengths = new Int32Array(channels.length);
    this.#data = new Uint8Array(channels.length * BLOCK);
    this.#blocks = channels.map((_, n) => this.#data.subarray(n * BLOCK, (n + 1) * BLOCK));
  }

  /** False when the channels have been taken away. */
  receive(): boolean {
    for (let n = 0; n < this.#channels.length; n++) this.#follow(n);
    const all = ++this.#ticks % ASK_ALL === 0;
    for (let round = 0; round < MOST_BLOCKS; round++) {
      if (this.#native.deviceRead(this.#sweep, this.#data, this.#lengths, BLOCK) === 0 && round > 0) return true;
      for (let n = 0; n < this.#channels.length; n++) {
        if (this.#sweep[n] !== NONE && !this.#heard(n, this.#lengths[n] as number)) return false;
      }
      if (round === 0 && !all) this.#askOne();
      else if (round === 1 && !all) this.#askAll();
    }
    return true;
  }

  /** Only the first that gave a block stays, and those whose block is behind an event. */
  #askOne(): void {
    let found = false;
    for (let n = 0; n < this.#channels.length; n++) {
      if (this.#sweep[n] === NONE || this.#lengths[n] === -EVENT_WAITS) continue;
      if (found) this.#sweep[n] = NONE;
      found = true;
    }
  }

  #askAll(): void {
    for (let n = 0; n < this.#channels.length; n++) this.#sweep[n] = this.#active[n] ? (this.#all[n] as number) : NONE;
  }

  transmit(): void {
    // A line that ran dry is primed anew, and the blocks that it missed are not sent after: they would wait there for ever.
    for (let n = 0; n < this.#channels.length; n++) {
      if (!this.#dry[n]) continue;
      this.#dry[n] = false;
      this.#wanted[n] = 1;
      this.#idle(n, PRIME - 1);
    }
    for (let round = 0; round < MOST_BLOCKS; round++) {
      let any = false;
      for (let n = 0; n < this.#channels.length; n++) {
        const wants = this.#active[n] === true && (this.#wanted[n] as number) > 0;
        this.#sweep[n] = wants ? (this.#all[n] as number) : NONE;
        this.#lengths[n] = wants ? BLOCK : 0;
        if (!wants) continue;
        any = true;
        this.#wanted[n] = (this.#wanted[n] as number) - 1;
        this.#channels[n]?.tx.pull(this.#blocks[n] as Uint8Array);
      }
      if (!any) return;
      this.#native.deviceWrite(this.#sweep, this.#data, this.#lengths, BLOCK);
    }
  }

  close(): void {
    for (const fd of this.#all) this.#native.close(fd);
  }

  /** A call begins or ends on a channel: it joins the sweep, or leaves it. */
  #follow(n: number): void {
    const channel = this.#channels[n];
    const fd = this.#all[n] as number;
    const open = channel?.isOpen === true;
    if (open !== this.#active[n]) {
      this.#active[n] = open;
      this.#wanted[n] = 0;
      begin(this.#native, fd);
      if (open) this.#idle(n, PRIME);
    }
    this.#sweep[n] = open ? fd : NONE;
  }

  #idle(n: number, blocks: number): void {
    const block = (this.#blocks[n] as Uint8Array).fill(IDLE[this.#channels[n]?.law ?? 'ulaw']);
    const one = Int32Array.of(this.#all[n] as number);
    for (let k = 0; k < blocks; k++) this.#native.deviceWrite(one, block, Int32Array.of(BLOCK), BLOCK);
  }

  #heard(n: number, result: number): boolean {
    if (result === BLOCK) {
      this.#channels[n]?.rx.push(this.#blocks[n] as Uint8Array);
      this.#wanted[n] = (this.#wanted[n] as number) + 1;
      return true;
    }
    const fd = this.#all[n] as number;
    const slipped = (dry: boolean): void => {
      this.#channels[n]?.lineSlipped();
      if (dry) this.#dry[n] = true;
    };
    if (!goesOn(this.#native, fd, result, slipped)) return false;
    // An event came in between: what waits behind it is read in the next round.
    if (result !== -EVENT_WAITS) this.#sweep[n] = NONE;
    return true;
  }
}

/** One descriptor for all channels of a span: their octets interleaved, in lock-step. */
class BundlePort {
  readonly #native: DeviceNative;
  readonly #channels: readonly TdmChannel[];
  readonly #fd: Int32Array;
  readonly #length = new Int32Array(1);
  readonly #data: Uint8Array;
  readonly #block = new Uint8Array(BLOCK);
  #active = false;
  #wanted = 0;
  #dry = false;

  constructor(native: DeviceNative, channels: readonly TdmChannel[], descriptor: number) {
    this.#native = native;
    this.#channels = channels;
    this.#fd = Int32Array.of(descriptor);
    this.#data = new Uint8Array(channels.length * BLOCK);
  }

  receive(): boolean {
    this.#follow();
    if (!this.#active) return true;
    for (let round = 0; round < MOST_BLOCKS; round++) {
      this.#native.deviceRead(this.#fd, this.#data, this.#length, this.#data.length);
      const result = this.#length[0] as number;
      if (result === this.#data.length) this.#heard();
      else if (!goesOn(this.#native, this.#fd[0] as number, result, this.#slipped)) return false;
      else if (result !== -EVENT_WAITS) return true;
    }
    return true;
  }

  transmit(): void {
    const width = this.#channels.length;
    if (this.#dry) {
      this.#dry = false;
      this.#wanted = 1;
      this.#idle(PRIME - 1);
    }
    for (let round = 0; round < MOST_BLOCKS && this.#wanted > 0; round++, this.#wanted--) {
      for (let n = 0; n < width; n++) {
        const channel = this.#channels[n] as TdmChannel;
        if (channel.isOpen) channel.tx.pull(this.#block);
        else this.#block.fill(IDLE[channel.law]);
        for (let i = 0; i < BLOCK; i++) this.#data[i * width + n] = this.#block[i] as number;
      }
      this.#write();
    }
  }

  close(): void {
    this.#native.close(this.#fd[0] as number);
  }

  readonly #slipped = (dry: boolean): void => {
    this.#dry ||= dry;
    for (const channel of this.#channels) if (channel.isOpen) channel.lineSlipped();
  };

  /** While no call is up nothing is read, and what is old is thrown away before the first one. */
  #follow(): void {
    let open = false;
    for (let n = 0; n < this.#channels.length; n++) open ||= this.#channels[n]?.isOpen === true;
    if (open === this.#active) return;
    this.#active = open;
    this.#wanted = 0;
    begin(this.#native, this.#fd[0] as number);
    if (!open) return;
    this.#idle(PRIME);
  }

  #heard(): void {
    const width = this.#channels.length;
    this.#wanted++;
    for (let n = 0; n < width; n++) {
      const channel = this.#channels[n] as TdmChannel;
      if (!channel.isOpen) continue;
      for (let i = 0; i < BLOCK; i++) this.#block[i] = this.#data[i * width + n] as number;
      channel.rx.push(this.#block);
    }
  }

  #idle(blocks: number): void {
    this.#data.fill(IDLE[this.#channels[0]?.law ?? 'ulaw']);
    for (let n = 0; n < blocks; n++) this.#write();
  }

  #write(): void {
    this.#length[0] = this.#data.length;
    this.#native.deviceWrite(this.#fd, this.#data, this.#length, this.#data.length);
  }
}
