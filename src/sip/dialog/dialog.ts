import { fail, ok, type Result } from '../../kernel/result.ts';
import { printCSeq } from '../message/cseq.ts';
import { callIdOf, contactsOf, cseqOf, fromOf, recordRoutesOf, toOf } from '../message/fields.ts';
import { paramOf, withoutParam, withParam } from '../message/grammar.ts';
import {
  type HeaderPairs,
  NO_BODY,
  request,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../message/message.ts';
import { type NameAddr, parseNameAddr, printNameAddr, tagOf } from '../message/name-addr.ts';
import { parseUri, printUri } from '../message/uri.ts';

/**
 * A dialog, RFC 3261 §12: a plain value, replaced when it changes, and JSON as it stands, so that a stored one can still send
 * its BYE after a restart.
 */
export interface Dialog {
  readonly role: 'uac' | 'uas';
  /** False while only a provisional response has made it. */
  readonly confirmed: boolean;
  readonly callId: string;
  readonly localTag: string;
  /** Undefined for a peer that sends none (RFC 2543). */
  readonly remoteTag?: string;
  /** Our From or To, and the peer's, without tags. */
  readonly localParty: string;
  readonly remoteParty: string;
  readonly localCSeq: number;
  readonly remoteCSeq?: number;
  /** Where requests end: the peer's Contact URI. */
  readonly remoteTarget: string;
  /** Route values in the order in which they are to be visited. */
  readonly routeSet: readonly string[];
  /** The INVITE came or went to a `sips:` URI over TLS (§12.1.1): requests must stay there. */
  readonly secure: boolean;
}

/** The longest route set that we keep: a path of more hops can't work (Max-Forwards is 70). */
const MAX_ROUTES = 70;

/** §12.1.1: the dialog that our response with `localTag` makes of this request. The error says what is missing. */
export function dialogOfRequest(heard: SipRequest, localTag: string): Result<Dialog> {
  const from = fromOf(heard);
  const to = toOf(heard);
  const cseq = cseqOf(heard);
  const routes = recordRoutesOf(heard);
  const contact = contactsOf(heard)?.[0];
  const callId = callIdOf(heard);
  if (from === undefined || to === undefined || cseq === undefined || callId === undefined)
    return fail('headers missing');
  if (contact === undefined) return fail('Contact missing');
  if (routes === undefined || routes.length > MAX_ROUTES) return fail('Record-Route malformed');
  const remoteTag = tagOf(from);
  return ok({
    role: 'uas',
    confirmed: false,
    callId,
    localTag,
    ...(remoteTag === undefined ? {} : { remoteTag }),
    localParty: untagged(to),
    remoteParty: untagged(from),
    localCSeq: 0,
    remoteCSeq: cseq.number,
    remoteTarget: contact.uri,
    routeSet: routes.map(printNameAddr),
    secure: heard.uri.toLowerCase().startsWith('sips:'),
  });
}

/** §12.1.2: the dialog that this 101–299 response makes of the request we sent. The error says what is missing. */
export function dialogOfResponse(sent: SipRequest, response: SipResponse): Result<Dialog> {
  const from = fromOf(sent);
  const to = toOf(response);
  const cseq = cseqOf(sent);
  const callId = callIdOf(sent);
  const routes = recordRoutesOf(response);
  if (from === undefined || to === undefined || cseq === undefined || callId === undefined)
    return fail('headers missing');
  if (routes === undefined || routes.length > MAX_ROUTES) return fail('Record-Route malformed');
  const localTag = tagOf(from);
  const remoteTag = tagOf(to);
  if (localTag === undefined) return fail('our own From has no tag');
  return ok({
    role: 'uac',
    confirmed: response.status >= 200,
    callId,
    localTag,
    ...(remoteTag === undefined ? {} : { remoteTag }),
    localParty: untagged(from),
    remoteParty: untagged(to),
    localCSeq: cseq.number,
    // A provisional may come without a Contact; until one comes, the INVITE's own target is the best guess.
    remoteTarget: contactsOf(response)?.[0]?.uri ?? sent.uri,
    routeSet: routes.map(printNameAddr).reverse(),
    secure: sent.uri.toLowerCase().startsWith('sips:'),
  });
}

/**
 * §13.2.2.4: the 2xx confirms an early dialog; its route set and remote target replace the provisional's, since RFC 2543
 * proxies may have record-routed only the 2xx. CSeqs go on.
 */
export function confirmed(dialog: Dialog, response: SipResponse): Dialog {
  const routes = recordRoutesOf(response);
  const usable = routes !== undefined && routes.length <= MAX_ROUTES;
  return refreshed(
    { ...dialog, confirmed: true, routeSet: usable ? routes.map(printNameAddr).reverse() : dialog.routeSet },
    response,
  );
}

/** §12.2.1.2, §12.2.2: a target refresh (INVITE, UPDATE, and their 2xx) moves the remote target to its Contact. */
export function refreshed(dialog: Dialog, message: SipMessage): Dialog {
  const contact = contactsOf(message)?.[0];
  return contact === undefined ? dialog : { ...dialog, remoteTarget: contact.uri };
}

/** §12.2.2: notes the request's CSeq; undefined when the request is out of order and gets 500. */
export function inOrder(dialog: Dialog, heard: SipRequest): Dialog | undefined {
  const number = cseqOf(heard)?.number;
  if (number === undefined) return undefined;
  if (dialog.remoteCSeq !== undefined && number <= dialog.remoteCSeq) return undefined;
  return { ...dialog, remoteCSeq: number };
}

/** A request inside a dialog, the dialog after it, and the URI that RFC 3263 resolves to find its next hop. */
export interface DialogRequest {
  readonly dialog: Dialog;
  readonly request: SipRequest;
  readonly nextHop: string;
}

/** §12.2.1.1: the dialog's next request. `headers` are the caller's own: Contact, Supported, Reason and such. */
export function nextRequest(dialog: Dialog, method: string, headers: HeaderPairs, body = NO_BODY): DialogRequest {
  const localCSeq = dialog.localCSeq + 1;
  return made({ ...dialog, localCSeq }, method, localCSeq, headers, body);
}

/** The ACK of a 2xx carries the CSeq number of its INVITE and leaves the dialog as it is (§13.2.2.4). */
export function acknowledgement(dialog: Dialog, cseq: number, headers: HeaderPairs, body = NO_BODY): DialogRequest {
  return made(dialog, 'ACK', cseq, headers, body);
}

function made(dialog: Dialog, method: string, cseq: number, headers: HeaderPairs, body: Uint8Array): DialogRequest {
  const { uri, routes } = path(dialog);
  const sent = request(
    method,
    uri,
    [
      ...routes.map((route): [string, string] => ['Route', route]),
      ['Max-Forwards', '70'],
      ['From', tagged(dialog.localParty, dialog.localTag)],
      ['To', tagged(dialog.remoteParty, dialog.remoteTag)],
      ['Call-ID', dialog.callId],
      ['CSeq', printCSeq({ number: cseq, method })],
      ...headers,
    ],
    body,
  );
  return { dialog, request: sent, nextHop: hopOf(uri, routes) };
}

/** The Request-URI and Route values: loose routers are named in Route, a strict one takes the Request-URI (§12.2.1.1). */
function path(dialog: Dialog): { readonly uri: string; readonly routes: readonly string[] } {
  const [first, ...rest] = dialog.routeSet;
  const route = first === undefined ? undefined : uriIn(first);
  if (route === undefined || isLoose(route)) return { uri: dialog.remoteTarget, routes: dialog.routeSet };
  return { uri: withoutMethod(route), routes: [...rest, `<${dialog.remoteTarget}>`] };
}

/** Where a request goes next: its first Route if that is a loose router, else its Request-URI (§8.1.2). */
export function hopOf(uri: string, routes: readonly string[]): string {
  const first = routes[0] === undefined ? undefined : uriIn(routes[0]);
  return first !== undefined && isLoose(first) ? first : uri;
}

function uriIn(route: string): string | undefined {
  const address = parseNameAddr(route);
  return address.ok ? address.value.uri : undefined;
}

function isLoose(text: string): boolean {
  const uri = parseUri(text);
  return uri.ok && uri.value.type === 'sip' && paramOf(uri.value.params, 'lr') !== undefined;
}

/** A Request-URI has no method parameter and no headers (§19.1.1, Table 1). */
function withoutMethod(text: string): string {
  const uri = parseUri(text);
  if (!uri.ok || uri.value.type !== 'sip') return text;
  return printUri({ ...uri.value, params: withoutParam(uri.value.params, 'method'), headers: [] });
}

const untagged = (party: NameAddr): string => printNameAddr({ ...party, params: withoutParam(party.params, 'tag') });

function tagged(party: string, tag: string | undefined): string {
  const address = parseNameAddr(party);
  if (!address.ok || tag === undefined) return party;
  return printNameAddr({ ...address.value, params: withParam(address.value.params, 'tag', tag) });
}

/** Reads a stored dialog back; undefined when it isn't one. */
export function dialogFromJson(value: unknown): Dialog | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const stored = value as Partial<Record<keyof Dialog, unknown>>;
  const texts = [stored.callId, stored.localTag, stored.localParty, stored.remoteParty, stored.remoteTarget];
  const sound =
    (stored.role === 'uac' || stored.role === 'uas') &&
    texts.every((text) => typeof text === 'string') &&
    typeof stored.localCSeq === 'number' &&
    Array.isArray(stored.routeSet) &&
    stored.routeSet.every((route) => typeof route === 'string');
  return sound ? (value as Dialog) : undefined;
}
