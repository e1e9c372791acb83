import { fail, ok, type Result } from '../../kernel/result.ts';
import { CHAR, runEnd, skipBlanks, standsAt } from './chars.ts';
import { NO_PARAMS, type Params, paramOf, parseParams, printParams, quote, quotedEnd, unquote } from './grammar.ts';

/** `"Display" <uri>;params`: From, To, Contact, Route and their kin, RFC 3261 §20.10. */
export interface NameAddr {
  /** Without its quotes, one octet per character (UTF-8 stays bytes); undefined when there is none. */
  readonly display: string | undefined;
  /** As heard, not checked: `parseUri` reads it. */
  readonly uri: string;
  /** The header's parameters, not the URI's. */
  readonly params: Params;
}

const QUOTE = 0x22;
const OPEN = 0x3c;
const CLOSE = 0x3e;
const SEMICOLON = 0x3b;

/** Parses one value; the error says what is wrong. A bare URI ends at its first `;`, `,` and `?` may not stand in it (§20). */
export function parseNameAddr(text: string, from = 0, to = text.length): Result<NameAddr> {
  const start = skipBlanks(text, from);
  let display: string | undefined;
  let open = start;
  if (standsAt(text, start, to, QUOTE)) {
    const end = quotedEnd(text, start, to);
    if (end < 0) return fail('display name: quote left open');
    display = unquote(text.slice(start, end));
    open = skipBlanks(text, end);
    if (!standsAt(text, open, to, OPEN)) return fail('display name without <URI>');
  } else {
    while (open < to && text.charCodeAt(open) !== OPEN) open++;
    if (open >= to) return parseAddr(text, start, to);
    if (open > start) {
      for (let at = start; at < open; at = skipBlanks(text, at)) {
        const end = runEnd(text, at, open, CHAR.token);
        if (end === at) return fail('display name is not made of tokens');
        at = end;
      }
      display = text.slice(start, open).trimEnd();
    }
  }
  const close = runEnd(text, open + 1, to, CHAR.address);
  if (close >= to) return fail('URI: < left open');
  if (close === open + 1 || text.charCodeAt(close) !== CLOSE) return fail('URI between < and > malformed');
  return withTail(display, text.slice(open + 1, close), text, close + 1, to);
}

function parseAddr(text: string, from: number, to: number): Result<NameAddr> {
  const end = runEnd(text, from, to, CHAR.address);
  let uri = text.slice(from, end);
  const semicolon = uri.indexOf(';');
  if (semicolon >= 0) uri = uri.slice(0, semicolon);
  if (uri === '' || uri.includes(',') || uri.includes('?')) return fail('bare URI malformed');
  const tail = skipBlanks(text, from + uri.length);
  if (tail < to && text.charCodeAt(tail) !== SEMICOLON) return fail('bare URI malformed');
  return withTail(undefined, uri, text, tail, to);
}

function withTail(display: string | undefined, uri: string, text: string, from: number, to: number): Result<NameAddr> {
  const at = skipBlanks(text, from);
  if (at >= to) return ok({ display, uri, params: NO_PARAMS });
  if (text.charCodeAt(at) !== SEMICOLON) return fail('something stands between > and its parameters');
  const params = parseParams(text, at, to);
  return params === undefined ? fail('parameters malformed') : ok({ display, uri, params });
}

export function printNameAddr(value: NameAddr): string {
  const display = value.display === undefined ? '' : `${quote(value.display)} `;
  return `${display}<${value.uri}>${printParams(value.params)}`;
}

export const tagOf = (value: NameAddr): string | undefined => paramOf(value.params, 'tag');
