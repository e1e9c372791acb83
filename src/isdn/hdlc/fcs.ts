/** The frame check sequence of HDLC: CRC-16 X.25, x¹⁶ + x¹² + x⁵ + 1, least significant bit first (Q.921 §2.7). */

const REVERSED_POLYNOMIAL = 0x8408;

const TABLE = Uint16Array.from({ length: 256 }, (_, octet) => {
  let crc = octet;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ REVERSED_POLYNOMIAL : crc >>> 1;
  return crc;
});

/** The register before the first octet. */
export const FCS_START = 0xffff;

/** What the register holds after a whole frame, its FCS included, that arrived unharmed. */
export const FCS_GOOD = 0xf0b8;

/** The register after one more octet. */
export const fcsStep = (register: number, octet: number): number =>
  (register >>> 8) ^ (TABLE[(register ^ octet) & 0xff] ?? 0);

/** The FCS of a frame, to be sent low octet first. */
export function fcs16(octets: Uint8Array): number {
  let register = FCS_START;
  for (const octet of octets) register = fcsStep(register, octet);
  return register ^ 0xffff;
}
