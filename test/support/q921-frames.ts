/** Frames written after the tables of Q.921 §3, apart from how the product writes its own. */
import type { LapdFrame, Supervisory, Unnumbered } from '../../src/isdn/q921/frame.ts';
import type { LinkSide } from '../../src/isdn/q921/primitives.ts';

/** Table 5, without N(R) and the P/F bit. */
const CONTROL: Readonly<Record<Supervisory | Unnumbered, number>> = {
  RR: 0x01,
  RNR: 0x05,
  REJ: 0x09,
  SABME: 0x6f,
  DISC: 0x43,
  UA: 0x63,
  DM: 0x0f,
  UI: 0x03,
  FRMR: 0x87,
  XID: 0xaf,
};

/** The octets of a frame of SAPI 0, TEI 0 that `side` sends. */
export function encodeFrame(frame: LapdFrame, side: LinkSide): Uint8Array {
  const address = [frame.command === (side === 'network') ? 0x02 : 0x00, 0x01];
  const pf = frame.pf ? 1 : 0;
  switch (frame.type) {
    case 'I':
      return Uint8Array.of(...address, frame.ns << 1, (frame.nr << 1) | pf, ...frame.octets.slice(frame.at));
    case 'RR':
    case 'RNR':
    case 'REJ':
      return Uint8Array.of(...address, CONTROL[frame.type], (frame.nr << 1) | pf);
    default:
      return Uint8Array.of(...address, CONTROL[frame.type] | (pf << 4), ...frame.information);
  }
}
