import type { Redirecting, RedirectReason } from '../call/number.ts';
import { paramOf } from '../sip/message/grammar.ts';
import type { HeaderPairs, SipMessage } from '../sip/message/message.ts';
import { parseNameAddr, printNameAddr } from '../sip/message/name-addr.ts';
import { ANONYMOUS, numberOfUri, uriOfNumber } from './sip-leg-identity.ts';
import type { SipSide } from './sip-leg-words.ts';

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

/**
 * The diversions of an INVITE, the latest first; what can't be read is left out. That a number is screened is a network's word: it counts
 * where `trusted`, from inside our trust domain.
 */
export function redirectingOf(message: SipMessage, trusted: boolean): readonly Redirecting[] {
  const found: Redirecting[] = [];
  for (const value of message.headers.all('Diversion')) {
    const party = parseNameAddr(value);
    if (!party.ok || found.length === MAX_DIVERSIONS) continue;
    const { params, uri } = party.value;
    const word = paramOf(params, 'reason')?.toLowerCase();
    const privacy = paramOf(params, 'privacy')?.toLowerCase() ?? 'off';
    const screen = trusted && paramOf(params, 'screen')?.toLowerCase() === 'yes';
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

/** The URI of who has diverted; outside the trust domain of nobody, if he hides (RFC 7044 §10.1.2, and so for Diversion). */
export function diverterUri({ number }: Redirecting, { domain, trusted }: Pick<SipSide, 'domain' | 'trusted'>): string {
  if (number.presentation !== 'allowed' && !trusted) return ANONYMOUS;
  return number.digits === '' ? `sip:unknown@${domain}` : uriOfNumber(number, domain);
}

/** The Diversion headers that say these redirecting numbers to a peer. */
export function diversionsFor(
  redirecting: readonly Redirecting[],
  side: Pick<SipSide, 'domain' | 'trusted'>,
): HeaderPairs {
  return redirecting.slice(0, MAX_DIVERSIONS).map((diversion): readonly [string, string] => {
    const { number, reason } = diversion;
    const params = [
      { name: 'reason', value: REASONS.find(([ours]) => ours === reason)?.[1] ?? 'unknown' },
      { name: 'privacy', value: number.presentation === 'allowed' ? 'off' : 'full' },
      { name: 'screen', value: number.screening === 'network' || number.screening === 'passed' ? 'yes' : 'no' },
    ];
    return ['Diversion', printNameAddr({ display: undefined, uri: diverterUri(diversion, side), params })];
  });
}
