/** What is asked of the router, and what it must know of the moment. */
import type { CallerNumber, PartyNumber, Redirecting } from '../call/number.ts';
import type { Offer } from '../call/signal.ts';
import type { WallTime } from '../kernel/time.ts';
import type { HeldElins } from './elin.ts';
import { switchPortIn } from './location.ts';
import type { Spent } from './permissions.ts';

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
  | { readonly type: 'number'; readonly number: PartyNumber }
  /** An emergency service by its name, `urn:service:sos` or below (RFC 5031 §4.2). */
  | { readonly type: 'emergency-service'; readonly urn: string };

/**
 * Whose policy opens the routes instead of the caller's: who transfers or diverts, pays. Who transfers has also dialled: digits are
 * read as his.
 */
export interface Payer {
  readonly because: 'transfer' | 'diversion';
  /** The id of a user. */
  readonly user: string;
}

export interface RoutingQuery {
  readonly source: Source;
  readonly dialled: Dialled;
  /** False while more digits may come: where nothing matches yet, the decision is to collect. */
  readonly complete: boolean;
  readonly caller: CallerNumber | undefined;
  /** The address that the request came from: it tells which device it is. */
  readonly address?: string;
  /** The switch port that the phone says it is plugged into. */
  readonly switchPort?: string;
  readonly payer?: Payer;
  /** Who has diverted the call before it came to us, the latest first. */
  readonly redirecting?: readonly Redirecting[];
}

/** How calls through a gateway have fared of late. */
export interface Standing {
  /** Share of calls that it has carried, 0–1. */
  readonly availability: number;
  /** Share of packets that were played as they were sent, 0–1; undefined while nothing is known. */
  readonly quality: number | undefined;
}

/** What the DNS said of a number: the URI that its records name, or why there is none. */
export type EnumAnswer =
  | { readonly type: 'found'; readonly uri: string }
  | { readonly type: 'nothing'; readonly why: string };

/** By domain. */
export type EnumAnswers = ReadonlyMap<string, EnumAnswer>;

/** What changes from call to call. The router reads these and says in its effects what becomes of them. */
export interface RoutingFacts {
  /** For what depends on the time of day. */
  readonly at: WallTime;
  /** Addresses of record, as in the directory, with at least one live binding. */
  readonly registered: ReadonlySet<string>;
  /** Span groups and SIP trunks that can take no call now, each with the reason. */
  readonly unavailable: ReadonlyMap<string, string>;
  /** Where the next round of a route begins, by the route's id (and its carrier's: `local/acme`). */
  readonly cursors: ReadonlyMap<string, number>;
  /** How gateways have fared; who is not in it has never failed. */
  readonly standing: ReadonlyMap<string, Standing>;
  /** Calls that users make now, by the user's id; the one in question is not counted. */
  readonly callsNow: ReadonlyMap<string, number>;
  /** By the user's id. */
  readonly spent: ReadonlyMap<string, Spent>;
  /** False while nothing beyond the branch can be asked. */
  readonly wan: boolean;
  /** ELINs in use; none where it is left out. */
  readonly elins?: HeldElins;
  /** Answers to what an earlier decision on this call asked, by domain. */
  readonly enumAnswers: EnumAnswers;
}

/** The question that an offer asks. On SIP the Request-URI is asked for, since it may name a location profile. */
export function queryOf(offer: Offer, source: Source, address?: string): RoutingQuery {
  const switchPort = switchPortIn(offer.uri?.access ?? '');
  return {
    source,
    dialled: dialledUri(offer.uri?.request ?? '') ?? { type: 'number', number: offer.called },
    complete: offer.complete,
    caller: offer.caller,
    ...(address === undefined ? {} : { address }),
    ...(switchPort === undefined ? {} : { switchPort }),
    ...(offer.redirecting.length === 0 ? {} : { redirecting: offer.redirecting }),
  };
}

/** The user part of a SIP URI, what follows `tel:`, unescaped, or a service by name; undefined where there is none. */
function dialledUri(uri: string): Dialled | undefined {
  if (/^urn:service:sos(\.[a-z0-9.-]+)?$/i.test(uri)) return { type: 'emergency-service', urn: uri.toLowerCase() };
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, Math.max(colon, 0)).toLowerCase();
  const rest = uri.slice(colon + 1);
  if (scheme === 'tel') return { type: 'user-part', text: unescaped(rest) };
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  // The host part has no @, but a user part may: `;phone-context=redmond@contoso.com` is often sent unescaped.
  const at = rest.lastIndexOf('@');
  return at < 0 ? undefined : { type: 'user-part', text: unescaped(rest.slice(0, at)) };
}

/** Undoes %-escapes (RFC 3261 §25.1); what is no escape stays as it is. */
function unescaped(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
