import { fail, ok, type Result } from '../../kernel/result.ts';
import { CHAR, escapedRunEnd, isWordAt, runEnd, standsAt } from './chars.ts';
import { NO_PARAMS, type Param, type Params, paramOf, parseNumber, printParams, unescaped } from './grammar.ts';

/** A SIP or SIPS URI, RFC 3261 §19.1. Escapes are kept as heard: a proxy must not change them (§16.6). */
export interface SipUri {
  readonly type: 'sip';
  /** True for `sips:`. */
  readonly secure: boolean;
  /** With its user parameters, as in `5550100;phone-context=x`; undefined when there is none. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** A name or an address; IPv6 stands here without its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: Params;
  /** What stands after the `?`. */
  readonly headers: Params;
}

/** A telephone number, RFC 3966. `number` still has its visual separators. */
export interface TelUri {
  readonly type: 'tel';
  readonly number: string;
  readonly params: Params;
}

/** Any other scheme: known to be a URI, not understood. */
export interface OtherUri {
  readonly type: 'other';
  readonly scheme: string;
  readonly rest: string;
}

export type Uri = SipUri | TelUri | OtherUri;

const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
const TEL = /^(?:\+[0-9\-.()]*[0-9][0-9\-.()]*|[0-9A-Fa-f*#\-.()]+)$/;

/** Parses a URI; the error says what is wrong with it. */
export function parseUri(text: string): Result<Uri> {
  if (isWordAt(text, 0, 'sip:')) return parseSip(false, text, 4);
  const colon = text.indexOf(':');
  if (colon < 1) return fail('URI without a scheme');
  const scheme = text.slice(0, colon).toLowerCase();
  if (!SCHEME.test(scheme)) return fail('URI scheme malformed');
  if (scheme === 'sip' || scheme === 'sips') return parseSip(scheme === 'sips', text, colon + 1);
  const rest = text.slice(colon + 1);
  if (scheme === 'tel') return parseTel(rest);
  if (rest === '' || /[\s<>"]/.test(rest)) return fail('URI malformed');
  return ok({ type: 'other', scheme, rest });
}

function parseSip(secure: boolean, text: string, from: number): Result<SipUri> {
  const to = text.length;
  let user: string | undefined;
  let password: string | undefined;
  let at = from;
  // An unescaped @ stands nowhere but after the userinfo, whose own ; and ? are no separators.
  const userEnd = escapedRunEnd(text, from, to, CHAR.user);
  if (userEnd > from && standsAt(text, userEnd, to, AT)) {
    user = text.slice(from, userEnd);
    at = userEnd + 1;
  } else if (standsAt(text, userEnd, to, COLON)) {
    const passwordEnd = escapedRunEnd(text, userEnd + 1, to, CHAR.password);
    if (userEnd > from && standsAt(text, passwordEnd, to, AT)) {
      user = text.slice(from, userEnd);
      password = text.slice(userEnd + 1, passwordEnd);
      at = passwordEnd + 1;
    }
  }
  const place = readHostPort(text, at, to);
  if (place === undefined) return fail('URI user, host or port malformed');
  at = place.end;
  let params: Params | undefined = NO_PARAMS;
  if (standsAt(text, at, to, SEMICOLON)) {
    const question = text.indexOf('?', at);
    const end = question < 0 ? to : question;
    params = parsePairs(text, at + 1, end, SEMICOLON, CHAR.param);
    if (params === undefined) return fail('URI parameters malformed');
    at = end;
  }
  let headers: Params | undefined = NO_PARAMS;
  if (standsAt(text, at, to, QUESTION)) {
    headers = parsePairs(text, at + 1, to, AMPERSAND, CHAR.header);
    if (headers === undefined) return fail('URI headers malformed');
    at = to;
  }
  if (at < to) return fail('URI user, host or port malformed');
  return ok({ type: 'sip', secure, user, password, host: place.host, port: place.port, params, headers });
}

const AT = 0x40;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const QUESTION = 0x3f;
const AMPERSAND = 0x26;

/** `host`, `host:port`, `[IPv6]:port` from `from` on, and where it ends; undefined when there is none of them. */
export function readHostPort(
  text: string,
  from: number,
  to: number,
): { host: string; port: number | undefined; end: number } | undefined {
  let host: string;
  let end: number;
  if (standsAt(text, from, to, 0x5b)) {
    end = text.indexOf(']', from) + 1;
    host = text.slice(from + 1, end - 1);
    if (end === 0 || end > to || !isIpv6(host)) return undefined;
  } else {
    end = runEnd(text, from, to, CHAR.host);
    if (end <= from) return undefined;
    if (isEdgeless(text.charCodeAt(from)) || isEdgeless(text.charCodeAt(end - 1))) return undefined;
    host = text.slice(from, end);
  }
  if (!standsAt(text, end, to, COLON)) return { host, port: undefined, end };
  const portEnd = runEnd(text, end + 1, to, CHAR.digit);
  const port = parseNumber(text, 65535, end + 1, portEnd);
  return port === undefined ? undefined : { host, port, end: portEnd };
}

/** `-` and `_` begin and end no host name. */
const isEdgeless = (c: number): boolean => c === 0x2d || c === 0x5f;

/** An IPv6 address in its text form, RFC 4291 §2.2; `::` at most once. */
export function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2 || text.includes(':::')) return false;
  let groups = 0;
  for (const [h, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    for (const [i, part] of parts.entries()) {
      const last = h === halves.length - 1 && i === parts.length - 1;
      if (last && part.includes('.')) {
        if (!isIpv4(part)) return false;
        groups += 2;
      } else {
        if (!/^[0-9A-Fa-f]{1,4}$/.test(part)) return false;
        groups++;
      }
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}

export function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

/** `a=1;b` between `from` and `to`: names and values of one kind of characters. */
function parsePairs(text: string, from: number, to: number, separator: number, kind: number): Params | undefined {
  const pairs: Param[] = [];
  for (let at = from; ; at++) {
    const nameEnd = escapedRunEnd(text, at, to, kind);
    if (nameEnd === at) return undefined;
    const name = text.slice(at, nameEnd);
    at = nameEnd;
    let value: string | undefined;
    if (standsAt(text, at, to, 0x3d)) {
      const end = escapedRunEnd(text, at + 1, to, kind);
      // Only a header may be empty (§25.1: hvalue).
      if (end === at + 1 && separator === SEMICOLON) return undefined;
      value = text.slice(at + 1, end);
      at = end;
    }
    pairs.push({ name, value });
    if (at >= to) return pairs;
    if (text.charCodeAt(at) !== separator) return undefined;
  }
}

function parseTel(rest: string): Result<TelUri> {
  const semicolon = rest.indexOf(';');
  const number = semicolon < 0 ? rest : rest.slice(0, semicolon);
  if (!TEL.test(number)) return fail('tel number malformed');
  const params = semicolon < 0 ? NO_PARAMS : parsePairs(rest, semicolon + 1, rest.length, SEMICOLON, CHAR.param);
  return params === undefined ? fail('tel parameters malformed') : ok({ type: 'tel', number, params });
}

/** A host as it stands in a URI or Via: IPv6 gets its brackets. */
const printHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);

export const printHostPort = (host: string, port: number | undefined): string =>
  port === undefined ? printHost(host) : `${printHost(host)}:${port}`;

/** The URI as it stands in a message. */
export function printUri(uri: Uri): string {
  if (uri.type === 'other') return `${uri.scheme}:${uri.rest}`;
  if (uri.type === 'tel') return `tel:${uri.number}${printParams(uri.params)}`;
  const password = uri.password === undefined ? '' : `:${uri.password}`;
  const user = uri.user === undefined ? '' : `${uri.user}${password}@`;
  const headers = uri.headers.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)).join('&');
  const place = printHostPort(uri.host, uri.port);
  return `${uri.secure ? 'sips' : 'sip'}:${user}${place}${printParams(uri.params)}${headers && `?${headers}`}`;
}

/** A SIP URI from its parts, for what we write ourselves. `user` must be escaped already. */
export function sipUri(host: string, more: Partial<Omit<SipUri, 'type' | 'host'>> = {}): SipUri {
  return {
    type: 'sip',
    secure: false,
    user: undefined,
    password: undefined,
    port: undefined,
    params: NO_PARAMS,
    headers: NO_PARAMS,
    ...more,
    host,
  };
}

/** Escapes what may not stand in the user part as it is. */
export function escapeUser(text: string): string {
  return text.replace(/[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/g, (c) => {
    const code = c.charCodeAt(0) & 0xff;
    return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** Parameters that make URIs different when only one of them has it, RFC 3261 §19.1.4. */
const TELLING = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** Whether two URIs are equivalent, RFC 3261 §19.1.4 (and RFC 3966 §4 for tel). */
export function sameUri(a: Uri, b: Uri): boolean {
  if (a.type === 'sip' && b.type === 'sip') return sameSip(a, b);
  if (a.type === 'tel' && b.type === 'tel') return sameTel(a, b);
  return a.type === 'other' && b.type === 'other' && a.scheme === b.scheme && a.rest === b.rest;
}

function sameSip(a: SipUri, b: SipUri): boolean {
  return (
    a.secure === b.secure &&
    plain(a.user) === plain(b.user) &&
    plain(a.password) === plain(b.password) &&
    a.host.toLowerCase() === b.host.toLowerCase() &&
    a.port === b.port &&
    TELLING.every((name) => (paramOf(a.params, name) === undefined) === (paramOf(b.params, name) === undefined)) &&
    a.params.every(({ name }) => agrees(paramOf(a.params, name), paramOf(b.params, name))) &&
    a.headers.length === b.headers.length &&
    a.headers.every(({ name }) => plain(paramOf(a.headers, name)) === plain(paramOf(b.headers, name)))
  );
}

/** A parameter that only one URI has doesn't tell them apart; one that both have must match, ignoring case. */
const agrees = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined || plain(a)?.toLowerCase() === plain(b)?.toLowerCase();

/** `%41` and `A` are the same character, but an escaped reserved character isn't the same as the bare one (§19.1.4). */
function plain(text: string | undefined): string | undefined {
  return text?.replace(/%([0-9A-Fa-f]{2})/g, (escaped) => {
    const c = unescaped(escaped) ?? escaped;
    return /[A-Za-z0-9\-_.!~*'()]/.test(c) ? c : escaped.toUpperCase();
  });
}

function sameTel(a: TelUri, b: TelUri): boolean {
  const digits = (number: string): string => number.replace(/[-.()]/g, '').toLowerCase();
  return (
    digits(a.number) === digits(b.number) &&
    a.params.length === b.params.length &&
    a.params.every(({ name }) => {
      const theirs = paramOf(b.params, name);
      return theirs !== undefined && theirs.toLowerCase() === paramOf(a.params, name)?.toLowerCase();
    })
  );
}
