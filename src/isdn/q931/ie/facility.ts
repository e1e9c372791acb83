/**
 * Facility (Q.932 §8.2.3) as far as names go: the ROSE invoke callingName / connectedName of Q.SIG (ECMA-164 annex) with a
 * local operation value, which NI-2 uses too. Every other operation stays octets.
 */
import { concat, fromLatin1, sameBytes, toLatin1 } from '../../../kernel/bytes.ts';
import type { Element, ElementCodec } from '../element.ts';
import { part, parts, type Tlv } from './ber.ts';
import type { Presentation, PresentedName } from './number.ts';

export interface NameOperation {
  readonly operation: 'calling-name' | 'called-name' | 'connected-name' | 'busy-name';
  readonly name: PresentedName;
  /** Octet 3: 0x1f networking extensions (NI-2, Q.SIG), 0x11 remote operations. */
  readonly profile: number;
  readonly invokeId: number;
}

const OPERATIONS = ['calling-name', 'called-name', 'connected-name', 'busy-name'] as const;

const INVOKE = 0xa1;
const INTEGER = 0x02;
const OBJECT = 0x06;
const SEQUENCE = 0x30;
const OCTETS = 0x04;
/** Of Q.932 before the components: network facility extension, network protocol profile, interpretation. */
const PREAMBLE = new Set([0xaa, 0x92, 0x8b]);
/** Interpretation: discard an invoke that isn't recognised. */
const DISCARD_UNKNOWN = part(0x8b, Uint8Array.of(0));
/** The arc {iso(1) identified-organization(3) icd-ecma(12) private-isdn-signalling-domain(9)}, before the operation. */
const ECMA_ARC = Uint8Array.of(0x2b, 0x0c, 0x09);
/** Q.SIG names hold at most 50 octets; more is cut. */
const MAX_NAME = 50;

/** The tags of Name: simple and extended, allowed and restricted, and the two that carry none. */
const PRESENTATION: Readonly<Record<number, Presentation>> = {
  128: 'allowed',
  161: 'allowed',
  130: 'restricted',
  163: 'restricted',
  132: 'unavailable',
  135: 'restricted',
};

function decodeName(tlv: Tlv | undefined): PresentedName | undefined {
  if (tlv === undefined) return undefined;
  if (tlv.tag === SEQUENCE) return decodeName(parts(tlv.value)?.[0]);
  const presentation = PRESENTATION[tlv.tag];
  // A few peers send the bare octet string.
  if (presentation === undefined && tlv.tag !== OCTETS) return undefined;
  const constructed = (tlv.tag & 0x20) !== 0;
  const text = constructed ? parts(tlv.value)?.[0]?.value : tlv.value;
  if (text === undefined) return undefined;
  const empty = tlv.tag === 132 || tlv.tag === 135;
  return {
    text: empty ? '' : toLatin1(text.subarray(0, MAX_NAME)).trim(),
    presentation: presentation ?? 'allowed',
  };
}

function operationOf(tlv: Tlv | undefined): NameOperation['operation'] | undefined {
  if (tlv === undefined) return undefined;
  if (tlv.tag === INTEGER && tlv.value.length === 1) return OPERATIONS[tlv.value[0] ?? 255];
  if (tlv.tag === OBJECT && tlv.value.length === 4 && sameBytes(tlv.value.subarray(0, 3), ECMA_ARC))
    return OPERATIONS[tlv.value[3] ?? 255];
  return undefined;
}

/** {iso(1) member-body(2) us(840) t1(10005) 0 informationFollowing(4)}: GR-1367's promise that a name comes in FACILITY. */
const INFORMATION_FOLLOWING = Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x15, 0, 4);

/** Whether a facility element of SETUP promises that the caller's name comes later. */
export function promisesName({ codeset, id, contents }: Element): boolean {
  if (codeset !== 0 || id !== nameFacility.id) return false;
  const invoke = parts(contents.subarray(1))?.find(({ tag }) => tag === INVOKE);
  const code = invoke === undefined ? undefined : parts(invoke.value)?.find(({ tag }) => tag === OBJECT);
  return code !== undefined && sameBytes(code.value, INFORMATION_FOLLOWING);
}

export const nameFacility: ElementCodec<NameOperation> = {
  codeset: 0,
  id: 0x1c,
  decode(octets, at = 0, end = octets.length) {
    if (at >= end) return undefined;
    const octet3 = octets[at] ?? 0;
    const components = parts(octets.subarray(at + 1, end));
    const invoke = components?.find((c) => !PREAMBLE.has(c.tag));
    if (invoke?.tag !== INVOKE) return undefined;
    const inner = parts(invoke.value);
    // A linked id ([0]) may stand between the invoke id and the operation.
    const rest = inner?.filter((c, i) => !(i === 1 && c.tag === 0x80));
    const [id, code, argument] = rest ?? [];
    const operation = operationOf(code);
    const name = decodeName(argument);
    if (id?.tag !== INTEGER || operation === undefined || name === undefined) return undefined;
    return { operation, name, profile: octet3 & 0x1f, invokeId: id.value.at(-1) ?? 0 };
  },
  encode({ operation, name, profile, invokeId }) {
    const invoke = part(
      INVOKE,
      part(INTEGER, Uint8Array.of(invokeId & 0x7f)),
      part(INTEGER, Uint8Array.of(OPERATIONS.indexOf(operation))),
      encodeName(name),
    );
    return concat(Uint8Array.of(0x80 | profile), DISCARD_UNKNOWN, invoke);
  },
};

function encodeName({ text, presentation }: PresentedName): Uint8Array {
  const octets = fromLatin1(text.slice(0, MAX_NAME));
  if (presentation === 'allowed' && octets.length > 0) return part(0x80, octets);
  if (presentation === 'restricted') return octets.length > 0 ? part(0x82, octets) : part(0x87);
  return part(0x84);
}
