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

/** A channel's descriptor, read and written one piece at a time. */
class Pieces {
  readonly #parts: DChannelParts;
  readonly #fd: Int32Array;
  readonly #length = new Int32Array(1);
  #closed = false;

  /** @param count Pieces of `size` octets that the driver keeps, in each direction. */
  constructor(parts: DChannelParts, count: number, size: number) {
    this.#parts = parts;
    this.#fd = Int32Array.of(parts.descriptor);
    parts.native.deviceControl(parts.descriptor, REQUEST.setBufferInfo, bufferInfoOf(count, size));
  }

  /** Writes one; answers its length, or −errno. */
  write(piece: Uint8Array): number {
    this.#length[0] = piece.length;
    this.#parts.native.deviceWrite(this.#fd, piece, this.#length, piece.length);
    return this.#length[0] ?? 0;
  }

  /**
   * Reads into `piece` what is there, `most` times at most. `heard` gets the length of each, `happened` the events in between; either of
   * them may close the channel.
   */
  readAll(piece: Uint8Array, most: number, heard: (length: number) => void, happened = this.#parts.events): void {
    const { native, descriptor, gone } = this.#parts;
    for (let n = 0; n < most && !this.#closed; n++) {
      native.deviceRead(this.#fd, piece, this.#length, piece.length);
      const length = this.#length[0] ?? 0;
      if (length > 0) heard(length);
      else if (length === -constants.errno.EAGAIN) return;
      else if (length !== -EVENT_WAITS) gone();
      else happened(drainEvents(native, descriptor));
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    this.#parts.native.close(this.#parts.descriptor);
  }
}

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
  readonly #pieces: Pieces;
  readonly #buffer = new Uint8Array(FRAME);

  constructor(parts: DChannelParts) {
    this.#parts = parts;
    this.descriptor = parts.descriptor;
    this.#pieces = new Pieces(parts, FRAMES, FRAME);
  }

  send(frame: Uint8Array): void {
    if (frame.length + FCS > FRAME) return;
    const data = new Uint8Array(frame.length + FCS);
    data.set(frame);
    // An event that waits refuses the first attempt only.
    for (let attempt = 0; attempt < 2 && !this.#pieces.closed; attempt++) {
      if (this.#pieces.write(data) !== -EVENT_WAITS) return;
      this.#parts.events(drainEvents(this.#parts.native, this.descriptor));
    }
  }

  ready(): void {
    this.#pieces.readAll(this.#buffer, BURST, (length) => {
      if (length > FCS) this.#parts.frame(this.#buffer.slice(0, length - FCS));
    });
  }

  close(): void {
    this.#pieces.close();
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
  readonly #pieces: Pieces;
  readonly #block = new Uint8Array(OCTETS);
  // A timeslot's first bit is its most significant one.
  readonly #decoder = new HdlcDecoder({ order: 'msb-first' });
  readonly #encoder = new HdlcEncoder({ order: 'msb-first' });

  constructor(parts: DChannelParts) {
    const { native, descriptor } = parts;
    this.#parts = parts;
    this.descriptor = descriptor;
    this.#pieces = new Pieces(parts, BLOCKS, OCTETS);
    native.deviceControl(descriptor, REQUEST.flush, intOf(FLUSH.all));
    native.deviceControl(descriptor, REQUEST.bufferEvents, intOf(1));
    this.#write(PRIME);
  }

  send(frame: Uint8Array): void {
    this.#encoder.send(frame);
  }

  ready(): void {
    this.#pieces.readAll(
      this.#block,
      BLOCKS,
      (length) => {
        const frames = this.#decoder.push(this.#block.subarray(0, length));
        this.#write(1);
        for (const frame of frames) this.#parts.frame(frame);
      },
      (events) => {
        if (events.includes(EVENT.writeUnderrun)) this.#write(PRIME);
        this.#parts.events(events);
      },
    );
  }

  close(): void {
    this.#pieces.close();
  }

  #write(blocks: number): void {
    for (let n = 0; n < blocks; n++) {
      this.#encoder.fill(this.#block);
      this.#pieces.write(this.#block);
    }
  }
}
