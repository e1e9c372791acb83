import type { CallerName, CallerNumber, PartyNumber, Presentation } from '../call/number.ts';
import type { ConnectedParty, Offer } from '../call/signal.ts';
import { fromWire, toWire } from '../sip/digest/response.ts';
import { fromOf } from '../sip/message/fields.ts';
import { paramOf, unescaped } from '../sip/message/grammar.ts';
import type { HeaderPairs, SipMessage } from '../sip/message/message.ts';
import { type NameAddr, parseNameAddr, printNameAddr } from '../sip/message/name-addr.ts';
import { escapeUser, parseUri, printUri, sipUri } from '../sip/message/uri.ts';
import type { SipSide } from './sip-leg-words.ts';

/** Who calls and who is called: URIs, From, P-Asserted-Identity (RFC 3325) and Privacy (RFC 3323) ↔ telephone numbers. */

/** Nobody, who hides (RFC 3323 §4.1.1.3). */
export const ANONYMOUS = 'sip:anonymous@anonymous.invalid';

/** The longest number that we make of a URI: E.164 has 15 digits, prefixes and extensions come on top. */
const MAX_DIGITS = 32;

/** Names are shown on telephones: what is longer than this is cut. */
const MAX_NAME = 80;

/** The number in a `tel:` URI or a SIP user part; no digits at all for a user that is a name. */
export function numberOfUri(text: string): PartyNumber {
  const uri = parseUri(text);
  let number = '';
  if (uri.ok && uri.value.type === 'tel') number = uri.value.number;
  if (uri.ok && uri.value.type === 'sip') number = unescaped(uri.value.user ?? '')?.split(';')[0] ?? '';
  const digits = number.replace(/[-.() ]/g, '').toUpperCase();
  const match = /^(\+?)([0-9*#A-D]+)$/.exec(digits);
  if (match?.[2] === undefined || match[2].length > MAX_DIGITS) return { digits: '', type: 'unknown', plan: 'unknown' };
  return match[1] === '+'
    ? { digits: match[2], type: 'international', plan: 'isdn' }
    : { digits: match[2], type: 'unknown', plan: 'unknown' };
}

/** The user part that says a number: `+` and the digits when it is international. */
const userOf = (number: PartyNumber): string =>
  escapeUser((number.type === 'international' ? '+' : '') + number.digits);

/** A URI for a number at `domain`; for no number at all, the domain's own. */
export function uriOfNumber(number: PartyNumber, domain: string): string {
  if (number.digits === '') return printUri(sipUri(domain));
  return printUri(sipUri(domain, { user: userOf(number), params: [{ name: 'user', value: 'phone' }] }));
}

interface Identity {
  readonly number: CallerNumber | undefined;
  readonly name: CallerName | undefined;
}

/**
 * The caller of an INVITE. Inside the trust domain the asserted identity counts, else From; `user` is whose digest was proven. A
 * caller who asks for privacy is still told to the network, restricted (RFC 3398 §7.2.1.1).
 */
export function callerOf(request: SipMessage, side: SipSide, user: string | undefined): Identity {
  const asserted = side.trusted ? assertedIn(request) : undefined;
  const from = fromOf(request);
  const party = asserted ?? from;
  if (party === undefined || /@anonymous\.invalid\b/i.test(party.uri)) return withheld(request);
  const presentation = presentationIn(request);
  const screening = asserted !== undefined ? 'network' : user !== undefined ? 'passed' : 'not-screened';
  return identityOf(party, presentation, screening);
}

/** The far party of an answer or update: only what a trusted peer asserts. */
export function connectedOf(message: SipMessage, side: SipSide): ConnectedParty {
  const asserted = side.trusted ? assertedIn(message) : undefined;
  if (asserted === undefined) return { number: undefined, name: undefined };
  return identityOf(asserted, presentationIn(message), 'network');
}

function identityOf(party: NameAddr, presentation: Presentation, screening: CallerNumber['screening']): Identity {
  const number = numberOfUri(party.uri);
  const text = fromWire(party.display ?? '')
    .trim()
    .slice(0, MAX_NAME);
  return {
    number: number.digits === '' ? undefined : { ...number, presentation, screening },
    name: text === '' ? undefined : { text, presentation },
  };
}

/** Nobody in From and no assertion: the caller hides, or its network couldn't tell. */
function withheld(request: SipMessage): Identity {
  const presentation: Presentation =
    wantsPrivacy(request) || fromOf(request)?.uri.toLowerCase() === ANONYMOUS ? 'restricted' : 'unavailable';
  const number: CallerNumber = {
    digits: '',
    type: 'unknown',
    plan: 'unknown',
    presentation,
    screening: 'not-screened',
  };
  return { number, name: undefined };
}

/** The asserted party: P-Asserted-Identity, for old peers Remote-Party-ID. */
function assertedIn(message: SipMessage): NameAddr | undefined {
  const values = message.headers.all('P-Asserted-Identity').slice(0, 2);
  const parties = values.flatMap((value) => {
    const party = parseNameAddr(value);
    return party.ok ? [party.value] : [];
  });
  const withNumber = parties.find((party) => numberOfUri(party.uri).digits !== '');
  if (withNumber !== undefined || parties[0] !== undefined) {
    const named = parties.find((party) => party.display !== undefined);
    const chosen = withNumber ?? parties[0];
    return chosen === undefined ? undefined : { ...chosen, display: chosen.display ?? named?.display };
  }
  const old = parseNameAddr(message.headers.get('Remote-Party-ID') ?? '');
  return old.ok ? old.value : undefined;
}

function presentationIn(message: SipMessage): Presentation {
  return wantsPrivacy(message) ? 'restricted' : 'allowed';
}

function wantsPrivacy(message: SipMessage): boolean {
  const asked = (message.headers.get('Privacy') ?? '').toLowerCase().split(/[\s;]+/);
  if (asked.some((what) => what === 'id' || what === 'user' || what === 'header')) return true;
  const old = parseNameAddr(message.headers.get('Remote-Party-ID') ?? '');
  const privacy = old.ok ? paramOf(old.value.params, 'privacy')?.toLowerCase() : undefined;
  return privacy !== undefined && privacy !== 'off';
}

/** From of a call we make: the number only where it may be shown (RFC 3323 §4.1). Without a tag. */
export function fromFor(offer: Offer, side: SipSide): NameAddr {
  const { caller, callerName } = offer;
  if (caller === undefined || caller.presentation !== 'allowed' || caller.digits === '') {
    const display = caller?.presentation === 'restricted' ? 'Anonymous' : undefined;
    return { display, uri: ANONYMOUS, params: [] };
  }
  const display = callerName?.presentation === 'allowed' ? toWire(callerName.text) : undefined;
  return { display, uri: uriOfNumber(caller, side.domain), params: [] };
}

/**
 * Identity and privacy toward a peer: a restricted number is asserted inside the trust domain only. `party`: who it is in the call, which
 * Remote-Party-ID says (draft-ietf-sip-privacy-04 §5.1).
 */
export function assertedFor(
  number: CallerNumber | undefined,
  name: CallerName | undefined,
  side: SipSide,
  party: 'calling' | 'called',
): HeaderPairs {
  const restricted = number?.presentation === 'restricted' || name?.presentation === 'restricted';
  const privacy: HeaderPairs = restricted ? [['Privacy', 'id']] : [];
  if (!side.trusted || number === undefined || number.digits === '') return privacy;
  const uri = uriOfNumber(number, side.domain);
  const display = name === undefined ? undefined : toWire(name.text);
  if (side.identity !== 'remote-party-id') {
    return [['P-Asserted-Identity', printNameAddr({ display, uri, params: [] })], ...privacy];
  }
  const params = [
    { name: 'party', value: party },
    { name: 'screen', value: number.screening === 'passed' || number.screening === 'network' ? 'yes' : 'no' },
    { name: 'privacy', value: restricted ? 'full' : 'off' },
  ];
  return [['Remote-Party-ID', printNameAddr({ display, uri, params })], ...privacy];
}
