/** The small words of the SIP grammar, RFC 3261 §25.1: tokens, quoted strings, comma lists, parameters, escapes. */
import { CHAR, cut, runEnd, skipBlanks, standsAt, usualWords } from './chars.ts';

export const isToken = (text: string): boolean =>
  text !== '' && runEnd(text, 0, text.length, CHAR.token) === text.length;

/** A quoted string from its opening quote: the index after the closing one, or -1 when it never closes before `to`. */
export function quotedEnd(text: string, from: number, to = text.length): number {
  for (let i = from + 1; i < to; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i++;
    else if (c === 0x22) return i + 1;
  }
  return -1;
}

/** `"a \"b\""` → `a "b"`; text without quotes stays as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || text.charCodeAt(0) !== 0x22) return text;
  const last = text.length - 1;
  let out = '';
  let from = 1;
  for (let at = text.indexOf('\\'); at >= 0 && at < last; at = text.indexOf('\\', at + 2)) {
    out += text.slice(from, at);
    from = at + 1;
  }
  return out + text.slice(from, last);
}

export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Where the comma stands that ends a list's element: outside quotes and brackets; `to` for the last; -1 when one is left open. */
export function elementEnd(text: string, from: number, to: number): number {
  let inAngle = false;
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22 && !inAngle) {
      i = quotedEnd(text, i, to) - 1;
      if (i < 0) return -1;
    } else if (c === 0x3c) inAngle = true;
    else if (c === 0x3e) inAngle = false;
    else if (c === 0x2c && !inAngle) return i;
  }
  return inAngle ? -1 : to;
}

/** Splits a comma list; the elements are trimmed. Undefined when a quote or a bracket is left open. */
export function splitList(text: string): string[] | undefined {
  const parts: string[] = [];
  for (let from = 0; ; ) {
    const end = elementEnd(text, from, text.length);
    if (end < 0) return undefined;
    parts.push(text.slice(from, end).trim());
    if (end === text.length) return parts;
    from = end + 1;
  }
}

/** One `;name` or `;name=value`. The value is as heard, quotes included, so that it prints back the same. */
export interface Param {
  readonly name: string;
  readonly value: string | undefined;
}

export type Params = readonly Param[];

export const NO_PARAMS: Params = [];

/**
 * `;a=1;b` between `from` and `to` → its parameters (the first `;` may be absent); undefined when it is malformed. A value is a
 * token, a host or a quoted string; blanks may stand around `;` and `=`.
 */
export function parseParams(text: string, from = 0, to = text.length): Params | undefined {
  let at = skipBlanks(text, from);
  if (at >= to) return NO_PARAMS;
  let params: Param[] | undefined;
  if (text.charCodeAt(at) === SEMICOLON) at++;
  for (;;) {
    const start = skipBlanks(text, at);
    const nameEnd = runEnd(text, start, to, CHAR.token);
    if (nameEnd <= start) return undefined;
    at = skipBlanks(text, nameEnd);
    let value: string | undefined;
    if (standsAt(text, at, to, EQUALS)) {
      const valueStart = skipBlanks(text, at + 1);
      const quoted = standsAt(text, valueStart, to, 0x22);
      const valueEnd = quoted ? quotedEnd(text, valueStart, to) : runEnd(text, valueStart, to, CHAR.value);
      if (valueEnd <= valueStart) return undefined;
      value = text.slice(valueStart, valueEnd);
      at = skipBlanks(text, valueEnd);
    }
    const param = { name: cut(text, start, nameEnd, USUAL_PARAMS), value };
    // A list that begins empty is given room for seventeen by its first push, and most have one or two.
    if (params === undefined) params = [param];
    else params.push(param);
    if (at >= to) return params;
    if (text.charCodeAt(at) !== SEMICOLON) return undefined;
    at++;
  }
}

const USUAL_PARAMS = usualWords(['branch', 'expires', 'lr', 'ob', 'q', 'received', 'rport', 'tag', 'transport']);

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/** Parameter names ignore case (RFC 3261 §7.3.1). */
const same = (a: string, b: string): boolean =>
  a.length === b.length && (a === b || a.toLowerCase() === b.toLowerCase());

/** The value without its quotes; an empty string for a parameter without a value; undefined when it isn't there. */
export function paramOf(params: Params, name: string): string | undefined {
  for (const param of params) {
    if (same(param.name, name)) return param.value === undefined ? '' : unquote(param.value);
  }
  return undefined;
}

/** The parameters with `name` set in its place, or appended. `value` is written as given. */
export function withParam(params: Params, name: string, value: string | undefined): Params {
  const at = params.findIndex((param) => same(param.name, name));
  return at < 0 ? [...params, { name, value }] : params.with(at, { name, value });
}

export const withoutParam = (params: Params, name: string): Params => params.filter((param) => !same(param.name, name));

export function printParams(params: Params): string {
  let out = '';
  for (const { name, value } of params) out += value === undefined ? `;${name}` : `;${name}=${value}`;
  return out;
}

/** A whole number of at most `max`, digits only; undefined for anything else. */
export function parseNumber(text: string, max: number, from = 0, to = text.length): number | undefined {
  if (to <= from || to - from > 16) return undefined;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= max ? value : undefined;
}

/** `%41` → `A`, one octet per character; undefined when a `%` begins no escape. */
export function unescaped(text: string): string | undefined {
  if (!text.includes('%')) return text;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
