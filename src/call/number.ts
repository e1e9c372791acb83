/** Numbers as the telephone network speaks of them: digits with a type, a plan and, for callers, who may see them. */

/** Q.931 §4.5.8, octet 3, bits 7–5. */
export type NumberType = 'unknown' | 'international' | 'national' | 'network' | 'subscriber' | 'abbreviated';

/** Q.931 §4.5.8, octet 3, bits 4–1. */
export type NumberPlan = 'unknown' | 'isdn' | 'data' | 'telex' | 'national' | 'private';

/** Q.931 §4.5.10, octet 3a, bits 7–6; RFC 3323 Privacy on the SIP side. */
export type Presentation = 'allowed' | 'restricted' | 'unavailable';

/** Q.931 §4.5.10, octet 3a, bits 2–1: who vouches for the number. */
export type Screening = 'not-screened' | 'passed' | 'failed' | 'network';

/** Digits `0–9 * # A–D`, with a leading `+` never in them: E.164 is `type: international`. */
export interface PartyNumber {
  readonly digits: string;
  readonly type: NumberType;
  readonly plan: NumberPlan;
}

/** As people write it: with its + where it is whole. */
export const numberText = (number: PartyNumber): string =>
  number.type === 'international' && !isPrivate(number) ? `+${number.digits}` : number.digits;

/**
 * A number of a private plan, whose types are its regional levels: what codes an international number elsewhere is level 2 here
 * (ISO/IEC 11571), so that neither a + nor a country belongs before it.
 */
export const isPrivate = ({ plan }: Pick<PartyNumber, 'plan'>): boolean => plan === 'private';

export interface CallerNumber extends PartyNumber {
  readonly presentation: Presentation;
  readonly screening: Screening;
}

export interface CallerName {
  readonly text: string;
  readonly presentation: Presentation;
}

/** Q.931 §4.6.7 / RFC 5806: why a call was diverted. */
export type RedirectReason = 'unknown' | 'busy' | 'no-answer' | 'unconditional' | 'deflection' | 'out-of-service';

export interface Redirecting {
  readonly number: CallerNumber;
  readonly reason: RedirectReason;
}
