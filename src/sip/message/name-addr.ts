import { fail, ok, type Result } from '../../kernel/result.ts';
import { CHAR, isBlank, runEnd, skipBlanks } from './chars.ts';
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

/** Parses one value; the error says what is wrong. A bare URI ends at its first `;`, `,` and `?` may not stand in it (§20). */
export function parseNameAddr(text: string): Result<NameAddr> {
  const start = skipBlanks(text, 0);
  let display: string | undefined;
  let open: number;
  if (text.charCodeAt(start) === QUOTE) {
    const end = quotedEnd(text, start);
    if (end < 0) return fail('display name: quote left open');
    display = unquote(text.slice(start, end));
    open = skipBlanks(text, end);
    if (text.charCodeAt(open) !== OPEN) return fail('display name without <URI>');
  } else {
    open = text.indexOf('<', start);
    if (open < 0) return parseAddr(text, start);
    if (open > start) {
      for (let at = start; at < open; at = skipBlanks(text, at)) {
        const end = runEnd(text, at, open, CHAR.token);
        if (end === at) return fail('display name is not made of tokens');
        at = end;
      }
      display = text.slice(start, open).trimEnd();
    }
  }
  const close = text.indexOf('>', open);
  if (close < 0) return fail('URI: < left open');
  if (!isUriText(text, open + 1, close)) return fail('URI between < and > malformed');
  return withTail(display, text.slice(open + 1, close), text, close + 1);
}

function parseAddr(text: string, start: number): Result<NameAddr> {
  const semicolon = text.indexOf(';', start);
  const tail = semicolon < 0 ? text.length : semicolon;
  let end = tail;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  const uri = text.slice(start, end);
  if (!isUriText(text, start, end) || uri.includes(',') || uri.includes('?')) return fail('bare URI malformed');
  return withTail(undefined, uri, text, tail);
}

/** Something, without blanks, quotes and brackets. */
function isUriText(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const c = text.charCodeAt(at);
    if (c <= 0x20 || c === QUOTE || c === OPEN || c === 0x3e) return false;
  }
  return to > from;
}

function withTail(display: string | undefined, uri: string, text: string, from: number): Result<NameAddr> {
  const at = skipBlanks(text, from);
  if (at >= text.length) return ok({ display, uri, params: NO_PARAMS });
  if (text.charCodeAt(at) !== 0x3b) return fail('something stands between > and its parameters');
  const params = parseParams(text, at);
  return params === undefined ? fail('parameters malformed') : ok({ display, uri, params });
}

export function printNameAddr(value: NameAddr): string {
  const display = value.display === undefined ? '' : `${quote(value.display)} `;
  return `${display}<${value.uri}>${printParams(value.params)}`;
}

export const tagOf = (value: NameAddr): string | undefined => paramOf(value.params, 'tag');
