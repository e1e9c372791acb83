/** The elements of one octet or one text. */
import { fromLatin1, toLatin1 } from '../../../kernel/bytes.ts';
import type { ElementCodec } from '../element.ts';

/** One octet of contents with bits 7–1 (or fewer) for the value. */
const octet = (id: number, mask: number, set: number): ElementCodec<number> => ({
  codeset: 0,
  id,
  decode: (octets, at = 0, end = octets.length) => (at < end ? (octets[at] ?? 0) & mask : undefined),
  encode: (value) => [set | (value & mask)],
});

const MAX_TEXT = 128;

/** IA5 characters. */
const text = (id: number): ElementCodec<string> => ({
  codeset: 0,
  id,
  decode: (octets, at = 0, end = octets.length) => (end - at > MAX_TEXT ? undefined : toLatin1(octets, at, end)),
  encode: (value) => fromLatin1(value.slice(0, MAX_TEXT)),
});

/** Call state, §4.5.7. Coding standard ITU-T in bits 8–7. */
export const callState = octet(0x14, 0x3f, 0);
/** Notification indicator, §4.5.22. */
export const notification = octet(0x27, 0x7f, 0x80);
/** Restart indicator class, §4.5.25: 0 the channels named, 6 one interface, 7 all interfaces. */
export const restartIndicator = octet(0x79, 0x07, 0x80);
/** Change status of the maintenance messages (TR 41459, SR-4994): bit 7 a channel; 0 in service, 1 maintenance, 2 out of service. */
export const changeStatus = octet(0x01, 0x07, 0xc0);
/** Keypad facility, §4.5.18. */
export const keypad = text(0x2c);

export const SENDING_COMPLETE = { codeset: 0, id: 0xa1, contents: new Uint8Array(0) } as const;
