/**
 * What DAHDI's user interface looks like on a 64-bit machine: request numbers, the offsets of what we read and write in its structures, and
 * the numbers that stand in them. Data only; checked against the compiler's own sizes when it was written down (DAHDI 2.11, 3.1).
 */

type Direction = 'none' | 'read' | 'write' | 'both';

/** The bits of Linux's ioctl numbers (asm-generic/ioctl.h); seen from the program, so `write` hands something in. */
const DIRECTION: Readonly<Record<Direction, number>> = { none: 0, write: 1, read: 2, both: 3 };
const MAGIC = 0xda;

const request = (direction: Direction, number: number, size: number): number =>
  (DIRECTION[direction] * 2 ** 30 + size * 2 ** 16 + MAGIC * 2 ** 8 + number) >>> 0;

export const SIZE = {
  int: 4,
  params: 136,
  spanInfo: 314,
  maint: 8,
  lineConfig: 36,
  chanConfig: 76,
  bufferInfo: 24,
  echoCan: 20,
  dynamic: 72,
};

export const REQUEST = {
  /** Throws away what is queued: FLUSH bits. */
  flush: request('write', 0x03, SIZE.int),
  getParams: request('both', 0x05, SIZE.params),
  getEvent: request('read', 0x08, SIZE.int),
  spanStat: request('both', 0x0a, SIZE.spanInfo),
  maint: request('write', 0x0b, SIZE.maint),
  spanConfig: request('write', 0x12, SIZE.lineConfig),
  chanConfig: request('write', 0x13, SIZE.chanConfig),
  setBufferInfo: request('write', 0x1b, SIZE.bufferInfo),
  audioMode: request('write', 0x20, SIZE.int),
  echoCancel: request('write', 0x21, SIZE.int),
  /** Makes a fresh descriptor one of a channel. */
  specify: request('write', 0x26, SIZE.int),
  attachEchoCan: request('write', 0x3b, SIZE.echoCan),
  dynamicCreate: request('both', 0x50, SIZE.dynamic),
  dynamicDestroy: request('write', 0x51, SIZE.dynamic),
  startup: request('write', 0x63, SIZE.int),
  /** From now on overruns and underruns are events. */
  bufferEvents: request('write', 0x69, SIZE.int),
} as const;

/** A read or a write that is refused with this: an event waits. (ELAST, which is no errno of Linux.) */
export const EVENT_WAITS = 500;

export const EVENT = {
  none: 0,
  alarm: 4,
  noAlarm: 5,
  abort: 6,
  overrun: 7,
  badFcs: 8,
  removed: 20,
  readOverrun: 29,
  writeUnderrun: 30,
} as const;

/** Events that a channel can have queued. */
export const EVENT_QUEUE = 64;

export const FLUSH = { read: 1, write: 2, events: 4, all: 7 } as const;

export const SIGNALLING = { clear: 0x80, hdlcRaw: 0x180, hdlcFcs: 0x380, hardHdlc: 0x80080, slave: 0x800 } as const;
/** In `params.sigcap`: the line's own HDLC controller may serve this channel. */
export const CAN_HARD_HDLC = 1 << 19;

export const LINE_CONFIG = {
  d4: 1 << 4,
  esf: 1 << 5,
  ami: 1 << 6,
  b8zs: 1 << 7,
  ccs: 1 << 8,
  hdb3: 1 << 9,
  crc4: 1 << 10,
} as const;

export const LAW = { default: 0, ulaw: 1, alaw: 2 } as const;

export const ALARM = {
  recovering: 1,
  loopback: 2,
  yellow: 4,
  red: 8,
  blue: 16,
  notOpen: 32,
  loss: 0x100,
  framing: 0x200,
  multiframe: 0x400,
} as const;

export const MAINT = { none: 0, local: 1, line: 2, payload: 13 } as const;

export const PARAMS = { channel: 0, span: 4, position: 8, signalling: 12, capabilities: 16 } as const;

export const SPAN_INFO = {
  span: 0,
  name: [4, 20],
  description: [24, 40],
  alarms: 64,
  bipolarViolations: 76,
  crcErrors: 80,
  alignmentErrors: 88,
  framingErrors: 92,
  codeViolations: 96,
  irqMisses: 112,
  syncSource: 116,
  channels: 120,
  totalChannels: 124,
  totalSpans: 128,
  lineConfig: 136,
  location: [180, 40],
  manufacturer: [220, 40],
  deviceType: [260, 40],
  spanType: [308, 6],
} as const;

const LINE = { span: 0, buildOut: 24, config: 28, sync: 32 };
const CHAN = { channel: 0, signalling: 44, law: 48, master: 52 };
const BUFFER = { count: 8, size: 12 };
const ECHO = { channel: 0, name: 4 };

const view = (octets: Uint8Array): DataView => new DataView(octets.buffer, octets.byteOffset, octets.byteLength);

export const readInt = (octets: Uint8Array, at = 0): number => view(octets).getInt32(at, true);

export function intOf(value: number): Uint8Array {
  const octets = new Uint8Array(SIZE.int);
  view(octets).setInt32(0, value, true);
  return octets;
}

/** A text of C: up to its zero, or the whole field. */
export function readText(octets: Uint8Array, [at, size]: readonly [number, number]): string {
  const field = octets.subarray(at, at + size);
  const end = field.indexOf(0);
  return new TextDecoder('latin1').decode(end < 0 ? field : field.subarray(0, end)).trim();
}

function filled(size: number, ...ints: readonly (readonly [at: number, value: number])[]): Uint8Array {
  const octets = new Uint8Array(size);
  for (const [at, value] of ints) view(octets).setInt32(at, value, true);
  return octets;
}

export const paramsOf = (channel: number): Uint8Array => filled(SIZE.params, [PARAMS.channel, channel]);

export const spanInfoOf = (span: number): Uint8Array => filled(SIZE.spanInfo, [SPAN_INFO.span, span]);

/** `sync`: 0 for a line that is never the card's reference, otherwise its rank, 1 first. */
export const lineConfigOf = (span: number, buildOut: number, config: number, sync: number): Uint8Array =>
  filled(SIZE.lineConfig, [LINE.span, span], [LINE.buildOut, buildOut], [LINE.config, config], [LINE.sync, sync]);

export const chanConfigOf = (channel: number, signalling: number, law: number, master: number): Uint8Array =>
  filled(
    SIZE.chanConfig,
    [CHAN.channel, channel],
    [CHAN.signalling, signalling],
    [CHAN.law, law],
    [CHAN.master, master],
  );

/** Buffers of a channel, both policies the immediate one. */
export const bufferInfoOf = (count: number, size: number): Uint8Array =>
  filled(SIZE.bufferInfo, [BUFFER.count, count], [BUFFER.size, size]);

export const maintOf = (span: number, command: number): Uint8Array => filled(SIZE.maint, [0, span], [4, command]);

/** The name has 15 letters at most. */
export function echoCanOf(channel: number, name: string): Uint8Array {
  const octets = filled(SIZE.echoCan, [ECHO.channel, channel]);
  octets.set(new TextEncoder().encode(name.slice(0, SIZE.echoCan - ECHO.name - 1)), ECHO.name);
  return octets;
}
