/** What the caller dialled, taken apart before any rule sees it. */
import { isPrivate, type PartyNumber } from '../call/number.ts';
import type { Gateway } from './directory.ts';
import { applyRules } from './number-rules.ts';
import type { Dialled } from './query.ts';

/**
 * `e164`: with its +. `digits`: as dialled, for the rules. `name`: no number at all, so a user's name. `service`: emergency by
 * its URN. The context is the value of `phone-context`, if the request has one.
 */
export interface Parsed {
  readonly kind: 'e164' | 'digits' | 'name' | 'service';
  readonly text: string;
  readonly context: string | undefined;
}

/** Longer is no number, and no rule is run over it. */
const MAX_DIALLED = 64;

/** Takes the user part apart: `5550100;phone-context=redmond@contoso.com` (RFC 3966 §5.1.5). Undefined: nothing dialled. */
export function parseDialled(dialled: Dialled, from: Gateway | undefined): Parsed | undefined {
  if (dialled.type === 'emergency-service') return { kind: 'service', text: dialled.urn, context: undefined };
  if (dialled.type === 'number') return parseNumber(dialled.number, from);
  const end = dialled.text.indexOf(';');
  const first = end < 0 ? dialled.text : dialled.text.slice(0, end);
  if (first === '' || first.length > MAX_DIALLED) return undefined;
  const context = end < 0 ? undefined : contextOf(dialled.text.slice(end + 1).split(';'));
  if (!/^\+?[0-9*#().-]*[0-9*#][0-9*#().-]*$/.test(first)) return { kind: 'name', text: first, context };
  // Visual separators mean nothing (RFC 3966 §5.1.1).
  const bare = ruled(/[().-]/.test(first) ? first.replace(/[().-]/g, '') : first, from);
  return { kind: isE164(bare) ? 'e164' : 'digits', text: bare, context };
}

function parseNumber(number: PartyNumber, from: Gateway | undefined): Parsed | undefined {
  if (number.digits === '' || number.digits.length > MAX_DIALLED) return undefined;
  const text = ruled(wholeNumber(number, from) ?? number.digits, from);
  return { kind: isE164(text) ? 'e164' : 'digits', text, context: undefined };
}

/** A number that came in by a gateway, after the gateway's rules for that direction. */
function ruled(text: string, from: Gateway | undefined): string {
  const changed = from === undefined ? undefined : applyRules(from.in, text);
  if (changed === undefined) return text;
  return wholeNumber(changed, from) ?? changed.digits;
}

/** The E.164 form of a number whose type says what it lacks (Q.931 §4.5.8); undefined where the type says nothing. */
function wholeNumber(number: PartyNumber, from: Gateway | undefined): string | undefined {
  if (isPrivate(number)) return undefined;
  const country = from?.type === 'span-group' ? from.countryCode : undefined;
  let whole: string | undefined;
  if (number.type === 'international') whole = `+${number.digits}`;
  if (number.type === 'national' && country !== undefined) whole = `+${country}${number.digits}`;
  return whole !== undefined && isE164(whole) ? whole : undefined;
}

export const isE164 = (text: string): boolean => /^\+[1-9][0-9]{3,14}$/.test(text);

function contextOf(parameters: readonly string[]): string | undefined {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    if (name.toLowerCase() === 'phone-context' && value !== '') return value;
  }
  return undefined;
}
