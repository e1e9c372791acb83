/**
 * Typed access to the headers that signalling needs. Each is read on demand and once; undefined means absent or malformed,
 * which `checkRequest` and `checkResponse` have told apart before anyone else looks.
 */

import type { Result } from '../../kernel/result.ts';
import { type CSeq, parseCSeq } from './cseq.ts';
import { type Params, parseNumber, parseParams } from './grammar.ts';
import type { Field, Headers } from './headers.ts';
import type { SipMessage } from './message.ts';
import { type NameAddr, parseNameAddr } from './name-addr.ts';
import { parseVia, type Via } from './via.ts';

/** The most that a delta-seconds can say, RFC 3261 §20.19. */
const MAX_SECONDS = 2 ** 32 - 1;

const one = <T>(name: string, parse: (text: string) => Result<T>): Field<T | undefined> => ({
  name,
  read(headers) {
    const text = headers.get(name);
    const result = text === undefined ? undefined : parse(text);
    return result?.ok ? result.value : undefined;
  },
});

/** All values, or undefined when one of them is malformed; an absent header is an empty list. */
const many = <T>(name: string, parse: (text: string) => Result<T>): Field<readonly T[] | undefined> => ({
  name,
  read(headers) {
    const values: T[] = [];
    for (const text of headers.all(name)) {
      const result = parse(text);
      if (!result.ok) return undefined;
      values.push(result.value);
    }
    return values;
  },
});

const number = (name: string, max: number): Field<number | undefined> => ({
  name,
  read(headers) {
    const text = headers.get(name);
    return text === undefined ? undefined : parseNumber(text, max);
  },
});

const VIA = many('Via', parseVia);
const FROM = one('From', parseNameAddr);
const TO = one('To', parseNameAddr);
const CSEQ = one('CSeq', parseCSeq);
const CONTACT: Field<readonly NameAddr[] | undefined> = {
  name: 'Contact',
  read: (headers) => (headers.get('Contact') === '*' ? undefined : many('Contact', parseNameAddr).read(headers)),
};
const ROUTE = many('Route', parseNameAddr);
const RECORD_ROUTE = many('Record-Route', parseNameAddr);
const PATH = many('Path', parseNameAddr);
const MAX_FORWARDS = number('Max-Forwards', 255);
const EXPIRES = number('Expires', MAX_SECONDS);
const CONTENT_TYPE: Field<ContentType | undefined> = {
  name: 'Content-Type',
  read(headers) {
    const text = headers.get('Content-Type');
    return text === undefined ? undefined : parseContentType(text);
  },
};

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

export const viasOf = (message: SipMessage): readonly Via[] | undefined => message.headers.typed(VIA);
export const topVia = (message: SipMessage): Via | undefined => message.headers.typed(VIA)?.[0];
export const fromOf = (message: SipMessage): NameAddr | undefined => message.headers.typed(FROM);
export const toOf = (message: SipMessage): NameAddr | undefined => message.headers.typed(TO);
export const cseqOf = (message: SipMessage): CSeq | undefined => message.headers.typed(CSEQ);
export const callIdOf = (message: SipMessage): string | undefined => message.headers.get('Call-ID');
/** Undefined for `*` too. */
export const contactsOf = (message: SipMessage): readonly NameAddr[] | undefined => message.headers.typed(CONTACT);
export const routesOf = (message: SipMessage): readonly NameAddr[] | undefined => message.headers.typed(ROUTE);
export const recordRoutesOf = (message: SipMessage): readonly NameAddr[] | undefined =>
  message.headers.typed(RECORD_ROUTE);
export const pathOf = (message: SipMessage): readonly NameAddr[] | undefined => message.headers.typed(PATH);
export const maxForwardsOf = (message: SipMessage): number | undefined => message.headers.typed(MAX_FORWARDS);
/** Seconds. */
export const expiresOf = (message: SipMessage): number | undefined => message.headers.typed(EXPIRES);
export const contentTypeOf = (message: SipMessage): ContentType | undefined => message.headers.typed(CONTENT_TYPE);

/** Option tags of Require, Proxy-Require, Supported or Unsupported, in lower case. */
export const tagsOf = (headers: Headers, name: string): string[] =>
  headers.all(name).flatMap((tag) => (tag === '' ? [] : [tag.toLowerCase()]));
