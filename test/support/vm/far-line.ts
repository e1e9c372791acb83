/**
 * The far end of a DAHDI span inside the guest, for libpri and known sounds: the D-channel's frames go to a UDP port and come from
 * there, and each B-channel says one stream and judges what it hears against another. Whoever calls `tick` is its clock.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { Native } from '../../../src/native/native.ts';
import { BLOCK, IDLE } from '../../../src/rtp/g711.ts';
import { bufferInfoOf, EVENT, EVENT_WAITS, FLUSH, intOf, REQUEST, readInt, SIZE } from '../../../src/span/dahdi/abi.ts';
import { KnownSink, KnownSource } from '../known-sound.ts';

const SLOTS = 23;
const D_SLOT = 24;
const FRAME = 512;
/** Blocks that wait to go out, so that a late tick leaves no gap. */
const PRIME = 5;
const MOST = 4;

export interface FarLineOptions {
  /** The number of the span's first channel in the driver. */
  readonly first: number;
  /** Our UDP port on 127.0.0.1, and libpri's. */
  readonly port: number;
  readonly libpri: number;
  /** The stream that a slot says, and the one that it hears. */
  readonly says: (slot: number) => number;
  readonly hears: (slot: number) => number;
}

export class FarLine {
  readonly sinks: readonly KnownSink[];
  /** While true, no frame passes in either direction. */
  cut = false;
  /** Blocks that went out late, so that the line was idle meanwhile, and blocks that came and were not taken in time. */
  underruns = 0;
  overruns = 0;
  readonly #native: Native;
  readonly #options: FarLineOptions;
  readonly #sources: readonly KnownSource[];
  readonly #socket: Socket;
  readonly #b = new Int32Array(SLOTS);
  /** Ran dry since the last tick: what was to cover late ticks is to be written anew. */
  readonly #dry = new Array<boolean>(SLOTS).fill(false);
  readonly #rest = this.#b.subarray(1);
  readonly #lengths = new Int32Array(SLOTS);
  readonly #data = new Uint8Array(SLOTS * BLOCK);
  readonly #frame = new Uint8Array(FRAME);
  #d = -1;
  #unwatch = (): void => {};

  private constructor(native: Native, options: FarLineOptions, socket: Socket) {
    this.#native = native;
    this.#options = options;
    this.#socket = socket;
    const slots = Array.from({ length: SLOTS }, (_, n) => n + 1);
    this.#sources = slots.map((slot) => new KnownSource(options.says(slot)));
    this.sinks = slots.map((slot) => new KnownSink(options.hears(slot)));
    socket.on('message', (frame) => this.#toLine(frame));
    socket.on('error', () => {});
  }

  /** Opens the channels of a span that something else has configured. */
  static async open(native: Native, options: FarLineOptions): Promise<FarLine> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(options.port, '127.0.0.1', resolve);
    });
    const line = new FarLine(native, options, socket);
    line.plug();
    return line;
  }

  /** Opens the span's channels, at first and after `unplug`. */
  plug(): void {
    const { first } = this.#options;
    for (let n = 0; n < SLOTS; n++) {
      const fd = this.#channel(first + n, 8, BLOCK);
      this.#native.deviceControl(fd, REQUEST.flush, intOf(FLUSH.all));
      this.#native.deviceControl(fd, REQUEST.bufferEvents, intOf(1));
      this.#b[n] = fd;
    }
    for (let n = 0; n < PRIME; n++) this.#write(() => true, true);
    this.#d = this.#channel(first + D_SLOT - 1, 16, FRAME);
    const watched = this.#native.watch(this.#d, () => this.#fromLine());
    if (!watched.ok) throw new Error(watched.error.code);
    this.#unwatch = watched.value;
  }

  /** Gives the channels back, so that the span can be destroyed. */
  unplug(): void {
    if (this.#d < 0) return;
    this.#unwatch();
    for (const fd of [...this.#b, this.#d]) this.#native.close(fd);
    this.#b.fill(-1);
    this.#d = -1;
  }

  close(): void {
    this.unplug();
    this.#socket.close();
  }

  /** Takes what the B-channels have brought; says a block for each. All have one clock, so only the first is asked for more. */
  tick(): void {
    for (let round = 0; round < MOST && this.#d >= 0; round++) {
      if (this.#read(0, 1) !== BLOCK) return;
      this.#native.deviceRead(this.#rest, this.#data.subarray(BLOCK), this.#lengths.subarray(1), BLOCK);
      for (let n = 1; n < SLOTS; n++) if (this.#lengths[n] === -EVENT_WAITS) this.#read(n, 2);
      const read = [...this.#lengths];
      for (let n = 0; n < SLOTS; n++) {
        if (read[n] === BLOCK) this.sinks[n]?.hear(this.#data.subarray(n * BLOCK, (n + 1) * BLOCK));
      }
      if (this.#dry.includes(true)) for (let k = 1; k < PRIME; k++) this.#write((n) => this.#dry[n] === true, true);
      this.#dry.fill(false);
      this.#write((n) => read[n] === BLOCK, false);
    }
  }

  /** Reads one channel; events that wait there are taken off first. */
  #read(n: number, attempts: number): number {
    const [fd, length] = [this.#b.subarray(n, n + 1), this.#lengths.subarray(n, n + 1)];
    for (let attempt = 0; attempt <= attempts; attempt++) {
      this.#native.deviceRead(fd, this.#data.subarray(n * BLOCK), length, BLOCK);
      if (length[0] !== -EVENT_WAITS) break;
      this.#events(fd[0] as number);
    }
    return length[0] ?? 0;
  }

  #write(which: (n: number) => boolean, idle: boolean): void {
    for (let n = 0; n < SLOTS; n++) {
      this.#lengths[n] = which(n) ? BLOCK : 0;
      const block = this.#data.subarray(n * BLOCK, (n + 1) * BLOCK);
      if (idle) block.fill(IDLE.ulaw);
      else if (which(n)) this.#sources[n]?.fill(block);
    }
    const fds = this.#b.map((fd, n) => (which(n) ? fd : -1));
    this.#native.deviceWrite(fds, this.#data, this.#lengths, BLOCK);
  }

  #fromLine(): void {
    const fds = Int32Array.of(this.#d);
    const length = new Int32Array(1);
    for (;;) {
      if (this.#d < 0) return;
      this.#native.deviceRead(fds, this.#frame, length, FRAME);
      const count = length[0] ?? 0;
      if (count === -EVENT_WAITS) this.#events(this.#d);
      else if (count <= 2) return;
      // Without its FCS, which the driver has checked.
      else if (!this.cut) this.#socket.send(this.#frame.slice(0, count - 2), this.#options.libpri, '127.0.0.1');
    }
  }

  /** The driver puts the FCS into the last two octets. */
  #toLine(frame: Uint8Array): void {
    if (this.cut || this.#d < 0) return;
    const data = new Uint8Array(frame.length + 2);
    data.set(frame);
    const length = Int32Array.of(data.length);
    this.#native.deviceWrite(Int32Array.of(this.#d), data, length, data.length);
    if (length[0] !== -EVENT_WAITS) return;
    this.#events(this.#d);
    length[0] = data.length;
    this.#native.deviceWrite(Int32Array.of(this.#d), data, length, data.length);
  }

  #events(fd: number): void {
    const event = new Uint8Array(SIZE.int);
    for (let n = 0; n < 64; n++) {
      if (!this.#native.deviceControl(fd, REQUEST.getEvent, event).ok || readInt(event) === EVENT.none) return;
      if (readInt(event) === EVENT.readOverrun) this.overruns++;
      if (readInt(event) !== EVENT.writeUnderrun) continue;
      this.underruns++;
      this.#dry[this.#b.indexOf(fd)] = true;
    }
  }

  #channel(number: number, count: number, size: number): number {
    const opened = this.#native.deviceOpen('/dev/dahdi/channel');
    if (!opened.ok) throw new Error(opened.error.code);
    const specified = this.#native.deviceControl(opened.value, REQUEST.specify, intOf(number));
    if (!specified.ok) throw new Error(`channel ${number}: ${specified.error.code}`);
    this.#native.deviceControl(opened.value, REQUEST.setBufferInfo, bufferInfoOf(count, size));
    return opened.value;
  }
}
