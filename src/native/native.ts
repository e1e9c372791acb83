/** The addon of branchline.c and lines.c in TypeScript's words: results are values, the system's refusals carry the errno's name. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { fail, ok, type Result } from '../kernel/result.ts';

/** What the system refused: `EADDRINUSE`, `EPERM`, … and its number. */
export interface SystemFault {
  readonly errno: number;
  readonly code: string;
}

/** The functions as branchline.c exports them; each answers a number, −errno when the system refused. */
interface Addon {
  udpOpen(address: Int32Array, port: number, tos: number): number;
  closeDescriptor(fd: number): number;
  epollOpen(): number;
  epollAdd(epoll: number, fd: number, tag: number): number;
  receive(
    epoll: number,
    data: Uint8Array,
    meta: Int32Array,
    arrival: Float64Array,
    stride: number,
    perSocket: number,
  ): number;
  send(data: Uint8Array, meta: Int32Array, stride: number, count: number): number;
  monotonic(): number;
  realtime(): number;
  sleepUntil(at: number): number;
  scheduleFifo(priority: number): number;
  packetOpen(name: string, ethertype: number, address: Uint8Array): number;
  packetReceive(fd: number, data: Uint8Array, lengths: Int32Array, stride: number): number;
  packetSend(fd: number, data: Uint8Array, lengths: Int32Array, stride: number, count: number): number;
  deviceOpen(path: string): number;
  deviceControl(fd: number, request: number, argument: Uint8Array): number;
  deviceRead(fds: Int32Array, data: Uint8Array, lengths: Int32Array, stride: number): number;
  deviceWrite(fds: Int32Array, data: Uint8Array, lengths: Int32Array, stride: number): number;
  watch(fd: number, callback: (status: number) => void): object | number;
  unwatch(handle: object): number;
}

export interface Native {
  /** A bound, non-blocking UDP socket. The address as four words in host order, IPv4 mapped (::ffff:a.b.c.d). */
  udpOpen(address: Int32Array, port: number, tos: number): Result<number, SystemFault>;
  close(fd: number): Result<number, SystemFault>;
  epollOpen(): Result<number, SystemFault>;
  /** `tag` comes back with each datagram of `fd`; closing the descriptor takes it out. */
  epollAdd(epoll: number, fd: number, tag: number): Result<number, SystemFault>;
  /**
   * Takes what waits in the sockets of `epoll`, at most `perSocket` from each, into slots of `stride` octets. Each has
   * seven words in `meta`: tag, length, peer's port and address; and its time of arrival on CLOCK_MONOTONIC. Answers −errno or the count.
   */
  receive: Addon['receive'];
  /** Sends `count` datagrams laid out the same way, the descriptor in place of the tag. Answers how many could not be sent. */
  send: Addon['send'];
  /** Milliseconds of CLOCK_MONOTONIC. */
  monotonic(): number;
  /** Milliseconds since 1970 with fractions; Date.now() has none, and a round trip on a LAN is shorter than one. */
  realtime(): number;
  /** Blocks this thread until then, a minute at most. Answers 0 or −errno. */
  sleepUntil(at: number): number;
  /** Puts this thread under SCHED_FIFO, priority 1–99; needs CAP_SYS_NICE or an RLIMIT_RTPRIO. */
  scheduleFifo(priority: number): Result<number, SystemFault>;
  /** A raw socket for the Ethernet frames of one type on one interface; `address` (6 octets) gets the interface's own. Needs CAP_NET_RAW. */
  packetOpen(name: string, ethertype: number, address: Uint8Array): Result<number, SystemFault>;
  /** Takes what waits into slots of `stride` octets; a frame that did not fit has length 0. Answers −errno or the count. */
  packetReceive: Addon['packetReceive'];
  /** Sends `count` frames laid out the same way; answers −errno or how many went: those behind them are lost. */
  packetSend: Addon['packetSend'];
  /** A character device, for reading and writing without waiting. */
  deviceOpen(path: string): Result<number, SystemFault>;
  /** An ioctl; `argument` has at least the size that the request says. */
  deviceControl(fd: number, request: number, argument: Uint8Array): Result<number, SystemFault>;
  /** Reads each descriptor once into its own `stride` octets; `lengths` gets what came, 0 or −errno. Answers how many gave something. */
  deviceRead: Addon['deviceRead'];
  /** Writes `lengths` octets to each, which become what was taken or −errno. A negative descriptor is passed over in both. */
  deviceWrite: Addon['deviceWrite'];
  /** Calls back on this thread's event loop while the descriptor has something to read, or something urgent; answers how to end that. */
  watch(fd: number, ready: () => void): Result<() => void, SystemFault>;
}

/** Where scripts/build-native puts it. */
export const ADDON_PATH = fileURLToPath(new URL('../../build/native/branchline.node', import.meta.url));

/** Loads the addon, or says in one sentence why not and what would mend it. */
export function loadNative(path: string = ADDON_PATH): Result<Native> {
  if (!existsSync(path)) return fail(`the native addon is not built (${path}): run scripts/build-native`);
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail(`the native addon does not load (${why}): run scripts/build-native under the pinned runtime`);
  }
  return ok({
    udpOpen: (address, port, tos) => outcome(addon.udpOpen(address, port, tos)),
    close: (fd) => outcome(addon.closeDescriptor(fd)),
    epollOpen: () => outcome(addon.epollOpen()),
    epollAdd: (epoll, fd, tag) => outcome(addon.epollAdd(epoll, fd, tag)),
    receive: addon.receive,
    send: addon.send,
    monotonic: addon.monotonic,
    realtime: addon.realtime,
    sleepUntil: addon.sleepUntil,
    scheduleFifo: (priority) => outcome(addon.scheduleFifo(priority)),
    packetOpen: (name, ethertype, address) => outcome(addon.packetOpen(name, ethertype, address)),
    packetReceive: addon.packetReceive,
    packetSend: addon.packetSend,
    deviceOpen: (path) => outcome(addon.deviceOpen(path)),
    deviceControl: (fd, request, argument) => outcome(addon.deviceControl(fd, request, argument)),
    deviceRead: addon.deviceRead,
    deviceWrite: addon.deviceWrite,
    watch: (fd, ready) => watch(addon, fd, ready),
  });
}

/** The name of an errno as Node spells it elsewhere. */
export function errnoName(errno: number): string {
  for (const [name, value] of Object.entries(constants.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}

function watch(addon: Addon, fd: number, ready: () => void): Result<() => void, SystemFault> {
  const started = addon.watch(fd, ready);
  if (typeof started === 'number') return fail({ errno: -started, code: errnoName(-started) });
  let handle: object | undefined = started;
  return ok(() => {
    if (handle !== undefined) addon.unwatch(handle);
    handle = undefined;
  });
}

function outcome(result: number): Result<number, SystemFault> {
  return result < 0 ? fail({ errno: -result, code: errnoName(-result) }) : ok(result);
}
