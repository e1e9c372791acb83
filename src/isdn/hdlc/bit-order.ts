/**
 * Which bit of a raw octet is on the line first. HDLC sends an octet's least significant bit first; a timeslot's first bit is
 * its most significant one, so drivers that hand over timeslots as the line has them are `msb-first`.
 */
export type BitOrder = 'lsb-first' | 'msb-first';

const REVERSED = Uint8Array.from({ length: 256 }, (_, octet) => {
  let out = 0;
  for (let bit = 0; bit < 8; bit++) if (octet & (1 << bit)) out |= 0x80 >> bit;
  return out;
});

/** The octet with its bits in the other order. */
export const reversed = (octet: number): number => REVERSED[octet & 0xff] ?? 0;
