import { constants } from 'node:os';
import { HdlcDecoder } from '../../isdn/hdlc/decoder.ts';
import { HdlcEncoder } from '../../isdn/hdlc/encoder.ts';
import { bufferInfoOf, EVENT, EVENT_WAITS, FLUSH, intOf, REQUEST } from './abi.ts';
import { type DeviceNative, drainEvents } from './driver.ts';

/** Who makes the frames of the D-channel: the driver (or the card), or we out of the timeslot's octets. */
export type DChannelForm = 'frames' | 'octets';

export interface DChannelParts {
  readonly native: DeviceNative;
  /** Of the channel: ours from here on. */
  readonly descriptor: number;
  /** A frame without its FCS. */
  readonly frame: (frame: Uint8Array) => void;
  /** Events of the descriptor. The span may close this D-channel in answer. */
  readonly events: (events: readonly number[]) => void;
  /** The channel has been taken away. */
  readonly gone: () => void;
}

/** The D-channel of a DAHDI span, between frames of LAPD and its descriptor. */
export interface DahdiDChannel {
  readonly descriptor: number;
  /** A frame that can't go is lost, as on a line. */
  send(frame: Uint8Array): void;
  /** The descriptor has something. */
  ready(): void;
  close(): void;
}

export const openDChannel = (form: DChannelForm, parts: DChannelParts): DahdiDChannel =>
  form === 'frames' ? new FrameDChannel(parts) : new OctetDChannel(parts);

/** Buffers: a frame each. */
const FRAMES = 16;
const FRAME = 512;
const FCS = 2;
/** Frames taken in one go. */
const BURST = 64;

/** The driver makes the frames: it checks the FCS of those that come, which stays behind them, and puts one into those that go. */
class FrameDChannel implements DahdiDChannel {
  readonly descriptor: number;
  readonly #parts: DChannelParts;
  readonly #fd: Int32Array;
  readonly #buffer = new Uint8Array(FRAME);
  readonly #length = new Int32Array(1);
  #closed = false;

  constructor(parts: DChannelParts) {
    this.#parts = parts;
    this.descriptor = parts.descriptor;
    this.#fd = Int32Array.of(parts.descriptor);
    parts.native.deviceControl(parts.descriptor, REQUEST.setBufferInfo, bufferInfoOf(FRAMES, FRAME));
  }

  send(frame: Uint8Array): void {
    if (frame.length + FCS > FRAME) return;
    const { native, events } = this.#parts;
    const data = new Uint8Array(frame.length + FCS);
    data.set(frame);
    // An event that waits refuses the first attempt only.
    for (let attempt = 0; attempt < 2 && !this.#closed; attempt++) {
      this.#length[0] = data.length;
      native.deviceWrite(this.#fd, data, this.#length, data.length);
      if (this.#length[0] !== -EVENT_WAITS) return;
      events(drainEvents(native, this.descriptor));
    }
  }

  ready(): void {
    const { native, frame, events, gone } = this.#parts;
    for (let n = 0; n < BURST && !this.#closed; n++) {
      native.deviceRead(this.#fd, this.#buffer, this.#length, FRAME);
      const length = this.#length[0] ?? 0;
      if (length > FCS) frame(this.#buffer.slice(0, length - FCS));
      else if (length === -constants.errno.EAGAIN) return;
      else if (length !== -EVENT_WAITS) gone();
      else events(drainEvents(native, this.descriptor));
    }
  }

  close(): void {
    this.#closed = true;
    this.#parts.native.close(this.descriptor);
  }
}

/** Octets of a block: 10 ms, so that a frame waits little and this thread is woken a hundred times a second. */
const OCTETS = 80;
const BLOCKS = 16;
/** Blocks of flags that are written before the first: what goes out while this thread is busy. */
const PRIME = 4;

/** Only the timeslot's octets come: flags, zeros and FCS are ours. A block goes out for each that came, as on the B-channels. */
class OctetDChannel implements DahdiDChannel {
  readonly descriptor: number;
  readonly #parts: DChannelParts;
  readonly #fd: Int32Array;
  readonly #block = new Uint8Array(OCTETS);
  readonly #length = new Int32Array(1);
  // A timeslot's first bit is its most significant one.
  readonly #decoder = new HdlcDecoder({ order: 'msb-first' });
  readonly #encoder = new HdlcEncoder({ order: 'msb-first' });
  #closed = false;

  constructor(parts: DChannelParts) {
    const { native, descriptor } = parts;
    this.#parts = parts;
    this.descriptor = descriptor;
    this.#fd = Int32Array.of(descriptor);
    native.deviceControl(descriptor, REQUEST.setBufferInfo, bufferInfoOf(BLOCKS, OCTETS));
    native.deviceControl(descriptor, REQUEST.flush, intOf(FLUSH.all));
    native.deviceControl(descriptor, REQUEST.bufferEvents, intOf(1));
    this.#write(PRIME);
  }

  send(frame: Uint8Array): void {
    this.#encoder.send(frame);
  }

  ready(): void {
    const { native, frame, events, gone } = this.#parts;
    for (let n = 0; n < BLOCKS && !this.#closed; n++) {
      native.deviceRead(this.#fd, this.#block, this.#length, OCTETS);
      const length = this.#length[0] ?? 0;
      if (length > 0) {
        const frames = this.#decoder.push(this.#block.subarray(0, length));
        this.#write(1);
        for (const one of frames) frame(one);
      } else if (length === -constants.errno.EAGAIN) return;
      else if (length !== -EVENT_WAITS) gone();
      else {
        const heard = drainEvents(native, this.descriptor);
        if (heard.includes(EVENT.writeUnderrun)) this.#write(PRIME);
        events(heard);
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#parts.native.close(this.descriptor);
  }

  #write(blocks: number): void {
    for (let n = 0; n < blocks; n++) {
      this.#encoder.fill(this.#block);
      this.#length[0] = OCTETS;
      this.#parts.native.deviceWrite(this.#fd, this.#block, this.#length, OCTETS);
    }
  }
}
