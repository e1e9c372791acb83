/** Numbers as a gateway wants them. */
import type { CallerNumber, PartyNumber } from '../call/number.ts';
import type { Hop } from './decision.ts';
import type { DirectoryGateway } from './directory-file.ts';

/** A hop over a gateway, with the called number (E.164) and the caller's put into the gateway's form. */
export function gatewayHop(gateway: DirectoryGateway, number: string, caller: CallerNumber | undefined): Hop {
  const shown = caller === undefined ? undefined : formed(gateway, caller);
  if (gateway.type === 'sip-trunk') {
    return { type: 'sip-trunk', id: gateway.id, called: international(number), caller: shown };
  }
  const typed = typedNumber(gateway, number);
  return {
    type: 'span-group',
    id: gateway.id,
    spans: gateway.spans,
    hunting: gateway.hunting,
    called: { ...typed, digits: gateway.prefix + typed.digits.slice(gateway.strip) },
    caller: shown,
  };
}

/** A service number such as 911 goes out as it is, of unknown type: no country's plan holds it (E.164 §3.13). */
export function serviceHop(gateway: DirectoryGateway, number: string, caller: CallerNumber | undefined): Hop {
  const called: PartyNumber = { digits: number, type: 'unknown', plan: 'isdn' };
  const shown = caller === undefined ? undefined : formed(gateway, caller);
  return gateway.type === 'sip-trunk'
    ? { type: 'sip-trunk', id: gateway.id, called, caller: shown }
    : { type: 'span-group', id: gateway.id, spans: gateway.spans, hunting: gateway.hunting, called, caller: shown };
}

/** Only a caller whose whole number is known is put into another form; the rest goes on as heard. */
export function formed(gateway: DirectoryGateway, caller: CallerNumber): CallerNumber {
  if (caller.type !== 'international' || gateway.type === 'sip-trunk') return caller;
  return { ...caller, ...typedNumber(gateway, `+${caller.digits}`) };
}

function typedNumber(gateway: Extract<DirectoryGateway, { type: 'span-group' }>, number: string): PartyNumber {
  const digits = number.slice(1);
  if (gateway.numberType === 'unknown') return { digits, type: 'unknown', plan: 'isdn' };
  if (digits.startsWith(gateway.countryCode)) {
    return { digits: digits.slice(gateway.countryCode.length), type: 'national', plan: 'isdn' };
  }
  return { digits, type: 'international', plan: 'isdn' };
}

/** A caller from a trunk, with a number of the trunk's own country made whole; any other goes on as heard. */
export function wholeCaller(gateway: DirectoryGateway, caller: CallerNumber): CallerNumber {
  if (gateway.type === 'sip-trunk' || caller.type !== 'national') return caller;
  return { ...caller, digits: gateway.countryCode + caller.digits, type: 'international', plan: 'isdn' };
}

const international = (number: string): PartyNumber => ({
  digits: number.slice(1),
  type: 'international',
  plan: 'isdn',
});
