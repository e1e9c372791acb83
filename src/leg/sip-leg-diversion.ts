import type { Redirecting, RedirectReason } from '../call/number.ts';
import { paramOf } from '../sip/message/grammar.ts';
import type { HeaderPairs, SipMessage } from '../sip/message/message.ts';
import { parseNameAddr, printNameAddr } from '../sip/message/name-addr.ts';
import { numberOfUri, uriOfNumber } from './sip-leg-identity.ts';

/** Diversion (RFC 5806) ↔ the ISDN's redirecting numbers, the latest diversion first in both. */

/** RFC 5806 §4 and Q.931 §4.6.7; the first row of a reason is the one that is written. */
const REASONS: readonly (readonly [RedirectReason, string])[] = [
  ['unknown', 'unknown'],
  ['busy', 'user-busy'],
  ['no-answer', 'no-answer'],
  ['unconditional', 'unconditional'],
  ['deflection', 'deflection'],
  ['out-of-service', 'out-of-service'],
  ['out-of-service', 'unavailable'],
  ['out-of-service', 'away'],
  ['unconditional', 'time-of-day'],
  ['unconditional', 'follow-me'],
  ['busy', 'do-not-disturb'],
];

/** More diversions than an ISDN counts (Q.952: five) are not carried. */
export const MAX_DIVERSIONS = 5;

/** The diversions of an INVITE, the latest first; what can't be read is left out. */
export function redirectingOf(message: SipMessage): readonly Redirecting[] {
  const found: Redirecting[] = [];
  for (const value of message.headers.all('Diversion')) {
    const party = parseNameAddr(value);
    if (!party.ok || found.length === MAX_DIVERSIONS) continue;
    const { params, uri } = party.value;
    const word = paramOf(params, 'reason')?.toLowerCase();
    const privacy = paramOf(params, 'privacy')?.toLowerCase() ?? 'off';
    const screen = paramOf(params, 'screen')?.toLowerCase() === 'yes';
    found.push({
      number: {
        ...numberOfUri(uri),
        presentation: privacy === 'off' || privacy === 'name' ? 'allowed' : 'restricted',
        screening: screen ? 'network' : 'not-screened',
      },
      reason: REASONS.find(([, written]) => written === word)?.[0] ?? 'unknown',
    });
  }
  return found;
}

/** The Diversion headers that say these redirecting numbers; `domain` is the host of their URIs. */
export function diversionsFor(redirecting: readonly Redirecting[], domain: string): HeaderPairs {
  return redirecting.slice(0, MAX_DIVERSIONS).map(({ number, reason }): readonly [string, string] => {
    const params = [
      { name: 'reason', value: REASONS.find(([ours]) => ours === reason)?.[1] ?? 'unknown' },
      { name: 'privacy', value: number.presentation === 'allowed' ? 'off' : 'full' },
      { name: 'screen', value: number.screening === 'network' || number.screening === 'passed' ? 'yes' : 'no' },
    ];
    const uri = number.digits === '' ? `sip:unknown@${domain}` : uriOfNumber(number, domain);
    return ['Diversion', printNameAddr({ display: undefined, uri, params })];
  });
}
