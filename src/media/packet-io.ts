/** The datagrams of the media loop behind one small interface: the native addon and Node's dgram both implement it. */
import { ADDRESS_WORDS } from './address.ts';

/** Room for one datagram: more than an Ethernet carries, so that what was cut is too long for its reader, and counted as malformed. */
export const STRIDE = 1504;

/** Datagrams in one batch; what does not fit waits in the sockets until the next tick. */
export const BATCH = 2048;

/** Datagrams taken from one socket in one tick: a flood of one port stays that port's trouble. */
export const PER_SOCKET = 16;

/** Words of a datagram's entry: its socket's tag, length, the peer's port and address. */
export const ENTRY_WORDS = 3 + ADDRESS_WORDS;

/** Datagrams side by side in one slab, each with its entry in `meta`. */
export class PacketBatch {
  readonly data = new Uint8Array(BATCH * STRIDE);
  readonly meta = new Int32Array(BATCH * ENTRY_WORDS);
  /** When each came in, in milliseconds on the loop's clock; unused when sending. */
  readonly arrival = new Float64Array(BATCH);
  /** One view per datagram, made once, so that reading a packet makes no object. */
  readonly views: readonly Uint8Array[];
  count = 0;

  constructor() {
    this.views = Array.from({ length: BATCH }, (_, i) => this.data.subarray(i * STRIDE, (i + 1) * STRIDE));
  }

  tag(i: number): number {
    return this.meta[i * ENTRY_WORDS] ?? 0;
  }

  length(i: number): number {
    return this.meta[i * ENTRY_WORDS + 1] ?? 0;
  }

  port(i: number): number {
    return this.meta[i * ENTRY_WORDS + 2] ?? 0;
  }

  /** Where the four address words of datagram `i` begin in `meta`. */
  addressAt(i: number): number {
    return i * ENTRY_WORDS + 3;
  }

  /** The view to write the next datagram into; undefined when the batch is full. Counts only after `close`. */
  open(): Uint8Array | undefined {
    return this.count < BATCH ? this.views[this.count] : undefined;
  }

  /** Ends the datagram begun with `open`: its socket's tag, length and peer. */
  close(tag: number, length: number, address: ArrayLike<number>, port: number, addressAt = 0): void {
    const at = this.count * ENTRY_WORDS;
    this.meta[at] = tag;
    this.meta[at + 1] = length;
    this.meta[at + 2] = port;
    for (let i = 0; i < ADDRESS_WORDS; i++) this.meta[at + 3 + i] = address[addressAt + i] ?? 0;
    this.count++;
  }
}

export interface PacketIo {
  /** What `receive` brought. */
  readonly inbox: PacketBatch;
  /** What `flush` sends and then empties. */
  readonly outbox: PacketBatch;
  /**
   * Binds a UDP socket, known from here on by `tag`; `done` comes once, with the error's code (`EADDRINUSE`, …) when it can't be,
   * and not at all when the tag is released before.
   */
  bind(tag: number, address: string, port: number, done: (error: string | undefined) => void): void;
  release(tag: number): void;
  /** Fills the inbox with what has come in since. */
  receive(): void;
  /** Sends the outbox; answers how many datagrams could not be sent. */
  flush(): number;
  /** Releases every socket. */
  close(): void;
}
