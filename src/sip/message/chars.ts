/** Which characters may stand where, RFC 3261 §25.1 and RFC 3966 §3: one table, since every octet of a message is looked up in it. */

const ALPHANUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const MARK = "-_.!~*'()";

/** Kinds of characters, as bits. */
export const CHAR = {
  token: 1,
  /** Of the user part of a URI, but for escapes; `#` is taken too, since phones dial with it. */
  user: 2,
  password: 4,
  /** Of a host name; `_` is taken too, since real networks have it. */
  host: 8,
  /** Of a URI parameter. */
  param: 16,
  /** Of a header in a URI. */
  header: 32,
  digit: 64,
  /** Of a bare (unquoted) value of a header's parameter. */
  value: 128,
  /** Of an address between its brackets: all but blanks, control characters, quotes and brackets. */
  address: 256,
} as const;

const KINDS: readonly (readonly [kind: number, members: string])[] = [
  [CHAR.token, `${ALPHANUM}-.!%*_+\`'~`],
  [CHAR.user, `${ALPHANUM}${MARK}&=+$,;?/#`],
  [CHAR.password, `${ALPHANUM}${MARK}&=+$,`],
  [CHAR.host, `${ALPHANUM}-._`],
  [CHAR.param, `${ALPHANUM}${MARK}[]/:&+$`],
  [CHAR.header, `${ALPHANUM}${MARK}[]/?:+$`],
  [CHAR.digit, '0123456789'],
];

const TABLE = new Uint16Array(256);
for (const [kind, members] of KINDS) {
  for (const c of members) TABLE[c.charCodeAt(0)] = (TABLE[c.charCodeAt(0)] ?? 0) | kind;
}
for (let c = 0x21; c < 256; c++) {
  if (!'",;<>'.includes(String.fromCharCode(c))) TABLE[c] = (TABLE[c] ?? 0) | CHAR.value;
  if (!'"<>'.includes(String.fromCharCode(c))) TABLE[c] = (TABLE[c] ?? 0) | CHAR.address;
}

/** Where the run of characters of this kind ends that begins at `from`; `to` at most. */
export function runEnd(text: string, from: number, to: number, kind: number): number {
  let at = from;
  while (at < to && ((TABLE[text.charCodeAt(at)] ?? 0) & kind) !== 0) at++;
  return at;
}

/** The same in octets: where they are at hand, looking at them is several times as quick as `charCodeAt`. */
export function runEndIn(octets: Uint8Array, from: number, to: number, kind: number): number {
  let at = from;
  while (at < to && ((TABLE[octets[at] ?? 0] ?? 0) & kind) !== 0) at++;
  return at;
}

/** The same, where a whole `%` escape counts as one of the kind. */
export function escapedRunEnd(text: string, from: number, to: number, kind: number): number {
  let at = from;
  while (at < to) {
    const c = text.charCodeAt(at);
    if (c === 0x25 && at + 2 < to && isHex(text.charCodeAt(at + 1)) && isHex(text.charCodeAt(at + 2))) at += 3;
    else if (((TABLE[c] ?? 0) & kind) !== 0) at++;
    else break;
  }
  return at;
}

const isHex = (c: number): boolean => (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66);

export const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** The first place from `from` on that is no space or tab. */
export function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** Whether this character stands at `at`, which must lie before `to`: to read beyond a text's end is slow. */
export const standsAt = (text: string, at: number, to: number, code: number): boolean =>
  at < to && text.charCodeAt(at) === code;

/** Whether `word` stands in `text` from `at` on: for a short word this is quicker than `startsWith`. */
export function isWordAt(text: string, at: number, word: string): boolean {
  if (at + word.length > text.length) return false;
  for (let i = 0; i < word.length; i++) if (text.charCodeAt(at + i) !== word.charCodeAt(i)) return false;
  return true;
}

/** Words met every day, by their length. */
export type UsualWords = readonly (readonly string[])[];

export function usualWords(words: readonly string[]): UsualWords {
  const most = Math.max(...words.map((word) => word.length));
  return Array.from({ length: most + 1 }, (_, length) => words.filter((word) => word.length === length));
}

/** Cuts a word out of a text; a usual one needs no new string. */
export const cut = (text: string, from: number, to: number, usual: UsualWords): string =>
  usualAt(text, from, to, usual) ?? text.slice(from, to);

/** Cuts a token out of a text; undefined where what stands there is none. A usual one need not be looked at again. */
export const cutToken = (text: string, from: number, to: number, usual: UsualWords): string | undefined =>
  usualAt(text, from, to, usual) ??
  (to > from && runEnd(text, from, to, CHAR.token) === to ? text.slice(from, to) : undefined);

function usualAt(text: string, from: number, to: number, usual: UsualWords): string | undefined {
  const row = to - from < usual.length ? usual[to - from] : undefined;
  if (row !== undefined) for (const word of row) if (isWordAt(text, from, word)) return word;
  return undefined;
}
