/** Words into elements: what our SETUP, CONNECT and their like hold. */
import type { Entry } from './channels.ts';
import type { SaidElement } from './element.ts';
import { bearerCapability } from './ie/bearer.ts';
import { type CauseElement, causeElement } from './ie/cause.ts';
import { channelIdentification } from './ie/channel.ts';
import { element } from './ie/codec.ts';
import { display } from './ie/display.ts';
import { type NameOperation, nameFacility } from './ie/facility.ts';
import { calledNumber, callingNumber, type PresentedName, redirectingNumber } from './ie/number.ts';
import { type Progress, progressIndicator } from './ie/progress.ts';
import { SENDING_COMPLETE } from './ie/simple.ts';
import type { SetupWords, Side } from './primitives.ts';
import type { Variant } from './variants.ts';

/** The channel of a call, named for the peer; `interface` only where the group has several spans. */
export function channelElement(
  desk: { readonly explicitInterface: boolean; readonly variant: Variant },
  entry: Entry,
  exclusive: boolean,
): SaidElement {
  return element(channelIdentification, {
    interface: desk.explicitInterface ? entry.interface : undefined,
    exclusive,
    slots: [entry.channel.slot],
    coding: desk.variant.channelCoding,
  });
}

export const causeOf = (cause: CauseElement): SaidElement => element(causeElement, cause);

export const NONE: readonly SaidElement[] = [];

/** One list behind the other. Nearly always one of them is empty, and then the other is taken as it is. */
export function both(a: readonly SaidElement[], b: readonly SaidElement[] = NONE): readonly SaidElement[] {
  if (a.length === 0) return b;
  return b.length === 0 ? a : [...a, ...b];
}

export const progressOf = (progress: readonly Progress[] = []): readonly SaidElement[] =>
  progress.length === 0 ? NONE : progress.slice(0, 2).map((p) => element(progressIndicator, p));

/** A name in the elements that this variant and side use. */
export function nameElements(
  name: PresentedName | undefined,
  operation: NameOperation['operation'],
  variant: Variant,
  side: Side,
): readonly SaidElement[] {
  if (name === undefined) return NONE;
  return variant.names[side].flatMap((way): readonly SaidElement[] => {
    if (way === 'facility')
      return [element(nameFacility, { operation, name, profile: variant.facilityProfile, invokeId: 1 })];
    // DISPLAY cannot say `restricted`, so a name that may not be shown stays here.
    return name.presentation === 'allowed' && name.text !== ''
      ? [element(display, { text: name.text, typed: variant.typedDisplay })]
      : [];
  });
}

/** Puts what was kept as heard behind what we say ourselves; where both hold an element, ours counts. */
function withOpaque(own: readonly SaidElement[], opaque: readonly SaidElement[]): readonly SaidElement[] {
  if (opaque.length === 0) return own;
  const held = new Set(own.filter((e) => e.codeset === 0).map((e) => e.id));
  return [...own, ...opaque.filter((e) => e.codeset !== 0 || REPEATABLE.has(e.id) || !held.has(e.id))];
}

/** Facility and calling number may come more than once. */
const REPEATABLE = new Set([nameFacility.id, callingNumber.id]);

/** SETUP (§3.1.14). */
export function setupElements(
  words: SetupWords,
  channel: SaidElement | undefined,
  variant: Variant,
  side: Side,
): readonly SaidElement[] {
  // A bearer that says more than our words do (rates, user protocols) goes out as it was heard.
  const heard = words.elements.find((e) => e.codeset === 0 && e.id === bearerCapability.id);
  const own: SaidElement[] = [heard ?? element(bearerCapability, words.bearer)];
  if (channel !== undefined) own.push(channel);
  for (const e of progressOf(words.progress)) own.push(e);
  for (const e of nameElements(words.callerName, 'calling-name', variant, side)) own.push(e);
  if (words.caller !== undefined) own.push(element(callingNumber, words.caller));
  if (words.called.digits !== '') own.push(element(calledNumber, words.called));
  for (const r of words.redirecting.slice(0, variant.redirectingNumbers)) own.push(element(redirectingNumber, r));
  if (words.complete && variant.overlap) own.push(SENDING_COMPLETE);
  return withOpaque(own, words.elements);
}
