import { fail, ok, type Result } from '../../kernel/result.ts';
import {
  isToken,
  NO_PARAMS,
  type Params,
  paramOf,
  parseParams,
  printParams,
  quote,
  quotedEnd,
  unquote,
} from './grammar.ts';

/** `"Display" <uri>;params`: From, To, Contact, Route and their kin, RFC 3261 §20.10. */
export interface NameAddr {
  /** Without its quotes, one octet per character (UTF-8 stays bytes); undefined when there is none. */
  readonly display: string | undefined;
  /** As heard, not checked: `parseUri` reads it. */
  readonly uri: string;
  /** The header's parameters, not the URI's. */
  readonly params: Params;
}

/** Parses one value; the error says what is wrong. A bare URI ends at its first `;`, `,` and `?` may not stand in it (§20). */
export function parseNameAddr(text: string): Result<NameAddr> {
  const value = text.trim();
  let display: string | undefined;
  let open = 0;
  if (value.charCodeAt(0) === 0x22) {
    const end = quotedEnd(value, 0);
    if (end < 0) return fail('display name: quote left open');
    display = unquote(value.slice(0, end));
    open = end;
    while (value.charCodeAt(open) === 0x20 || value.charCodeAt(open) === 0x09) open++;
    if (value.charCodeAt(open) !== 0x3c) return fail('display name without <URI>');
  } else {
    open = value.indexOf('<');
    if (open < 0) return parseAddr(value);
    const name = value.slice(0, open).trim();
    if (name !== '' && !name.split(/[ \t]+/).every(isToken)) return fail('display name is not made of tokens');
    if (name !== '') display = name;
  }
  const close = value.indexOf('>', open);
  if (close < 0) return fail('URI: < left open');
  const uri = value.slice(open + 1, close);
  if (uri === '' || /[\s<"]/.test(uri)) return fail('URI between < and > malformed');
  return withTail(display, uri, value.slice(close + 1));
}

function parseAddr(value: string): Result<NameAddr> {
  const semicolon = value.indexOf(';');
  const uri = (semicolon < 0 ? value : value.slice(0, semicolon)).trimEnd();
  if (uri === '' || /[\s,?"<>]/.test(uri)) return fail('bare URI malformed');
  return withTail(undefined, uri, semicolon < 0 ? '' : value.slice(semicolon));
}

function withTail(display: string | undefined, uri: string, tail: string): Result<NameAddr> {
  const rest = tail.trimStart();
  if (rest === '') return ok({ display, uri, params: NO_PARAMS });
  if (!rest.startsWith(';')) return fail('something stands between > and its parameters');
  const params = parseParams(rest);
  return params === undefined ? fail('parameters malformed') : ok({ display, uri, params });
}

export function printNameAddr(value: NameAddr): string {
  const display = value.display === undefined ? '' : `${quote(value.display)} `;
  return `${display}<${value.uri}>${printParams(value.params)}`;
}

export const tagOf = (value: NameAddr): string | undefined => paramOf(value.params, 'tag');
