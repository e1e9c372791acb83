import { Headers } from './headers.ts';
import { reasonOf } from './status.ts';

/** The methods that this stack knows; RFC 3261 and its extensions. */
export type SipMethod =
  | 'ACK'
  | 'BYE'
  | 'CANCEL'
  | 'INFO'
  | 'INVITE'
  | 'MESSAGE'
  | 'NOTIFY'
  | 'OPTIONS'
  | 'PRACK'
  | 'PUBLISH'
  | 'REFER'
  | 'REGISTER'
  | 'SUBSCRIBE'
  | 'UPDATE';

export interface SipRequest {
  readonly type: 'request';
  /** As heard: methods are case-sensitive and any token may be one (RFC 3261 §7.1). */
  readonly method: string;
  /** As heard, not checked. */
  readonly uri: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface SipResponse {
  readonly type: 'response';
  /** 100–699. */
  readonly status: number;
  readonly reason: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export type SipMessage = SipRequest | SipResponse;

/** Headers as pairs, in the order in which they are to print. Content-Length is the printer's. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

export const NO_BODY: Uint8Array = new Uint8Array(0);

/** A request of our own, with these headers in this order. */
export function request(
  method: SipMethod | (string & {}),
  uri: string,
  headers: HeaderPairs,
  body = NO_BODY,
): SipRequest {
  return { type: 'request', method, uri, headers: Headers.of(headers), body };
}

export interface ResponseParts {
  /** The reason phrase, when it isn't the usual one. */
  readonly reason?: string;
  /** Our tag, added to a To that has none yet; never to a 100. */
  readonly toTag?: string;
  readonly headers?: HeaderPairs;
  readonly body?: Uint8Array;
}

/** Methods whose 1xx and 2xx make a dialog and therefore repeat Record-Route (RFC 3261 §12.1.1, RFC 6665 §4.4.1). */
const DIALOG_MAKERS: readonly string[] = ['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY'];

/** The response to a request as RFC 3261 §8.2.6 builds it: Via, From, To, Call-ID and CSeq come from the request. */
export function responseTo(to: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
  const makesDialog = status > 100 && status < 300 && DIALOG_MAKERS.includes(to.method);
  const headers = Headers.of(copied(to.headers, makesDialog, status === 100));
  if (parts.toTag !== undefined && status > 100) addToTag(headers, parts.toTag);
  for (const [name, value] of parts.headers ?? []) headers.add(name, value);
  return { type: 'response', status, reason: parts.reason ?? reasonOf(status), headers, body: parts.body ?? NO_BODY };
}

function* copied(from: Headers, routes: boolean, timestamp: boolean): Iterable<readonly [string, string]> {
  for (const via of from.all('Via')) yield ['Via', via];
  if (routes) for (const route of from.all('Record-Route')) yield ['Record-Route', route];
  for (const name of ['From', 'To', 'Call-ID', 'CSeq']) {
    const value = from.get(name);
    if (value !== undefined) yield [name, value];
  }
  const stamp = timestamp ? from.get('Timestamp') : undefined;
  if (stamp !== undefined) yield ['Timestamp', stamp];
}

function addToTag(headers: Headers, tag: string): void {
  const to = headers.get('To');
  if (to === undefined || hasTag(to)) return;
  // A bare URI's parameters are the header's already (RFC 3261 §20), so the tag can be appended as it is.
  headers.set('To', `${to};tag=${tag}`);
}

/** Looks behind the closing bracket, so that a `tag` parameter of the URI isn't taken for the header's. */
function hasTag(value: string): boolean {
  const tail = value.slice(value.lastIndexOf('>') + 1);
  return /;\s*tag\s*=/i.test(tail);
}
