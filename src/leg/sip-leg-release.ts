import { CAUSE, type Cause, causeOf, type Location } from '../call/cause.ts';
import type { Origin, Release } from '../call/signal.ts';
import { paramOf, parseNumber, parseParams } from '../sip/message/grammar.ts';
import type { HeaderPairs, SipMessage, SipRequest, SipResponse } from '../sip/message/message.ts';
import { type CauseOverrides, causeOfStatus, causeOfWarning, REDIRECTION, statusOfCause } from './cause-table.ts';

/** The ends of calls: Q.850 causes ↔ final responses, BYE and CANCEL, with Reason (RFC 3326, 6432, 8606) both ways. */

/** Headers of a refusal that another SIP leg repeats to its own caller. */
const REPEATED = ['Contact', 'Error-Info', 'Min-SE', 'Reason', 'Retry-After', 'Unsupported', 'Warning'] as const;

/** Headers of a request that mean something beyond its own dialog. */
const CARRIED = ['Max-Forwards', 'Reason'] as const;

/** A 3xx–6xx: its Q.850 Reason, else its Warning (488, 606), else the table. */
export function releaseOfResponse(response: SipResponse, overrides?: CauseOverrides): Release {
  const heard = reasonIn(response);
  const cause = heard?.cause ?? causeByStatus(response, overrides);
  const location = heard?.location ?? (Math.floor(response.status / 100) === 5 ? 'private-remote' : 'user');
  return { type: 'release', cause, location, origin: originOf(response) };
}

/** A BYE or CANCEL: normal clearing by the user unless its Reason says otherwise. */
export function releaseOfRequest(request: SipRequest): Release {
  const heard = reasonIn(request);
  const cause = heard?.cause ?? CAUSE.normalClearing;
  return { type: 'release', cause, location: heard?.location ?? 'user', origin: originOf(request) };
}

/** An end that no message told: `status` is the response that RFC 3261 §8.1.3.1 has it treated as. */
export function releaseOfSilence(status: 408 | 503, cause: Cause): Release {
  const origin: Origin = { protocol: 'sip', status, reason: undefined, headers: [] };
  return { type: 'release', cause, location: 'private-local', origin };
}

/** What was heard, as far as another SIP leg repeats it. */
export function originOf(message: SipMessage): Origin {
  const kept = message.type === 'response' ? REPEATED : CARRIED;
  const headers = kept.flatMap((name) =>
    message.headers.all(name).map((value): readonly [string, string] => [name, value]),
  );
  const { status, reason } = message.type === 'response' ? message : { status: undefined, reason: undefined };
  return { protocol: 'sip', status, reason, headers };
}

/** The final response that tells a caller of a release. */
export interface Refused {
  readonly status: number;
  readonly reason?: string;
  readonly headers: HeaderPairs;
}

/** What to answer a caller with: a refusal that was heard on SIP as it was, any other by its cause. */
export function refusalOf(release: Release, overrides?: CauseOverrides): Refused {
  const { origin } = release;
  const heard = origin?.protocol === 'sip' ? origin : undefined;
  const status = heard?.status ?? 0;
  // A challenge is between us and whoever challenged: to the caller it is a refusal like another.
  if (heard !== undefined && status >= 300 && status !== 401 && status !== 407) {
    const { reason } = heard;
    // Whoever is overloaded speaks of himself: said again by us, the caller would leave us alone for so long (§16.7 step 6).
    const ours = (name: string): boolean => name === 'Reason' || (name === 'Retry-After' && status === 503);
    const headers = [...heard.headers.filter(([name]) => !ours(name)), ...reasons(release)];
    return { status, ...(reason === undefined ? {} : { reason }), headers };
  }
  return { status: statusOfCause(release.cause, release.location, overrides), headers: reasons(release) };
}

/** The Reason headers of a BYE, CANCEL or refusal: those heard, where the other leg is SIP too, else ours from the cause. */
export function reasons(release: Release): HeaderPairs {
  const { origin } = release;
  const heard = origin?.protocol === 'sip' ? origin.headers.filter(([name]) => name === 'Reason') : [];
  if (heard.some(([, value]) => /^\s*Q\.850\b/i.test(value))) return heard;
  const place = LOCATIONS.find(([location]) => location === release.location)?.[1];
  const ours = `Q.850;cause=${release.cause}${place === undefined ? '' : `;location=${place}`}`;
  return [...heard, ['Reason', ours]];
}

function causeByStatus(response: SipResponse, overrides?: CauseOverrides): Cause {
  const { status } = response;
  if (status < 400) return REDIRECTION;
  const warning = /^\s*(\d{3})\b/.exec(response.headers.get('Warning') ?? '')?.[1];
  if ((status === 488 || status === 606) && warning !== undefined) return causeOfWarning(Number(warning));
  return causeOfStatus(status, overrides);
}

/** RFC 8606 §3: where the cause was generated, in the letters of its `location` parameter. */
const LOCATIONS: readonly (readonly [Location, string])[] = [
  ['user', 'U'],
  ['private-local', 'LPN'],
  ['public-local', 'LN'],
  ['transit', 'TN'],
  ['public-remote', 'RLN'],
  ['private-remote', 'RPN'],
  ['international', 'INTL'],
  ['beyond', 'BI'],
];

/** The Q.850 cause of a Reason header, if there is one. */
function reasonIn(message: SipMessage): { readonly cause: Cause; readonly location: Location | undefined } | undefined {
  for (const value of message.headers.all('Reason')) {
    const semicolon = value.indexOf(';');
    if (semicolon < 0 || value.slice(0, semicolon).trim().toUpperCase() !== 'Q.850') continue;
    const params = parseParams(value.slice(semicolon)) ?? [];
    const cause = parseNumber(paramOf(params, 'cause') ?? '', 127);
    if (cause === undefined || cause === 0) continue;
    const place = paramOf(params, 'location')?.toUpperCase();
    return { cause: causeOf(cause), location: LOCATIONS.find(([, letters]) => letters === place)?.[0] };
  }
  return undefined;
}
