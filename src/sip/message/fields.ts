/**
 * Typed access to the headers that signalling needs. Each is read on demand and once; undefined means absent or malformed,
 * which `checkRequest` and `checkResponse` have told apart before anyone else looks.
 */

import { fail, ok, type Result } from '../../kernel/result.ts';
import { CHAR, runEnd, skipBlanks, standsAt } from './chars.ts';
import { type CSeq, parseCSeq } from './cseq.ts';
import { type Params, parseNumber, parseParams } from './grammar.ts';
import { headerName } from './header-names.ts';
import { type Field, field, type Headers, type ValueParser } from './headers.ts';
import type { SipMessage } from './message.ts';
import { type NameAddr, parseNameAddr } from './name-addr.ts';
import { parseVia, type Via } from './via.ts';

/** The most that a delta-seconds can say, RFC 3261 §20.19. */
const MAX_SECONDS = 2 ** 32 - 1;

/** `Malformed CSeq` says all; what an address says needs the header's name before it. */
const named = <T>(name: string, result: Result<T>): Result<T> =>
  result.ok || result.error.startsWith('Malformed') ? result : fail(`${name}: ${result.error}`);

function one<T>(name: string, parse: ValueParser<T>): Field<Result<T>> {
  const of = headerName(name);
  const missing = fail(`Missing ${name}`);
  return field((headers) => named(name, headers.readOne(of, parse) ?? missing));
}

/** All values, or what is wrong with the first malformed one; an absent header is an empty list. */
function many<T>(name: string, parse: ValueParser<T>): Field<Result<readonly T[]>> {
  const of = headerName(name);
  return field((headers) => named(name, headers.readAll(of, parse)));
}

const number = (name: string, max: number): Field<Result<number>> =>
  one(name, (text, from, to) => {
    const value = parseNumber(text, max, from, to);
    return value === undefined ? fail(`Malformed ${name}`) : ok(value);
  });

const CONTACTS = many('Contact', parseNameAddr);

/** The fields as the checks see them: with what is wrong in place of the value. */
export const FIELDS = {
  via: many('Via', parseVia),
  from: one('From', parseNameAddr),
  to: one('To', parseNameAddr),
  cseq: one('CSeq', parseCSeq),
  /** No addresses for `*`. */
  contact: field((headers) => {
    const contacts = CONTACTS.read(headers);
    return contacts.ok || headers.get('Contact') !== '*' ? contacts : ok([]);
  }),
  route: many('Route', parseNameAddr),
  recordRoute: many('Record-Route', parseNameAddr),
  path: many('Path', parseNameAddr),
  maxForwards: number('Max-Forwards', 255),
  expires: number('Expires', MAX_SECONDS),
  contentType: one('Content-Type', (text, from, to) => {
    const type = parseContentType(text.slice(from, to));
    return type === undefined ? fail('Malformed Content-Type') : ok(type);
  }),
} as const;

/** A media type in lower case, with its parameters. */
export interface ContentType {
  readonly type: string;
  readonly params: Params;
}

export function parseContentType(text: string): ContentType | undefined {
  const slash = runEnd(text, 0, text.length, CHAR.token);
  const end = runEnd(text, slash + 1, text.length, CHAR.token);
  const sound = slash > 0 && standsAt(text, slash, text.length, 0x2f) && end > slash + 1;
  const tail = skipBlanks(text, end);
  if (!sound || (tail < text.length && text.charCodeAt(tail) !== 0x3b)) return undefined;
  const params = parseParams(text, tail);
  return params === undefined ? undefined : { type: text.slice(0, end).toLowerCase(), params };
}

function known<T>(message: SipMessage, wanted: Field<Result<T>>): T | undefined {
  const result = message.headers.typed(wanted);
  return result.ok ? result.value : undefined;
}

export const viasOf = (message: SipMessage): readonly Via[] | undefined => known(message, FIELDS.via);
export const topVia = (message: SipMessage): Via | undefined => viasOf(message)?.[0];
export const fromOf = (message: SipMessage): NameAddr | undefined => known(message, FIELDS.from);
export const toOf = (message: SipMessage): NameAddr | undefined => known(message, FIELDS.to);
export const cseqOf = (message: SipMessage): CSeq | undefined => known(message, FIELDS.cseq);
export const callIdOf = (message: SipMessage): string | undefined => message.headers.get('Call-ID');
/** Empty for `*` too. */
export const contactsOf = (message: SipMessage): readonly NameAddr[] | undefined => known(message, FIELDS.contact);
export const routesOf = (message: SipMessage): readonly NameAddr[] | undefined => known(message, FIELDS.route);
export const recordRoutesOf = (message: SipMessage): readonly NameAddr[] | undefined =>
  known(message, FIELDS.recordRoute);
export const pathOf = (message: SipMessage): readonly NameAddr[] | undefined => known(message, FIELDS.path);
export const maxForwardsOf = (message: SipMessage): number | undefined => known(message, FIELDS.maxForwards);
/** Seconds. */
export const expiresOf = (message: SipMessage): number | undefined => known(message, FIELDS.expires);
export const contentTypeOf = (message: SipMessage): ContentType | undefined => known(message, FIELDS.contentType);

/** Option tags of Require, Proxy-Require, Supported or Unsupported, in lower case. */
export const tagsOf = (headers: Headers, name: string): string[] =>
  headers.all(name).flatMap((tag) => (tag === '' ? [] : [tag.toLowerCase()]));
