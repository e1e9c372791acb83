/** Numbers as a gateway wants them: the called one by its rules, the caller's by its caller-ID rule. */
import { type CallerNumber, isPrivate, type PartyNumber } from '../call/number.ts';
import type { Hop } from './decision.ts';
import type { Gateway } from './directory.ts';
import { applyRules } from './number-rules.ts';

/** Who calls, as far as his number goes: `ours` when he is a user of this site or calls for one. */
export interface ShownCaller {
  readonly number: CallerNumber | undefined;
  readonly ours: boolean;
}

/** A hop over a gateway, with the called number (E.164, or a service's own digits) and the caller's in its form. */
export function gatewayHop(gateway: Gateway, number: string, caller: ShownCaller): Hop {
  const called = applyRules(gateway.out, number) ?? usualNumber(gateway, number);
  return hopTo(gateway, called, shownCaller(gateway, caller));
}

/**
 * An emergency number goes out as it is, of unknown type: no country's plan holds it (E.164 §3.13). The caller is shown
 * whatever he or the gateway's rule would hide, since he is to be called back.
 */
export function emergencyHop(gateway: Gateway, number: string, caller: ShownCaller): Hop {
  const { callerId } = gateway;
  const shown = shownCaller({ ...gateway, callerId: callerId === 'withheld' ? 'own' : callerId }, caller);
  const called: PartyNumber = { digits: number, type: 'unknown', plan: 'isdn' };
  return hopTo(gateway, called, shown === undefined ? undefined : { ...shown, presentation: 'allowed' });
}

function hopTo(gateway: Gateway, called: PartyNumber, caller: CallerNumber | undefined): Hop {
  const { id } = gateway;
  if (gateway.type === 'sip-trunk') return { type: 'sip-trunk', id, called, caller };
  const { spans, hunting } = gateway;
  return { type: 'span-group', id, spans, hunting, called, caller };
}

/** Where no rule acts: whole on SIP, on ISDN typed by its country. A service's own digits stay as they are. */
function usualNumber(gateway: Gateway, number: string): PartyNumber {
  if (!number.startsWith('+')) return { digits: number, type: 'unknown', plan: 'isdn' };
  const whole = number.slice(1);
  if (gateway.type === 'sip-trunk') return { digits: whole, type: 'international', plan: 'isdn' };
  const { digits, type } = typedNumber(gateway, whole);
  return { digits: gateway.prefix + digits.slice(gateway.strip), type, plan: 'isdn' };
}

/**
 * The number that the gateway shows of a caller. His own, else the main number, which we vouch for as well; a number that is
 * withheld still goes along, marked restricted, so that the network can charge and trace (Q.931 §4.5.10).
 */
function shownCaller(gateway: Gateway, { number, ours }: ShownCaller): CallerNumber | undefined {
  const main = gateway.mainNumber;
  const asMain = main !== undefined && ours && (gateway.callerId === 'main' || number === undefined);
  const chosen: CallerNumber | undefined = asMain
    ? {
        digits: main.slice(1),
        type: 'international',
        plan: 'isdn',
        presentation: number?.presentation ?? 'allowed',
        screening: 'passed',
      }
    : number;
  if (chosen === undefined) return undefined;
  const shown = formed(gateway, chosen);
  return gateway.callerId === 'withheld' ? { ...shown, presentation: 'restricted' } : shown;
}

/** Only a caller whose whole number is known is put into another form; the rest goes on as heard. */
export function formed(gateway: Gateway, caller: CallerNumber): CallerNumber {
  if (caller.type !== 'international' || isPrivate(caller) || gateway.type === 'sip-trunk') return caller;
  const { digits, type } = typedNumber(gateway, caller.digits);
  return { digits, type, plan: 'isdn', presentation: caller.presentation, screening: caller.screening };
}

/** `whole`: the digits of an E.164 number. */
function typedNumber(
  { numberType, countryCode }: Extract<Gateway, { type: 'span-group' }>,
  whole: string,
): Pick<PartyNumber, 'digits' | 'type'> {
  if (numberType === 'unknown') return { digits: whole, type: 'unknown' };
  if (!whole.startsWith(countryCode)) return { digits: whole, type: 'international' };
  return { digits: whole.slice(countryCode.length), type: 'national' };
}

/** A caller from a trunk, with a number of the trunk's own country made whole; any other goes on as heard. */
export function wholeCaller(gateway: Gateway, caller: CallerNumber): CallerNumber {
  if (gateway.type === 'sip-trunk' || caller.type !== 'national' || isPrivate(caller)) return caller;
  return { ...caller, digits: gateway.countryCode + caller.digits, type: 'international', plan: 'isdn' };
}
