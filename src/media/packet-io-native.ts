import type { Native } from '../native/native.ts';
import { addressWords } from './address.ts';
import { ENTRY_WORDS, PacketBatch, type PacketIo, PER_SOCKET, STRIDE } from './packet-io.ts';

/** DSCP EF in the upper six bits of the octet (RFC 3246). */
const TOS_EF = 0xb8;

const NONE = -1;

/** Packet I/O through the addon: epoll, recvmmsg and sendmmsg over the batches' memory; works in a loop that never yields. */
export class NativePacketIo implements PacketIo {
  readonly inbox = new PacketBatch();
  readonly outbox = new PacketBatch();
  readonly #native: Native;
  readonly #epoll: number;
  readonly #descriptors: Int32Array;

  /** @param tags One more than the highest tag. */
  constructor(native: Native, tags: number) {
    const epoll = native.epollOpen();
    if (!epoll.ok) throw new Error(`epoll: ${epoll.error.code}`);
    this.#native = native;
    this.#epoll = epoll.value;
    this.#descriptors = new Int32Array(tags).fill(NONE);
  }

  bind(tag: number, address: string, port: number, done: (error: string | undefined) => void): void {
    done(this.#open(tag, address, port));
  }

  release(tag: number): void {
    const fd = this.#descriptors[tag] ?? NONE;
    if (fd === NONE) return;
    this.#native.close(fd);
    this.#descriptors[tag] = NONE;
  }

  receive(): void {
    const { data, meta, arrival } = this.inbox;
    this.inbox.count = Math.max(0, this.#native.receive(this.#epoll, data, meta, arrival, STRIDE, PER_SOCKET));
  }

  flush(): number {
    const { outbox } = this;
    if (outbox.count === 0) return 0;
    for (let i = 0; i < outbox.count; i++) {
      outbox.meta[i * ENTRY_WORDS] = this.#descriptors[outbox.tag(i)] ?? NONE;
    }
    const failed = this.#native.send(outbox.data, outbox.meta, STRIDE, outbox.count);
    outbox.count = 0;
    return failed;
  }

  close(): void {
    for (let tag = 0; tag < this.#descriptors.length; tag++) this.release(tag);
    this.#native.close(this.#epoll);
  }

  #open(tag: number, address: string, port: number): string | undefined {
    const words = addressWords(address);
    if (words === undefined) return 'EADDRNOTAVAIL';
    const opened = this.#native.udpOpen(words, port, TOS_EF);
    if (!opened.ok) return opened.error.code;
    const added = this.#native.epollAdd(this.#epoll, opened.value, tag);
    if (!added.ok) {
      this.#native.close(opened.value);
      return added.error.code;
    }
    this.#descriptors[tag] = opened.value;
    return undefined;
  }
}
