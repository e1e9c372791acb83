/** RTP headers, RFC 3550 §5.1: read and written in place, nothing allocated. */

export const RTP_HEADER = 12;

/** The largest packet that we look at; G.711 of 60 ms is 492 octets, an Ethernet frame carries 1,472. */
export const RTP_LIMIT = 1500;

/** What a read left behind. One is made per reader and filled again for every packet. */
export interface RtpHeader {
  marker: boolean;
  payloadType: number;
  /** 0…65,535. */
  sequence: number;
  /** 0…2³²−1, in units of 1/8000 s. */
  timestamp: number;
  ssrc: number;
  /** Where the payload begins in the same array, past CSRCs and extension. */
  payloadAt: number;
  /** Octets of payload, without padding; may be 0. */
  payloadLength: number;
}

/** Why an array of octets isn't an RTP packet. */
export type RtpFault = 'short' | 'version' | 'csrc' | 'extension' | 'padding';

export function rtpHeader(): RtpHeader {
  return { marker: false, payloadType: 0, sequence: 0, timestamp: 0, ssrc: 0, payloadAt: 0, payloadLength: 0 };
}

/** Reads the packet in `bytes[at, at + length)` into `header`. On a fault the header's content means nothing. */
export function readRtp(bytes: Uint8Array, at: number, length: number, header: RtpHeader): RtpFault | undefined {
  if (length < RTP_HEADER || length > RTP_LIMIT || at + length > bytes.length) return 'short';
  const first = bytes[at] as number;
  if (first >> 6 !== 2) return 'version';
  const end = at + length;
  let payload = at + RTP_HEADER + 4 * (first & 0x0f);
  if (payload > end) return 'csrc';
  if (first & 0x10) {
    if (payload + 4 > end) return 'extension';
    payload += 4 + 4 * read16(bytes, payload + 2);
    if (payload > end) return 'extension';
  }
  let padding = 0;
  if (first & 0x20) {
    padding = bytes[end - 1] as number;
    if (padding === 0 || payload + padding > end) return 'padding';
  }
  const second = bytes[at + 1] as number;
  header.marker = second >= 0x80;
  header.payloadType = second & 0x7f;
  header.sequence = read16(bytes, at + 2);
  header.timestamp = read32(bytes, at + 4);
  header.ssrc = read32(bytes, at + 8);
  header.payloadAt = payload;
  header.payloadLength = end - padding - payload;
  return undefined;
}

/** Writes the twelve octets of a header without CSRC, extension or padding; the payload follows at `at + RTP_HEADER`. */
export function writeRtp(
  bytes: Uint8Array,
  at: number,
  marker: boolean,
  payloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  bytes[at] = 0x80;
  bytes[at + 1] = (marker ? 0x80 : 0) | (payloadType & 0x7f);
  write16(bytes, at + 2, sequence);
  write32(bytes, at + 4, timestamp);
  write32(bytes, at + 8, ssrc);
}

/**
 * Whether a packet on a port shared by RTP and RTCP is RTCP: its second octet is 192…223, which RTP could only have
 * with payload types 64…95, and those are not given out (RFC 5761 §4).
 */
export function isRtcp(bytes: Uint8Array, at: number, length: number): boolean {
  if (length < 2) return false;
  const type = bytes[at + 1] as number;
  return type >= 192 && type <= 223;
}

/** How far sequence number `to` is after `from`, −32,768…32,767. */
export const sequenceAfter = (from: number, to: number): number => ((to - from) << 16) >> 16;

/** How many samples timestamp `to` is after `from`, −2³¹…2³¹−1. */
export const timestampAfter = (from: number, to: number): number => (to - from) | 0;

export const nextSequence = (sequence: number): number => (sequence + 1) & 0xffff;

/** `timestamp` moved on by `samples`, which may be negative. */
export const advance = (timestamp: number, samples: number): number => (timestamp + samples) >>> 0;

export function read16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function read32(bytes: Uint8Array, at: number): number {
  return ((read16(bytes, at) << 16) | read16(bytes, at + 2)) >>> 0;
}

export function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function write32(bytes: Uint8Array, at: number, value: number): void {
  write16(bytes, at, value >>> 16);
  write16(bytes, at + 2, value);
}
