/** As much of ASN.1's basic encoding rules (X.690) as a name in a FACILITY needs: definite lengths, tags of one octet. */
import { concat } from '../../../kernel/bytes.ts';

export interface Tlv {
  readonly tag: number;
  readonly value: Uint8Array;
}

/** More parts than any supported operation has. */
const MAX_PARTS = 32;

/** The parts of a constructed value, in order; undefined when the coding breaks (or is indefinite, which Q.932 peers don't use). */
export function parts(bytes: Uint8Array): readonly Tlv[] | undefined {
  const out: Tlv[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at++] ?? 0;
    if ((tag & 0x1f) === 0x1f || out.length === MAX_PARTS) return undefined;
    let length = bytes[at++];
    if (length === undefined || length === 0x80) return undefined;
    if (length > 0x80) {
      // An element holds at most 255 octets, so one octet of length is enough.
      if (length !== 0x81) return undefined;
      length = bytes[at++];
      if (length === undefined) return undefined;
    }
    if (at + length > bytes.length) return undefined;
    out.push({ tag, value: bytes.subarray(at, at + length) });
    at += length;
  }
  return out;
}

/** Writes one part; the value is at most 255 octets. */
export function part(tag: number, ...values: readonly Uint8Array[]): Uint8Array {
  const value = concat(...values);
  const head = value.length < 0x80 ? [tag, value.length] : [tag, 0x81, value.length];
  return concat(Uint8Array.from(head), value);
}
