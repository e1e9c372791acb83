/** What is asked of the router, and what it must know of the moment. */
import type { CallerNumber, PartyNumber } from '../call/number.ts';
import type { Offer } from '../call/signal.ts';

/** Who brings the call, as far as it is proven. `unknown`: nobody vouches for it; only emergency calls go on. */
export type Source =
  | { readonly type: 'user'; readonly id: string }
  | { readonly type: 'span-group'; readonly id: string }
  | { readonly type: 'sip-trunk'; readonly id: string }
  | { readonly type: 'unknown' };

/**
 * What was dialled. `user-part`: the part left of the @, or the whole of a tel URI, unescaped:
 * `5550100;phone-context=redmond@contoso.com`. `number`: digits whose type the network has said.
 */
export type Dialled =
  | { readonly type: 'user-part'; readonly text: string }
  | { readonly type: 'number'; readonly number: PartyNumber };

export interface RoutingQuery {
  readonly source: Source;
  readonly dialled: Dialled;
  /** False while more digits may come: where nothing matches yet, the decision is to collect. */
  readonly complete: boolean;
  readonly caller: CallerNumber | undefined;
}

/** What changes from call to call. The router reads these and says in its effects what becomes of them. */
export interface RoutingFacts {
  /** Addresses of record, as in the directory, with at least one live binding. */
  readonly registered: ReadonlySet<string>;
  /** Span groups and SIP trunks that can take no call now. */
  readonly unavailable: ReadonlySet<string>;
  /** Where the next round of a route begins, by the route's id. */
  readonly cursors: ReadonlyMap<string, number>;
}

/** The question that an offer asks. On SIP the Request-URI is asked for, since it may name a location profile. */
export function queryOf(offer: Offer, source: Source): RoutingQuery {
  const uri = offer.uri === undefined ? undefined : userPart(offer.uri.request);
  return {
    source,
    dialled: uri === undefined ? { type: 'number', number: offer.called } : { type: 'user-part', text: uri },
    complete: offer.complete,
    caller: offer.caller,
  };
}

/** The user part of a SIP URI, what follows `tel:`, unescaped; undefined where there is none. */
function userPart(uri: string): string | undefined {
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, Math.max(colon, 0)).toLowerCase();
  if (scheme === 'tel') return unescaped(uri.slice(colon + 1));
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  const rest = uri.slice(colon + 1);
  // The host part has no @, but a user part may: `;phone-context=redmond@contoso.com` is often sent unescaped.
  const at = rest.lastIndexOf('@');
  if (at < 0) return undefined;
  const user = rest.slice(0, at);
  return unescaped(user);
}

/** Undoes %-escapes (RFC 3261 §25.1); what is no escape stays as it is. */
function unescaped(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
