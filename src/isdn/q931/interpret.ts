/** Elements into words: what a heard message says to the user. What no word holds is handed on as heard. */
import type { Element, HeardElement, SaidElement } from './element.ts';
import { bearerCapability } from './ie/bearer.ts';
import { CAUSES, type CauseElement, causeElement } from './ie/cause.ts';
import { channelIdentification } from './ie/channel.ts';
import { every, first } from './ie/codec.ts';
import { display } from './ie/display.ts';
import { nameFacility } from './ie/facility.ts';
import {
  calledNumber,
  callingNumber,
  connectedNumber,
  type PresentedName,
  type PresentedNumber,
  redirectingNumber,
} from './ie/number.ts';
import { type Progress, progressIndicator } from './ie/progress.ts';
import { keypad, SENDING_COMPLETE } from './ie/simple.ts';
import type { SetupWords } from './primitives.ts';
import type { Variant } from './variants.ts';

/** Diversions and progress indicators that we read of one message. */
const MAX_REPEATS = 4;

export const progressIn = (elements: readonly HeardElement[]): readonly Progress[] =>
  every(elements, progressIndicator, MAX_REPEATS);

/** The cause of a clearing message; without one it is 31 (§5.8.6.1). */
export const causeIn = (elements: readonly HeardElement[]): CauseElement =>
  first(elements, causeElement) ?? { cause: CAUSES.normalUnspecified, location: 'user', diagnostics: undefined };

/** A name in FACILITY; else in DISPLAY, where its type octet says so or `plain` text counts as one. */
export function nameIn(
  elements: readonly HeardElement[],
  plain: boolean,
  number?: PresentedNumber,
): PresentedName | undefined {
  const named = every(elements, nameFacility, MAX_REPEATS).find((n) => n.operation !== 'busy-name');
  if (named !== undefined) return named.name;
  const shown = first(elements, display);
  if (shown === undefined || shown.text === '' || !(plain || shown.typed)) return undefined;
  // DISPLAY says nothing of presentation: the number's counts.
  return { text: shown.text, presentation: number?.presentation === 'restricted' ? 'restricted' : 'allowed' };
}

const has = (elements: readonly HeardElement[], e: SaidElement): boolean =>
  elements.some((x) => x.id === e.id && x.codeset === e.codeset);

/** Whether a bearer says no more than our words can. */
function isPlain(bearer: HeardElement): boolean {
  const words = bearer.read(bearerCapability);
  return words !== undefined && bearer.holds(bearerCapability.encode(words));
}

/** Those that no word of ours says, with octets of their own: what is handed on outlives its message. */
function handedOn(
  elements: readonly HeardElement[],
  said: (e: HeardElement, at: number, elements: readonly HeardElement[]) => boolean,
): readonly Element[] {
  const out: Element[] = [];
  for (let at = 0; at < elements.length; at++) {
    const e = elements[at];
    if (e === undefined || said(e, at, elements)) continue;
    const { codeset, id, contents } = e;
    out.push({ codeset, id, contents });
  }
  return out;
}

/** Whether an element of SETUP, `elements[at]`, is said by our words. */
function saidInSetup(e: HeardElement, at: number, elements: readonly HeardElement[]): boolean {
  if (e.codeset !== 0) return false;
  switch (e.id) {
    case bearerCapability.id:
      return isPlain(e);
    case callingNumber.id:
      return elements.findIndex((x) => x.id === e.id && x.codeset === e.codeset) === at;
    case nameFacility.id:
      return e.read(nameFacility) !== undefined;
    default:
      return SAID.has(e.id);
  }
}

const SAID = new Set([
  channelIdentification.id,
  calledNumber.id,
  redirectingNumber.id,
  display.id,
  SENDING_COMPLETE.id,
]);

/** What SETUP says; undefined without a bearer that can be read. */
export function setupIn(elements: readonly HeardElement[], variant: Variant): SetupWords | undefined {
  const bearer = first(elements, bearerCapability);
  if (bearer === undefined) return undefined;
  const caller = first(elements, callingNumber);
  const called = first(elements, calledNumber) ?? { ...variant.called, digits: first(elements, keypad) ?? '' };
  return {
    bearer,
    called,
    complete: !variant.overlap || has(elements, SENDING_COMPLETE),
    caller,
    callerName: nameIn(elements, true, caller),
    redirecting: every(elements, redirectingNumber, MAX_REPEATS),
    progress: progressIn(elements),
    elements: handedOn(elements, saidInSetup),
  };
}

/** Digits of INFORMATION, in called number or keypad. */
export function digitsIn(elements: readonly HeardElement[]): { readonly digits: string; readonly complete: boolean } {
  const digits = first(elements, calledNumber)?.digits ?? first(elements, keypad) ?? '';
  return { digits, complete: has(elements, SENDING_COMPLETE) };
}

const PASSED_ON = new Set([
  channelIdentification.id,
  progressIndicator.id,
  causeElement.id,
  connectedNumber.id,
  display.id,
]);

const saidLater = (e: HeardElement): boolean =>
  e.codeset === 0 && (PASSED_ON.has(e.id) || (e.id === nameFacility.id && e.read(nameFacility) !== undefined));

/** The elements of any later message that a tandem must hand on. */
export const restOf = (elements: readonly HeardElement[]): readonly Element[] => handedOn(elements, saidLater);
