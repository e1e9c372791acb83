/** RTCP packets, RFC 3550 §6.4–6.6: sender and receiver reports, CNAME, BYE, as compounds. */

import { fromLatin1, toLatin1 } from '../kernel/bytes.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { WallTime } from '../kernel/time.ts';
import { RTP_LIMIT, read16, read32, write16, write32 } from './packet.ts';

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const BYE = 203;

const CNAME = 1;
const BLOCK_LENGTH = 24;
/** Packets of one compound that are read; a whole one of ours has three. */
const COMPOUND_LIMIT = 16;
/** A text of RTCP has one octet of length; ours are shorter. */
const TEXT_LIMIT = 64;

/** One receiver's report on one source (§6.4.1). */
export interface ReceptionReport {
  readonly source: number;
  /** 256ths of the packets since the report before. */
  readonly fractionLost: number;
  readonly cumulativeLost: number;
  readonly highest: number;
  /** Samples. */
  readonly jitter: number;
  /** The middle of the NTP time of the last sender report that came from the source; 0: none came. */
  readonly lastReport: number;
  /** 1/65,536 s since it came. */
  readonly delay: number;
}

/** What a sender says of itself. */
export interface SenderInfo {
  readonly wall: WallTime;
  /** The RTP timestamp of the same moment. */
  readonly timestamp: number;
  readonly packets: number;
  readonly octets: number;
}

export type RtcpPacket =
  | {
      readonly type: 'sender-report';
      readonly ssrc: number;
      /** The middle 32 bits of its NTP time. */
      readonly time: number;
      readonly timestamp: number;
      readonly packets: number;
      readonly octets: number;
      readonly reports: readonly ReceptionReport[];
    }
  | { readonly type: 'receiver-report'; readonly ssrc: number; readonly reports: readonly ReceptionReport[] }
  | {
      readonly type: 'source-description';
      readonly names: readonly { readonly ssrc: number; readonly cname: string }[];
    }
  | { readonly type: 'bye'; readonly ssrcs: readonly number[] }
  | { readonly type: 'other'; readonly packetType: number };

/** Why octets aren't a compound (A.2). */
export type RtcpFault = 'short' | 'version' | 'not a report first' | 'padding' | 'length' | 'too many';

export interface Compound {
  readonly ssrc: number;
  readonly sender: SenderInfo | undefined;
  readonly reports: readonly ReceptionReport[];
  readonly cname: string;
  readonly bye: boolean;
}

/** Seconds from 1900 to 1970. */
const NTP_EPOCH = 2_208_988_800;

/** The middle 32 bits of `wall` as NTP time: seconds modulo 65,536 and 1/65,536 s (§4). */
export function ntpMiddle(wall: WallTime): number {
  return Math.floor(((wall / 1000 + NTP_EPOCH) % 65_536) * 65_536) >>> 0;
}

/** Writes a compound into `bytes` from `at` on and answers its length; 28 to 200 octets for what we send. */
export function writeCompound(bytes: Uint8Array, at: number, compound: Compound): number {
  let end = writeReport(bytes, at, compound);
  end = writeName(bytes, end, compound);
  if (compound.bye) {
    writeHeader(bytes, end, 1, BYE, 8);
    write32(bytes, end + 4, compound.ssrc);
    end += 8;
  }
  return end - at;
}

function writeReport(bytes: Uint8Array, at: number, { ssrc, sender, reports }: Compound): number {
  const head = sender === undefined ? 8 : 28;
  const length = head + BLOCK_LENGTH * reports.length;
  writeHeader(bytes, at, reports.length, sender === undefined ? RECEIVER_REPORT : SENDER_REPORT, length);
  write32(bytes, at + 4, ssrc);
  if (sender !== undefined) {
    const seconds = Math.floor(sender.wall / 1000);
    write32(bytes, at + 8, seconds + NTP_EPOCH);
    write32(bytes, at + 12, Math.floor((sender.wall / 1000 - seconds) * 2 ** 32));
    write32(bytes, at + 16, sender.timestamp);
    write32(bytes, at + 20, sender.packets);
    write32(bytes, at + 24, sender.octets);
  }
  reports.forEach((report, n) => {
    const block = at + head + BLOCK_LENGTH * n;
    write32(bytes, block, report.source);
    write32(bytes, block + 4, (report.fractionLost << 24) | (report.cumulativeLost & 0xff_ffff));
    write32(bytes, block + 8, report.highest);
    write32(bytes, block + 12, report.jitter);
    write32(bytes, block + 16, report.lastReport);
    write32(bytes, block + 20, report.delay);
  });
  return at + length;
}

function writeName(bytes: Uint8Array, at: number, { ssrc, cname }: Compound): number {
  const text = fromLatin1(cname.slice(0, TEXT_LIMIT));
  // The item list ends with a zero octet and fills its last word.
  const length = 8 + 4 * Math.ceil((2 + text.length + 1) / 4);
  bytes.fill(0, at, at + length);
  writeHeader(bytes, at, 1, SOURCE_DESCRIPTION, length);
  write32(bytes, at + 4, ssrc);
  bytes[at + 8] = CNAME;
  bytes[at + 9] = text.length;
  bytes.set(text, at + 10);
  return at + length;
}

function writeHeader(bytes: Uint8Array, at: number, count: number, packetType: number, length: number): void {
  bytes[at] = 0x80 | count;
  bytes[at + 1] = packetType;
  write16(bytes, at + 2, length / 4 - 1);
}

/** Reads the compound in `bytes[at, at + length)`; what it says beyond its counts and lengths is the peer's word only. */
export function readCompound(bytes: Uint8Array, at: number, length: number): Result<readonly RtcpPacket[], RtcpFault> {
  if (length < 8 || length > RTP_LIMIT || at + length > bytes.length) return fail('short');
  const packets: RtcpPacket[] = [];
  const end = at + length;
  for (let from = at; from < end; ) {
    if (packets.length === COMPOUND_LIMIT) return fail('too many');
    if (from + 4 > end) return fail('length');
    const first = bytes[from] as number;
    const packetType = bytes[from + 1] as number;
    if (first >> 6 !== 2) return fail('version');
    if (from === at && packetType !== SENDER_REPORT && packetType !== RECEIVER_REPORT)
      return fail('not a report first');
    const next = from + 4 * (read16(bytes, from + 2) + 1);
    if (next > end) return fail('length');
    let last = next;
    if (first & 0x20) {
      const padding = bytes[next - 1] as number;
      // Only the last packet may be padded, by whole words (§6.4.1).
      if (next !== end || padding === 0 || padding % 4 !== 0 || padding > next - from - 4) return fail('padding');
      last -= padding;
    }
    const packet = readPacket(bytes, from, last, first & 0x1f, packetType);
    if (packet === undefined) return fail('length');
    packets.push(packet);
    from = next;
  }
  return ok(packets);
}

/** Undefined: its count promises more than its length holds. */
function readPacket(
  bytes: Uint8Array,
  at: number,
  end: number,
  count: number,
  packetType: number,
): RtcpPacket | undefined {
  switch (packetType) {
    case SENDER_REPORT: {
      const reports = readReports(bytes, at + 28, end, count);
      if (reports === undefined) return undefined;
      return {
        type: 'sender-report',
        ssrc: read32(bytes, at + 4),
        time: read32(bytes, at + 10),
        timestamp: read32(bytes, at + 16),
        packets: read32(bytes, at + 20),
        octets: read32(bytes, at + 24),
        reports,
      };
    }
    case RECEIVER_REPORT: {
      const reports = readReports(bytes, at + 8, end, count);
      return reports && { type: 'receiver-report', ssrc: read32(bytes, at + 4), reports };
    }
    case SOURCE_DESCRIPTION:
      return readNames(bytes, at + 4, end, count);
    case BYE: {
      if (at + 4 + 4 * count > end) return undefined;
      return { type: 'bye', ssrcs: Array.from({ length: count }, (_, n) => read32(bytes, at + 4 + 4 * n)) };
    }
    default:
      return { type: 'other', packetType };
  }
}

function readReports(bytes: Uint8Array, at: number, end: number, count: number): ReceptionReport[] | undefined {
  if (at + BLOCK_LENGTH * count > end) return undefined;
  return Array.from({ length: count }, (_, n) => {
    const block = at + BLOCK_LENGTH * n;
    return {
      source: read32(bytes, block),
      fractionLost: bytes[block + 4] as number,
      cumulativeLost: (read32(bytes, block + 4) << 8) >> 8,
      highest: read32(bytes, block + 8),
      jitter: read32(bytes, block + 12),
      lastReport: read32(bytes, block + 16),
      delay: read32(bytes, block + 20),
    };
  });
}

function readNames(bytes: Uint8Array, at: number, end: number, count: number): RtcpPacket | undefined {
  const names: { ssrc: number; cname: string }[] = [];
  let from = at;
  for (let n = 0; n < count; n++) {
    if (from + 8 > end) return undefined;
    const ssrc = read32(bytes, from);
    let cname = '';
    let item = from + 4;
    while (item < end && bytes[item] !== 0) {
      const length = item + 1 < end ? (bytes[item + 1] as number) : end;
      if (item + 2 + length > end) return undefined;
      if (bytes[item] === CNAME) cname = toLatin1(bytes.subarray(item + 2, item + 2 + length));
      item += 2 + length;
    }
    if (item >= end) return undefined;
    names.push({ ssrc, cname });
    // Past the zero that ends the items, to the next word.
    from = at + 4 * Math.ceil((item + 1 - at) / 4);
  }
  return { type: 'source-description', names };
}
