/** What the caller dialled, taken apart before any rule sees it. */
import type { DirectoryGateway } from './directory-file.ts';
import type { Dialled } from './query.ts';

/**
 * `e164`: with its +. `digits`: as dialled, for the rules. `name`: no number at all, so a user's name. The context is the
 * location profile that the request names, if it does.
 */
export interface Parsed {
  readonly kind: 'e164' | 'digits' | 'name';
  readonly text: string;
  readonly context: string | undefined;
}

/** Longer is no number, and no rule is run over it. */
const MAX_DIALLED = 64;

/** Takes the user part apart: `5550100;phone-context=redmond@contoso.com` (RFC 3966 §5.1.5). Undefined: nothing dialled. */
export function parseDialled(dialled: Dialled, from: DirectoryGateway | undefined): Parsed | undefined {
  if (dialled.type === 'number') return parseNumber(dialled.number, from);
  const [first = '', ...parameters] = dialled.text.split(';');
  if (first === '' || first.length > MAX_DIALLED) return undefined;
  const context = contextOf(parameters);
  // Visual separators mean nothing (RFC 3966 §5.1.1).
  if (!/^\+?[0-9*#().-]*[0-9*#][0-9*#().-]*$/.test(first)) return { kind: 'name', text: first, context };
  const bare = first.replace(/[().-]/g, '');
  return { kind: isE164(bare) ? 'e164' : 'digits', text: bare, context };
}

function parseNumber(number: Extract<Dialled, { type: 'number' }>['number'], from: DirectoryGateway | undefined) {
  if (number.digits === '' || number.digits.length > MAX_DIALLED) return undefined;
  const whole = wholeNumber(number, from);
  return whole === undefined
    ? ({ kind: 'digits', text: number.digits, context: undefined } as const)
    : ({ kind: 'e164', text: whole, context: undefined } as const);
}

/** The E.164 form of a number whose type says what it lacks (Q.931 §4.5.8); undefined where the type says nothing. */
function wholeNumber(number: { digits: string; type: string }, from: DirectoryGateway | undefined): string | undefined {
  const country = from?.type === 'span-group' ? from.countryCode : undefined;
  let whole: string | undefined;
  if (number.type === 'international') whole = `+${number.digits}`;
  if (number.type === 'national' && country !== undefined) whole = `+${country}${number.digits}`;
  return whole !== undefined && isE164(whole) ? whole : undefined;
}

export const isE164 = (text: string): boolean => /^\+[1-9][0-9]{3,14}$/.test(text);

/** The profile's name stands before the @: `redmond@contoso.com`. */
function contextOf(parameters: readonly string[]): string | undefined {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    if (name.toLowerCase() === 'phone-context' && value !== '') return value.split('@')[0];
  }
  return undefined;
}
