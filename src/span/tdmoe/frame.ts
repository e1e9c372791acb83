/**
 * TDM over Ethernet as DAHDI's `dynamic_eth` and `dynamic_ethmf` drivers speak it: one frame is a millisecond, eight octets of every
 * timeslot. All numbers are big-endian; the signalling nibbles are there and zero, since a PRI line has none.
 */

export const ETHERTYPE = 0xd00d;

/** Octets of a timeslot in one frame, and frames in a media block. */
export const SAMPLES = 8;
export const FRAMES_PER_BLOCK = 20;

const ETHERNET = 14;
/** The Ethernet addresses: where we send to, then who sends. */
const ADDRESS = 6;
const SUB_ADDRESS = ETHERNET;
const FLAG_YELLOW = 1;
const FLAG_SIGNALLING = 2;
/** Multi-frame: the first eight octets of the payload are none. */
const FLAG_PADDED = 8;
/** From the sample count to the channel count: once in a frame, or once per span in a multi-frame. */
const SPAN_HEADER = 6;
/** Multi-frame: marks the word that holds the number of spans. */
const MULTI = 0x8000;
/** Most spans in a multi-frame, octets of each one's signalling, octets of each one's payload. */
const MULTI_SPANS = 4;
const MULTI_SIGNALLING = 16;
const MULTI_PAYLOAD = 256;

/** The longest frame there is: four spans of 32 timeslots. */
export const LONGEST_FRAME = ETHERNET + 2 + MULTI_SPANS * (SPAN_HEADER + MULTI_SIGNALLING + MULTI_PAYLOAD);

/** Where a span's timeslots begin in a frame, its counter, and whether its sender hears nothing (yellow). Reused, frame after frame. */
export interface SpanPart {
  payload: number;
  sequence: number;
  yellow: boolean;
}

const singlePayload = (slots: number): number => SUB_ADDRESS + 2 + SPAN_HEADER + 2 * Math.ceil(slots / 4);

/** Length of a single-span frame in octets. */
export const singleLength = (slots: number): number => singlePayload(slots) + slots * SAMPLES;

/** Length of a multi-frame in octets. */
export const multiLength = (spans: number): number =>
  SUB_ADDRESS + 2 + spans * (SPAN_HEADER + MULTI_SIGNALLING + MULTI_PAYLOAD);

const word = (octets: Uint8Array, at: number): number => ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);

function putWord(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >> 8;
  octets[at + 1] = value;
}

/** Writes what is the same in every frame to a peer: both addresses (6 octets each) and the type. */
export function writeEthernet(out: Uint8Array, to: Uint8Array, from: Uint8Array): void {
  out.set(to, 0);
  out.set(from, ADDRESS);
  putWord(out, 2 * ADDRESS, ETHERTYPE);
}

/** True when the frame comes from `from` (6 octets) and is TDMoE. */
export function isFrom(octets: Uint8Array, from: Uint8Array): boolean {
  for (let i = 0; i < ADDRESS; i++) if (octets[ADDRESS + i] !== from[i]) return false;
  return word(octets, 2 * ADDRESS) === ETHERTYPE;
}

export const isMulti = (octets: Uint8Array): boolean => (word(octets, SUB_ADDRESS) & MULTI) !== 0;

/** A single-span frame's sub-address; with the sender's address it names the span. */
export const subAddressOf = (octets: Uint8Array): number => word(octets, SUB_ADDRESS);

/** Writes a single-span frame but for addresses and timeslots; answers where the timeslots go, 8 octets each. */
export function writeSingle(
  out: Uint8Array,
  subAddress: number,
  slots: number,
  sequence: number,
  yellow: boolean,
): number {
  putWord(out, SUB_ADDRESS, subAddress);
  writeSpanHeader(out, SUB_ADDRESS + 2, slots, sequence, yellow);
  const payload = singlePayload(slots);
  out.fill(0, SUB_ADDRESS + 2 + SPAN_HEADER, payload);
  return payload;
}

/** Reads a single-span frame of `length` octets into `part`; false when it is not exactly what a span of `slots` sends. */
export function readSingle(octets: Uint8Array, length: number, slots: number, part: SpanPart): boolean {
  if (length < SUB_ADDRESS + 2 + SPAN_HEADER) return false;
  const at = SUB_ADDRESS + 2;
  if (octets[at] !== SAMPLES || word(octets, at + 4) !== slots) return false;
  const flags = octets[at + 1] ?? 0;
  const signalling = flags & FLAG_SIGNALLING ? 2 * Math.ceil(slots / 4) : 0;
  if (length !== at + SPAN_HEADER + signalling + slots * SAMPLES) return false;
  part.payload = at + SPAN_HEADER + signalling;
  part.sequence = word(octets, at + 2);
  part.yellow = (flags & FLAG_YELLOW) !== 0;
  return true;
}

/** Writes the head of a multi-frame of `spans` spans. Each is then written with `writeMultiSpan`. */
export function writeMulti(out: Uint8Array, spans: number): void {
  putWord(out, SUB_ADDRESS, MULTI | spans);
  out.fill(0, SUB_ADDRESS + 2 + spans * SPAN_HEADER, multiLength(spans));
}

/** Writes the header of span `index` (0–3) of a multi-frame; answers where its timeslots go. */
export function writeMultiSpan(
  out: Uint8Array,
  spans: number,
  index: number,
  slots: number,
  sequence: number,
  yellow: boolean,
): number {
  writeSpanHeader(out, SUB_ADDRESS + 2 + index * SPAN_HEADER, slots, sequence, yellow);
  return SUB_ADDRESS + 2 + spans * (SPAN_HEADER + MULTI_SIGNALLING) + index * MULTI_PAYLOAD;
}

/** Spans in a multi-frame of `length` octets; 0 when it is not well-formed. */
export function multiSpans(octets: Uint8Array, length: number): number {
  const spans = word(octets, SUB_ADDRESS) & ~MULTI;
  return spans >= 1 && spans <= MULTI_SPANS && length === multiLength(spans) ? spans : 0;
}

/** Reads span `index` of a multi-frame of `spans` spans into `part`; false when it is not what a span of `slots` sends. */
export function readMultiSpan(
  octets: Uint8Array,
  spans: number,
  index: number,
  slots: number,
  part: SpanPart,
): boolean {
  const at = SUB_ADDRESS + 2 + index * SPAN_HEADER;
  // Of the channel count the drivers compare the low octet only.
  if (index >= spans || octets[at] !== SAMPLES || octets[at + 5] !== slots) return false;
  const flags = octets[at + 1] ?? 0;
  const padding = flags & FLAG_PADDED ? SAMPLES : 0;
  if (padding + slots * SAMPLES > MULTI_PAYLOAD) return false;
  part.payload = SUB_ADDRESS + 2 + spans * (SPAN_HEADER + MULTI_SIGNALLING) + index * MULTI_PAYLOAD + padding;
  part.sequence = word(octets, at + 2);
  part.yellow = (flags & FLAG_YELLOW) !== 0;
  return true;
}

function writeSpanHeader(out: Uint8Array, at: number, slots: number, sequence: number, yellow: boolean): void {
  out[at] = SAMPLES;
  out[at + 1] = FLAG_SIGNALLING | (yellow ? FLAG_YELLOW : 0);
  putWord(out, at + 2, sequence);
  putWord(out, at + 4, slots);
}
