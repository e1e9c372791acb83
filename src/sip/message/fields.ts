/**
 * Typed access to the headers that signalling needs. Each is read on demand and once; undefined means absent or malformed,
 * which `checkRequest` and `checkResponse` have told apart before anyone else looks.
 */

import { fail, ok, type Result } from '../../kernel/result.ts';
import { type CSeq, parseCSeq } from './cseq.ts';
import { type Params, parseNumber, parseParams } from './grammar.ts';
import { type Field, field, type Headers } from './headers.ts';
import type { SipMessage } from './message.ts';
import { type NameAddr, parseNameAddr } from './name-addr.ts';
import { parseVia, type Via } from './via.ts';

/** The most that a delta-seconds can say, RFC 3261 §20.19. */
const MAX_SECONDS = 2 ** 32 - 1;

const one = <T>(name: string, parse: (text: string) => Result<T>): Field<Result<T>> =>
  field((headers) => {
    const text = headers.get(name);
    if (text === undefined) return fail(`Missing ${name}`);
    const result = parse(text);
    return result.ok || result.error.startsWith('Malformed') ? result : fail(`${name}: ${result.error}`);
  });

/** All values, or what is wrong with the first malformed one; an absent header is an empty list. */
const many = <T>(name: string, parse: (text: string) => Result<T>): Field<Result<readonly T[]>> =>
  field((headers) => {
    const values: T[] = [];
    for (const text of headers.all(name)) {
      const result = parse(text);
      if (!result.ok) return result.error.startsWith('Malformed') ? result : fail(`${name}: ${result.error}`);
      values.push(result.value);
    }
    return ok(values);
  });

const number = (name: string, max: number): Field<Result<number>> =>
  one(name, (text) => {
    const value = parseNumber(text, max);
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
  contact: field((headers) => (headers.get('Contact') === '*' ? ok([]) : CONTACTS.read(headers))),
  route: many('Route', parseNameAddr),
  recordRoute: many('Record-Route', parseNameAddr),
  path: many('Path', parseNameAddr),
  maxForwards: number('Max-Forwards', 255),
  expires: number('Expires', MAX_SECONDS),
  contentType: one('Content-Type', (text) => {
    const type = parseContentType(text);
    return type === undefined ? fail('Malformed Content-Type') : ok(type);
  }),
} as const;

/** A media type in lower case, with its parameters. */
export interface ContentType {
  readonly type: string;
  readonly params: Params;
}

export function parseContentType(text: string): ContentType | undefined {
  const semicolon = text.indexOf(';');
  const type = (semicolon < 0 ? text : text.slice(0, semicolon)).replace(/\s+/g, '').toLowerCase();
  if (!/^[^\s/;,"]+\/[^\s/;,"]+$/.test(type)) return undefined;
  const params = parseParams(semicolon < 0 ? '' : text.slice(semicolon));
  return params === undefined ? undefined : { type, params };
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
