/** Blocks of a capture file in the pcapng format (draft-ietf-opsawg-pcapng), which Wireshark and tshark read. Times are microseconds since 1970. */

/** Link types of the registry at tcpdump.org: LAPD is from the address octet on, without FCS. */
export const LINK = { null: 0, ethernet: 1, raw: 101, cooked: 113, radio: 127, lapd: 203 } as const;

export const BLOCK = { section: 0x0a0d0d0a, interface: 1, counts: 5, packet: 6 } as const;

const BYTE_ORDER = 0x1a2b3c4d;
/** Options of an interface: if_name, if_tsresol (10⁻⁶ s), if_filter; of a packet: epb_flags; of counts: isb_ifrecv, isb_ifdrop. */
const OPTION = { name: 2, resolution: 9, filter: 11, flags: 2, received: 4, dropped: 5 } as const;
const DIRECTION = { in: 1, out: 2 } as const;
const MICROSECONDS = Uint8Array.of(6);
/** A filter in the words of libpcap. */
const WORDS = Uint8Array.of(0);

/** Type and length at the head, length once more at the end. */
const FRAME = 12;
/** What stands before a packet's octets. */
const PACKET_HEAD = 28;
const FLAGS = 12;
/** Interface, time, two options of eight octets, the end of the options. */
const COUNTS = FRAME + 12 + 2 * 12 + 4;

/** Where packets come from. */
export interface Face {
  readonly name: string;
  readonly link: number;
  /** What was let through, in the words of libpcap. */
  readonly filter?: string;
}

export interface Counts {
  readonly received: number;
  readonly dropped: number;
}

export const sectionBlock = (): Uint8Array =>
  block(BLOCK.section, [u32(BYTE_ORDER), u16(1, 0), u32(0xffffffff, 0xffffffff)]);

/** Interfaces are numbered as they come. */
export const interfaceBlock = ({ name, link, filter }: Face): Uint8Array =>
  block(BLOCK.interface, [
    u16(link, 0),
    u32(0),
    option(OPTION.name, new TextEncoder().encode(name)),
    option(OPTION.resolution, MICROSECONDS),
    ...(filter === undefined ? [] : [option(OPTION.filter, join([WORDS, new TextEncoder().encode(filter)]))]),
    u32(0),
  ]);

/** One packet; `length` is that on the wire, where less was caught. */
export function packetBlock(
  face: number,
  time: number,
  octets: Uint8Array,
  { length = octets.length, direction }: { readonly length?: number; readonly direction?: 'in' | 'out' } = {},
): Uint8Array {
  const size = packetBlockSize(octets.length, direction !== undefined);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  const put = (at: number, ...values: readonly number[]): void => {
    for (const [i, value] of values.entries()) view.setUint32(at + 4 * i, value, true);
  };
  put(0, BLOCK.packet, size, face, Math.floor(time / 2 ** 32), time % 2 ** 32, octets.length, length);
  out.set(octets, PACKET_HEAD);
  if (direction !== undefined) put(size - 4 - FLAGS, OPTION.flags | (4 << 16), DIRECTION[direction], 0);
  put(size - 4, size);
  return out;
}

/** How long the block of a packet is; `flagged`: it says its direction. */
export const packetBlockSize = (octets: number, flagged: boolean): number =>
  PACKET_HEAD + fours(octets) + (flagged ? FLAGS : 0) + 4;

/** What an interface has seen until then, as dumpcap says it. */
export const countsBlock = (face: number, time: number, { received, dropped }: Counts): Uint8Array =>
  block(BLOCK.counts, [
    u32(face, Math.floor(time / 2 ** 32), time % 2 ** 32),
    option(OPTION.received, u32(received, 0)),
    option(OPTION.dropped, u32(dropped, 0)),
    u32(0),
  ]);

/** A block among others: its type, and where it begins and ends. */
export interface BlockAt {
  readonly type: number;
  readonly from: number;
  readonly to: number;
}

/** The block that begins at `at`; `more`: it is not whole yet; `odd`: it is none, or longer than `most`. */
export function blockAt(view: DataView, at: number, most: number): BlockAt | 'more' | 'odd' {
  if (view.byteLength - at < 8) return 'more';
  const length = view.getUint32(at + 4, true);
  if (length < FRAME || length % 4 !== 0 || length > most) return 'odd';
  const to = at + length;
  if (to > view.byteLength) return 'more';
  return view.getUint32(to - 4, true) === length ? { type: view.getUint32(at, true), from: at, to } : 'odd';
}

/** The link type of an interface's block. */
export const linkOf = (view: DataView, { from, to }: BlockAt): number | undefined =>
  to - from < FRAME + 8 ? undefined : view.getUint16(from + 8, true);

/** The interface of a packet's block; undefined where its octets are not all in it. */
export function faceOf(view: DataView, { from, to }: BlockAt): number | undefined {
  if (to - from < PACKET_HEAD + 4) return undefined;
  const caught = view.getUint32(from + 20, true);
  return PACKET_HEAD + fours(caught) + 4 > to - from ? undefined : view.getUint32(from + 8, true);
}

export const timeOf = (view: DataView, { from }: BlockAt): number =>
  view.getUint32(from + 12, true) * 2 ** 32 + view.getUint32(from + 16, true);

/** The interface, the time and the counts of a block as `countsBlock` writes it. */
export function countsOf(
  view: DataView,
  at: BlockAt,
): (Counts & { readonly face: number; readonly time: number }) | undefined {
  if (at.to - at.from !== COUNTS) return undefined;
  return {
    face: view.getUint32(at.from + 8, true),
    time: timeOf(view, at),
    received: view.getUint32(at.from + 24, true),
    dropped: view.getUint32(at.from + 36, true),
  };
}

function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = join(parts);
  const length = body.length + FRAME;
  return join([u32(type, length), body, u32(length)]);
}

const option = (code: number, value: Uint8Array): Uint8Array => join([u16(code, value.length), padded(value)]);

const fours = (octets: number): number => Math.ceil(octets / 4) * 4;

function padded(octets: Uint8Array): Uint8Array {
  const out = new Uint8Array(fours(octets.length));
  out.set(octets);
  return out;
}

function u32(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true);
  return new Uint8Array(view.buffer);
}

function u16(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  for (const [i, value] of values.entries()) view.setUint16(2 * i, value, true);
  return new Uint8Array(view.buffer);
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
