/** The small words of the SIP grammar, RFC 3261 §25.1: tokens, quoted strings, comma lists, parameters, escapes. */

/** The characters of `token`. */
const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

export const isToken = (text: string): boolean => TOKEN.test(text);

/** A quoted string from its opening quote: the index after the closing one, or -1 when it never closes. */
export function quotedEnd(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i++;
    else if (c === 0x22) return i + 1;
  }
  return -1;
}

/** `"a \"b\""` → `a "b"`; text without quotes stays as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || text.charCodeAt(0) !== 0x22) return text;
  return text.slice(1, -1).replace(/\\([\s\S])/g, '$1');
}

export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Splits at a separator that stands outside quotes and angle brackets; the parts are trimmed. Undefined when a quote or a
 * bracket is left open.
 */
export function split(text: string, separator: ',' | ';'): string[] | undefined {
  const at = separator.charCodeAt(0);
  const parts: string[] = [];
  let start = 0;
  let inAngle = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22 && !inAngle) {
      i = quotedEnd(text, i) - 1;
      if (i < 0) return undefined;
    } else if (c === 0x3c) inAngle = true;
    else if (c === 0x3e) inAngle = false;
    else if (c === at && !inAngle) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  if (inAngle) return undefined;
  parts.push(text.slice(start).trim());
  return parts;
}

/** One `;name` or `;name=value`. The value is as heard, quotes included, so that it prints back the same. */
export interface Param {
  readonly name: string;
  readonly value: string | undefined;
}

export type Params = readonly Param[];

export const NO_PARAMS: Params = [];

/** `;a=1;b` → its parameters (the first `;` may be absent); undefined when it is malformed. */
export function parseParams(text: string): Params | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return NO_PARAMS;
  const parts = split(trimmed.startsWith(';') ? trimmed.slice(1) : trimmed, ';');
  if (parts === undefined) return undefined;
  const params: Param[] = [];
  for (const part of parts) {
    const param = parseParam(part);
    if (param === undefined) return undefined;
    params.push(param);
  }
  return params;
}

/** `name` or `name=value`: a token, and a token, host or quoted string. */
function parseParam(part: string): Param | undefined {
  const equals = part.indexOf('=');
  if (equals < 0) return isToken(part) ? { name: part, value: undefined } : undefined;
  const name = part.slice(0, equals).trimEnd();
  const value = part.slice(equals + 1).trimStart();
  if (!isToken(name)) return undefined;
  if (value.startsWith('"')) return quotedEnd(value, 0) === value.length ? { name, value } : undefined;
  return value === '' || /[\s",;<>]/.test(value) ? undefined : { name, value };
}

/** Parameter names ignore case (RFC 3261 §7.3.1). */
const same = (a: string, b: string): boolean => a === b || a.toLowerCase() === b.toLowerCase();

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
export function parseNumber(text: string, max: number): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

/** `%41` → `A`, one octet per character; undefined when a `%` begins no escape. */
export function unescaped(text: string): string | undefined {
  if (!text.includes('%')) return text;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
