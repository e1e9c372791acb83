/** LAPD frames between flags and FCS: address, control and information field. Q.921 §3. */
import { fail, ok, type Result } from '../../kernel/result.ts';
import type { LinkSide, MdlErrorCode } from './primitives.ts';

export type Supervisory = 'RR' | 'RNR' | 'REJ';
export type Unnumbered = 'SABME' | 'DISC' | 'UA' | 'DM' | 'UI' | 'FRMR' | 'XID';

/** A frame of SAPI 0, TEI 0. `pf` is the P bit of a command, the F bit of a response. */
export type LapdFrame =
  | {
      readonly type: 'I';
      readonly command: boolean;
      readonly ns: number;
      readonly nr: number;
      readonly pf: boolean;
      /** The whole frame; its information field is what stands from `at` on. */
      readonly octets: Uint8Array;
      readonly at: number;
    }
  | { readonly type: Supervisory; readonly command: boolean; readonly nr: number; readonly pf: boolean }
  | { readonly type: Unnumbered; readonly command: boolean; readonly pf: boolean; readonly information: Uint8Array };

/**
 * Why a frame was not taken: `invalid` ones are dropped without a word (§2.9: too short, another address); the others
 * are frame rejection conditions (§5.8.5) with their error code.
 */
export type FrameProblem = 'invalid' | Extract<MdlErrorCode, 'L' | 'M' | 'N' | 'O'>;

const SUPERVISORY: Readonly<Record<Supervisory, number>> = { RR: 0x01, RNR: 0x05, REJ: 0x09 };

/** Control octets without the P/F bit, Table 5. */
const UNNUMBERED: Readonly<Record<Unnumbered, number>> = {
  SABME: 0x6f,
  DISC: 0x43,
  UA: 0x63,
  DM: 0x0f,
  UI: 0x03,
  FRMR: 0x87,
  XID: 0xaf,
};

const PF = 0x10;
/** The other way round, by the octet. */
const supervisoryOf: readonly (Supervisory | undefined)[] = byOctet(SUPERVISORY);
const unnumberedOf: readonly (Unnumbered | undefined)[] = byOctet(UNNUMBERED);

function byOctet<Name extends string>(octets: Readonly<Record<Name, number>>): readonly (Name | undefined)[] {
  const names = new Array<Name | undefined>(256).fill(undefined);
  for (const name in octets) names[octets[name]] = name;
  return names;
}

/** What Table 5 allows each frame to be. */
const COMMAND_ONLY: ReadonlySet<string> = new Set(['I', 'SABME', 'DISC', 'UI']);
const RESPONSE_ONLY: ReadonlySet<string> = new Set(['UA', 'DM', 'FRMR']);

/** The information field of FRMR, §3.6.11. */
const FRMR_LENGTH = 5;

/** The first octet of the address: SAPI 0, the C/R bit, EA 0. The network's commands and the user's responses carry 1 (§3.3.2). */
const addressOctet = (side: LinkSide, command: boolean): number => (command === (side === 'network') ? 0x02 : 0x00);

/** TEI 0 with EA 1, §3.3.4.1. */
const TEI_OCTET = 0x01;

/** Octets of an I frame before its information field: the address, N(S), N(R) with the P bit. */
export const I_HEAD = 4;

/** Room for the head of an I frame, and behind it the information: what `octets` holds from `at` on. */
export function withHead(octets: Uint8Array, at: number): Uint8Array {
  const frame = new Uint8Array(I_HEAD + octets.length - at);
  for (let i = at; i < octets.length; i++) frame[I_HEAD + i - at] = octets[i] ?? 0;
  return frame;
}

/** Writes the head of an I frame that `side` sends: a command, whose P bit is never used (§5.6.1). */
export const writeHead = (frame: Uint8Array, side: LinkSide, ns: number, nr: number): Uint8Array =>
  write(frame, addressOctet(side, true), ns << 1, nr << 1);

export const supervisoryFrame = (
  side: LinkSide,
  type: Supervisory,
  command: boolean,
  nr: number,
  pf: boolean,
): Uint8Array => write(new Uint8Array(4), addressOctet(side, command), SUPERVISORY[type], (nr << 1) | (pf ? 1 : 0));

/** One without an information field. */
export const unnumberedFrame = (side: LinkSide, type: Unnumbered, command: boolean, pf: boolean): Uint8Array =>
  write(new Uint8Array(3), addressOctet(side, command), UNNUMBERED[type] | (pf ? PF : 0), 0);

/** The address and the control field, which has one octet where there is room for no more. */
function write(frame: Uint8Array, address: number, control: number, second: number): Uint8Array {
  frame[0] = address;
  frame[1] = TEI_OCTET;
  frame[2] = control;
  if (frame.length > 3) frame[3] = second;
  return frame;
}

/** Reads a frame that was sent by `sender`. `n201`: the longest information field in octets. Never throws. */
export function decodeFrame(octets: Uint8Array, sender: LinkSide, n201: number): Result<LapdFrame, FrameProblem> {
  const first = octets[0];
  const control = octets[2];
  if (first === undefined || control === undefined) return fail('invalid');
  if ((first & 0xfd) !== 0 || octets[1] !== TEI_OCTET) return fail('invalid');
  const command = first === addressOctet(sender, true);

  if ((control & 0x03) === 0x03) return unnumbered(octets, control, command, n201);

  const second = octets[3];
  if (second === undefined) return fail('invalid');
  const nr = second >> 1;
  const pf = (second & 1) === 1;
  if ((control & 1) === 0) {
    if (!command) return fail('L');
    if (octets.length - I_HEAD > n201) return fail('O');
    return ok({ type: 'I', command, ns: control >> 1, nr, pf, octets, at: I_HEAD });
  }
  const type = supervisoryOf[control];
  if (type === undefined) return fail('L');
  if (octets.length > 4) return fail('M');
  return ok({ type, command, nr, pf });
}

function unnumbered(
  octets: Uint8Array,
  control: number,
  command: boolean,
  n201: number,
): Result<LapdFrame, FrameProblem> {
  const type = unnumberedOf[control & ~PF];
  if (type === undefined) return fail('L');
  if (command ? RESPONSE_ONLY.has(type) : COMMAND_ONLY.has(type)) return fail('L');
  const information = octets.slice(3);
  if (type === 'UI' || type === 'XID') {
    if (information.length > n201) return fail('O');
  } else if (type === 'FRMR') {
    if (information.length !== FRMR_LENGTH) return fail('N');
  } else if (information.length > 0) return fail('M');
  return ok({ type, command, pf: (control & PF) !== 0, information });
}
