/** What is wrong with a message's elements: Q.931 §5.8.5–5.8.7. */
import { type HeardElement, MAX_ELEMENTS } from './element.ts';
import { CAUSES } from './ie/cause.ts';
import { codecOf, recognised } from './ie/table.ts';
import type { Message } from './message.ts';

export interface Fault {
  readonly cause: number;
  /** The identifiers at fault, for the diagnostics. */
  readonly ids: Uint8Array;
}

export interface Findings {
  /** Those that can be read. */
  readonly elements: readonly HeardElement[];
  /** Cause 96 or 100: the message can't be acted on as it stands. */
  readonly grave: Fault | undefined;
  /** Cause 99 or 100: the message counts, the element doesn't. */
  readonly slight: Fault | undefined;
}

/** §4.5.1: an unknown element whose identifier begins 0000 must be understood. */
const comprehensionRequired = (id: number): boolean => (id & 0xf0) === 0;

export function examine(message: Message, mandatory: readonly number[]): Findings {
  const { elements, cut } = message;
  const sound = cut === undefined && elements.every(isSound) && holdsAll(elements, mandatory);
  return sound ? { elements, grave: undefined, slight: undefined } : faults(message, mandatory);
}

function holdsAll(elements: readonly HeardElement[], ids: readonly number[]): boolean {
  for (const id of ids) if (!holds(elements, id)) return false;
  return true;
}

function holds(elements: readonly HeardElement[], id: number): boolean {
  for (const e of elements) if (e.codeset === 0 && e.id === id) return true;
  return false;
}

function isSound(e: HeardElement): boolean {
  if (e.codeset !== 0) return true;
  const codec = codecOf(e.id);
  return codec === undefined ? recognised(e.id) : e.read(codec) !== undefined;
}

function faults(message: Message, mandatory: readonly number[]): Findings {
  const elements: HeardElement[] = [];
  const spoiled: number[] = [];
  const unknown: number[] = [];
  for (const e of message.elements) {
    const codec = e.codeset === 0 ? codecOf(e.id) : undefined;
    if (codec === undefined && e.codeset === 0 && !recognised(e.id)) unknown.push(e.id);
    if (codec !== undefined && e.read(codec) === undefined) spoiled.push(e.id);
    else elements.push(e);
  }
  if (message.cut !== undefined) (recognised(message.cut) ? spoiled : unknown).push(message.cut);
  const absent = mandatory.filter((id) => !holds(elements, id));
  const missing = absent.filter((id) => !spoiled.includes(id));
  const required = unknown.filter(comprehensionRequired);
  const grave =
    fault(CAUSES.mandatoryMissing, [...missing, ...required]) ??
    fault(
      CAUSES.invalidElement,
      absent.filter((id) => spoiled.includes(id)),
    );
  const slight = fault(CAUSES.invalidElement, spoiled) ?? fault(CAUSES.elementNotImplemented, unknown);
  return { elements, grave, slight };
}

function fault(cause: number, ids: readonly number[]): Fault | undefined {
  return ids.length === 0 ? undefined : { cause, ids: Uint8Array.from(ids.slice(0, MAX_ELEMENTS)) };
}
