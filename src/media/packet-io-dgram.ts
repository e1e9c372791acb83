import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { ADDRESS_WORDS, addressText, addressWords } from './address.ts';
import { BATCH, ENTRY_WORDS, PacketBatch, type PacketIo } from './packet-io.ts';

/** Peers' addresses whose words are remembered; beyond that the memory is emptied, not grown. */
const KNOWN_ADDRESSES = 1024;

/** Packet I/O through Node's own sockets, for development and for boxes without the native addon. */
export class DgramPacketIo implements PacketIo {
  readonly inbox = new PacketBatch();
  readonly outbox = new PacketBatch();
  /** What the sockets' events bring between two ticks. */
  readonly #arriving = new PacketBatch();
  readonly #sockets = new Map<number, Socket>();
  readonly #words = new Map<string, Int32Array>();
  readonly #now: () => number;
  #failed = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  bind(tag: number, address: string, port: number, done: (error: string | undefined) => void): void {
    const family = isIPv6(address) ? 6 : 4;
    // Every address is a literal one: answering at once keeps a datagram from being sent a turn later, or never.
    const lookup = (host: string, _options: unknown, answer: (error: null, address: string, family: number) => void) =>
      answer(null, host, family);
    const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', ipv6Only: family === 6, lookup });
    this.#sockets.set(tag, socket);
    const live = (): boolean => this.#sockets.get(tag) === socket;
    const refused = (error: NodeJS.ErrnoException): void => {
      if (!live()) return;
      this.release(tag);
      done(error.code ?? error.message);
    };
    socket.once('error', refused);
    socket.on('message', (message, peer) => {
      if (live()) this.#arrived(tag, message, peer.address, peer.port);
    });
    socket.bind(port, address, () => {
      if (!live()) return;
      socket.off('error', refused);
      // A peer that is not there any more (ECONNREFUSED by way of ICMP) is no fault of the socket.
      socket.on('error', () => this.#failed++);
      done(undefined);
    });
  }

  release(tag: number): void {
    const socket = this.#sockets.get(tag);
    if (socket === undefined) return;
    this.#sockets.delete(tag);
    socket.close();
  }

  receive(): void {
    const { inbox } = this;
    const arriving = this.#arriving;
    inbox.count = arriving.count;
    inbox.meta.set(arriving.meta.subarray(0, arriving.count * ENTRY_WORDS));
    inbox.arrival.set(arriving.arrival.subarray(0, arriving.count));
    for (let i = 0; i < arriving.count; i++) {
      const from = arriving.views[i];
      if (from !== undefined) inbox.views[i]?.set(from.subarray(0, arriving.length(i)));
    }
    arriving.count = 0;
  }

  flush(): number {
    const { outbox } = this;
    for (let i = 0; i < outbox.count; i++) {
      const socket = this.#sockets.get(outbox.tag(i));
      const view = outbox.views[i];
      if (socket === undefined || view === undefined) continue;
      const at = outbox.addressAt(i);
      const address = addressText(outbox.meta.subarray(at, at + ADDRESS_WORDS));
      // A copy, since the socket may send later and the slab is used again in the next tick.
      socket.send(view.slice(0, outbox.length(i)), outbox.port(i), address, (error) => {
        if (error !== null) this.#failed++;
      });
    }
    outbox.count = 0;
    const failed = this.#failed;
    this.#failed = 0;
    return failed;
  }

  close(): void {
    for (const tag of [...this.#sockets.keys()]) this.release(tag);
  }

  #arrived(tag: number, message: Uint8Array, address: string, port: number): void {
    const arriving = this.#arriving;
    const words = this.#wordsOf(address);
    const room = arriving.open();
    if (words === undefined || room === undefined) return;
    const length = Math.min(message.length, room.length);
    room.set(message.subarray(0, length));
    arriving.arrival[Math.min(arriving.count, BATCH - 1)] = this.#now();
    arriving.close(tag, length, words, port);
  }

  #wordsOf(address: string): Int32Array | undefined {
    const known = this.#words.get(address);
    if (known !== undefined) return known;
    const words = addressWords(address);
    if (words === undefined) return undefined;
    if (this.#words.size >= KNOWN_ADDRESSES) this.#words.clear();
    this.#words.set(address, words);
    return words;
  }
}
