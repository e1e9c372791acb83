/** The kernel's DAHDI driver as far as ours talks to it, on a desk: spans and channels in memory, every refusal at will. */
import { constants } from 'node:os';
import { REQUEST, readInt, SIZE } from '../../src/span/dahdi/abi.ts';
import type { DeviceNative } from '../../src/span/dahdi/driver.ts';

type Errno = keyof typeof constants.errno;

export interface DeskChannel {
  open: boolean;
  signalling: number;
  master: number;
  /** What its line brings, a read at a time; an errno's number where that is refused. */
  readonly comes: (Uint8Array | number)[];
  readonly went: Uint8Array[];
  readonly events: number[];
}

export class DahdiDesk {
  /** Errors by path, or by request number; the latter for the next one only where it says so. */
  readonly refuses = new Map<string | number, Errno>();
  /** Channels of each span, from 1. */
  readonly spans: { channels: number; alarms: number; fields?: Readonly<Record<number, number>> }[] = [];
  readonly channels = new Map<number, DeskChannel>();
  readonly requests: { readonly fd: number; readonly request: number; readonly argument: Uint8Array }[] = [];
  readonly #opened = new Map<number, number | 'control' | 'fresh'>();
  readonly #watched = new Map<number, () => void>();
  capabilities = 0x5f0ff;
  /** Signallings that no channel can have. */
  readonly unable = new Set<number>();
  #next = 100;

  addSpan(channels: number): void {
    this.spans.push({ channels, alarms: 0 });
    const first = this.channels.size;
    for (let n = 1; n <= channels; n++) {
      this.channels.set(first + n, { open: false, signalling: 0, master: 0, comes: [], went: [], events: [] });
    }
  }

  get openDescriptors(): number {
    return this.#opened.size;
  }

  channel(number: number): DeskChannel {
    const channel = this.channels.get(number);
    if (channel === undefined) throw new Error(`no channel ${number}`);
    return channel;
  }

  /** A frame or an errno comes on a channel, and whoever watches it is told. */
  bring(number: number, what: Uint8Array | number): void {
    this.channel(number).comes.push(what);
    for (const [fd, ready] of this.#watched) if (this.#opened.get(fd) === number) ready();
  }

  readonly native: DeviceNative = {
    deviceOpen: (path) => {
      const refused = this.refuses.get(path);
      if (refused !== undefined) return this.#refuse(refused);
      this.#opened.set(this.#next, path.endsWith('ctl') ? 'control' : 'fresh');
      return { ok: true, value: this.#next++ };
    },
    close: (fd) => {
      const what = this.#opened.get(fd);
      if (what === undefined) throw new Error(`descriptor ${fd} is closed twice`);
      if (typeof what === 'number') this.channel(what).open = false;
      this.#opened.delete(fd);
      return { ok: true, value: 0 };
    },
    deviceControl: (fd, request, argument) => {
      this.requests.push({ fd, request, argument: argument.slice() });
      const refused = this.refuses.get(request) ?? this.#control(fd, request, argument);
      return refused === undefined ? { ok: true, value: 0 } : this.#refuse(refused);
    },
    deviceRead: (fds, data, lengths, stride) =>
      this.#sweep(fds, lengths, (channel, n) => this.#read(channel, data, n * stride)),
    deviceWrite: (fds, data, lengths, stride) =>
      this.#sweep(fds, lengths, (channel, n) => {
        const length = lengths[n] ?? 0;
        if (length > 0) channel.went.push(data.slice(n * stride, n * stride + length));
        return length;
      }),
    watch: (fd, ready) => {
      this.#watched.set(fd, ready);
      return { ok: true, value: () => void this.#watched.delete(fd) };
    },
  };

  #refuse(code: Errno): { ok: false; error: { errno: number; code: string } } {
    return { ok: false, error: { errno: constants.errno[code], code } };
  }

  #sweep(fds: Int32Array, lengths: Int32Array, one: (channel: DeskChannel, n: number) => number): number {
    let count = 0;
    fds.forEach((fd, n) => {
      const number = this.#opened.get(fd);
      const done = fd >= 0 && typeof number === 'number' ? one(this.channel(number), n) : 0;
      lengths[n] = done;
      if (done > 0) count++;
    });
    return count;
  }

  #read(channel: DeskChannel, data: Uint8Array, at: number): number {
    if (channel.events.length > 0) return -500;
    const next = channel.comes.shift();
    if (next === undefined) return -constants.errno.EAGAIN;
    if (typeof next === 'number') return -next;
    data.set(next, at);
    return next.length;
  }

  #control(fd: number, request: number, argument: Uint8Array): Errno | undefined {
    const view = new DataView(argument.buffer, argument.byteOffset, argument.byteLength);
    const first = readInt(argument);
    switch (request) {
      case REQUEST.spanStat: {
        const span = this.spans[first - 1];
        if (span === undefined) return 'EINVAL';
        view.setInt32(64, span.alarms, true);
        for (const [at, value] of Object.entries(span.fields ?? {})) view.setInt32(Number(at), value, true);
        view.setInt32(124, span.channels, true);
        view.setInt32(128, this.spans.length, true);
        return undefined;
      }
      case REQUEST.getParams: {
        let before = 0;
        const span = this.spans.findIndex(({ channels }) => {
          if (first > before && first <= before + channels) return true;
          before += channels;
          return false;
        });
        if (span < 0) return 'EINVAL';
        view.setInt32(4, span + 1, true);
        view.setInt32(8, first - before, true);
        view.setInt32(12, this.channel(first).signalling, true);
        view.setInt32(16, this.capabilities, true);
        return undefined;
      }
      case REQUEST.chanConfig: {
        const channel = this.channel(first);
        if (channel.open) return 'EBUSY';
        if (this.unable.has(view.getInt32(44, true))) return 'EINVAL';
        channel.signalling = view.getInt32(44, true);
        channel.master = view.getInt32(52, true);
        return undefined;
      }
      case REQUEST.specify: {
        const channel = this.channels.get(first);
        if (channel === undefined) return 'ENXIO';
        if (channel.open) return 'EBUSY';
        channel.open = true;
        this.#opened.set(fd, first);
        return undefined;
      }
      case REQUEST.getEvent: {
        const number = this.#opened.get(fd);
        view.setInt32(0, typeof number === 'number' ? (this.channel(number).events.shift() ?? 0) : 0, true);
        return undefined;
      }
      default:
        return argument.length < SIZE.int ? 'EINVAL' : undefined;
    }
  }
}
