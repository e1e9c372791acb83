/** Called, calling, redirecting and connected numbers: Q.931 §4.5.8, §4.5.10, §4.6.7; Q.951 for the connected number. */
import { toLatin1 } from '../../../kernel/bytes.ts';
import type { ElementCodec } from '../element.ts';
import { last } from './codec.ts';
import { codeTable } from './names.ts';

export type TypeOfNumber = 'unknown' | 'international' | 'national' | 'network' | 'subscriber' | 'abbreviated';
export type NumberingPlan = 'unknown' | 'isdn' | 'data' | 'telex' | 'national' | 'private';
export type Presentation = 'allowed' | 'restricted' | 'unavailable';
export type Screening = 'not-screened' | 'passed' | 'failed' | 'network';
export type DiversionReason = 'unknown' | 'busy' | 'no-answer' | 'unconditional' | 'deflection' | 'out-of-service';

/** A number as heard or to be said: IA5 digits, never with a leading +. */
export interface CalledNumber {
  readonly digits: string;
  readonly type: TypeOfNumber;
  readonly plan: NumberingPlan;
}

export interface PresentedNumber extends CalledNumber {
  readonly presentation: Presentation;
  readonly screening: Screening;
}

export interface PresentedName {
  readonly text: string;
  readonly presentation: Presentation;
}

export interface Diversion {
  readonly number: PresentedNumber;
  readonly reason: DiversionReason;
}

const types = codeTable<TypeOfNumber>({
  unknown: 0,
  international: 1,
  national: 2,
  network: 3,
  subscriber: 4,
  abbreviated: 6,
});
const plans = codeTable<NumberingPlan>({ unknown: 0, isdn: 1, data: 3, telex: 4, national: 8, private: 9 });
const presentations = codeTable<Presentation>({ allowed: 0, restricted: 1, unavailable: 2 });
const screenings = codeTable<Screening>({ 'not-screened': 0, passed: 1, failed: 2, network: 3 });
/** Q.931 §4.6.7, octet 3b; deflection and out-of-service are Q.732's. */
const reasons = codeTable<DiversionReason>({
  unknown: 0,
  busy: 1,
  'no-answer': 2,
  deflection: 4,
  'out-of-service': 9,
  unconditional: 15,
});

/** More digits than any number has; longer ones are a content error. */
const MAX_DIGITS = 64;

interface Parts {
  readonly number: PresentedNumber;
  readonly reason: DiversionReason;
}

/** Octets 3, 3a and 3b as far as the extension bits go, then the digits. */
function decodeParts(octets: Uint8Array, at = 0, end = octets.length): Parts | undefined {
  const next = (): number => (at < end ? (octets[at++] ?? 0x80) : 0x80);
  if (at === end) return undefined;
  const octet3 = next();
  const octet3a = last(octet3) ? 0x80 : next();
  const octet3b = last(octet3a) ? 0x80 : next();
  if (!last(octet3b) || end - at > MAX_DIGITS) return undefined;
  const digits = toLatin1(octets, at, end);
  if (/[^\x20-\x7e]/.test(digits)) return undefined;
  return {
    number: {
      digits,
      type: types.word((octet3 >> 4) & 7) ?? 'unknown',
      plan: plans.word(octet3 & 15) ?? 'unknown',
      presentation: presentations.word((octet3a >> 5) & 3) ?? 'unavailable',
      screening: screenings.word(octet3a & 3) ?? 'not-screened',
    },
    reason: reasons.word(octet3b & 15) ?? 'unknown',
  };
}

const octet3 = (n: CalledNumber): number => (types.code(n.type) << 4) | plans.code(n.plan);
const octet3a = (n: PresentedNumber): number =>
  (presentations.code(n.presentation) << 5) | screenings.code(n.screening);

function encodeParts(head: readonly number[], digits: string): Uint8Array {
  const count = Math.min(digits.length, MAX_DIGITS);
  const out = new Uint8Array(head.length + count);
  let at = 0;
  for (const octet of head) out[at++] = octet;
  for (let i = 0; i < count; i++) out[at++] = digits.charCodeAt(i);
  return out;
}

const presented = (id: number): ElementCodec<PresentedNumber> => ({
  codeset: 0,
  id,
  decode: (octets, at, end) => decodeParts(octets, at, end)?.number,
  encode: (n) => encodeParts([octet3(n), 0x80 | octet3a(n)], n.digits),
});

export const calledNumber: ElementCodec<CalledNumber> = {
  codeset: 0,
  id: 0x70,
  decode(octets, at, end) {
    const number = decodeParts(octets, at, end)?.number;
    return number && { digits: number.digits, type: number.type, plan: number.plan };
  },
  encode: (n) => encodeParts([0x80 | octet3(n)], n.digits),
};
export const callingNumber = presented(0x6c);
export const connectedNumber = presented(0x4c);

export const redirectingNumber: ElementCodec<Diversion> = {
  codeset: 0,
  id: 0x74,
  decode: decodeParts,
  encode: ({ number, reason }) =>
    encodeParts([octet3(number), octet3a(number), 0x80 | reasons.code(reason)], number.digits),
};
