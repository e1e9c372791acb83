import { fromLatin1 } from '../../kernel/bytes.ts';

/** A header's name without its spellings. */
export interface HeaderName {
  /** Full form, lower case. */
  readonly key: string;
  /** One of the names that we know: then it is the same object in every message. */
  readonly known: boolean;
  /** A bit of its own for a name that may stand only once, else 0. */
  readonly bit: number;
  /** Whether the grammar makes a comma list of it; in the others a comma is part of the value. */
  readonly list: boolean;
}

/** A name as it is written. */
export interface Spelling {
  readonly text: string;
  readonly of: HeaderName;
}

/** Headers that may stand only once: sets of them are bits of a number. */
const SINGLE = [
  'To',
  'From',
  'CSeq',
  'Call-ID',
  'Max-Forwards',
  'Content-Type',
  'Content-Length',
  'Expires',
  'Date',
  'Event',
  'RAck',
  'RSeq',
  'Refer-To',
] as const;

const LISTS = [
  'Accept',
  'Accept-Contact',
  'Accept-Encoding',
  'Accept-Language',
  'Alert-Info',
  'Allow',
  'Allow-Events',
  'Call-Info',
  'Contact',
  'Content-Encoding',
  'Content-Language',
  'Diversion',
  'Error-Info',
  'History-Info',
  'In-Reply-To',
  'P-Asserted-Identity',
  'P-Associated-URI',
  'P-Preferred-Identity',
  'Path',
  'Proxy-Require',
  'Reason',
  'Record-Route',
  'Reject-Contact',
  'Remote-Party-ID',
  'Request-Disposition',
  'Require',
  'Route',
  'Service-Route',
  'Supported',
  'Unsupported',
  'User-to-User',
  'Via',
  'Warning',
] as const;

const OTHERS = [
  'Authorization',
  'Content-Disposition',
  'Identity',
  'Min-Expires',
  'Min-SE',
  'Privacy',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Referred-By',
  'Replaces',
  'Server',
  'Session-Expires',
  'Session-ID',
  'Subject',
  'Timestamp',
  'User-Agent',
  'WWW-Authenticate',
] as const;

/** Compact forms: RFC 3261 §7.3.3 and the registry (RFC 3515, 3841, 3892, 4028, 6665, 8224). */
const COMPACT: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
};

/** The spellings met every day. */
const SPELLINGS = new Map<string, Spelling>();
/** The same with their octets and the colon, by their first and third: a parser finds them without cutting the name out. */
const SHAPES: { readonly octets: Uint8Array; readonly spelling: Spelling }[][] = Array.from({ length: 1024 }, () => []);

const shape = (first: number, third: number): number => ((first & 31) << 5) | (third & 31);

function learn(text: string, of: HeaderName): void {
  if (SPELLINGS.has(text)) return;
  const spelling = { text, of };
  SPELLINGS.set(text, spelling);
  const octets = fromLatin1(`${text}:`);
  // What follows the colon of a compact form may be anything.
  const thirds = octets.length > 2 ? octets.slice(2, 3) : Uint8Array.from({ length: 32 }, (_, third) => third);
  for (const third of thirds) SHAPES[shape(octets[0] ?? 0, third)]?.push({ octets, spelling });
}

for (const [i, name] of [...SINGLE, ...LISTS, ...OTHERS].entries()) {
  const key = name.toLowerCase();
  const bit = i < SINGLE.length ? 1 << i : 0;
  const of: HeaderName = { key, known: true, bit, list: LISTS.some((list) => list === name) };
  for (const text of [name, key]) learn(text, of);
}
for (const [letter, name] of Object.entries(COMPACT)) {
  const of = headerName(name);
  for (const text of [letter, letter.toUpperCase()]) learn(text, of);
}

/** The name behind a spelling: any case, compact or full. */
export function headerName(text: string): HeaderName {
  const known = SPELLINGS.get(text);
  if (known !== undefined) return known.of;
  const key = text.toLowerCase();
  return SPELLINGS.get(key)?.of ?? { key, known: false, bit: 0, list: false };
}

export const sameName = (a: HeaderName, b: HeaderName): boolean => a === b || (!b.known && a.key === b.key);

/** The everyday spelling that stands in `message` from `from` on with a colon behind it, if it is one. */
export function spellingAt(message: Uint8Array, from: number): Spelling | undefined {
  for (const { octets, spelling } of SHAPES[shape(message[from] ?? 0, message[from + 2] ?? 0)] ?? []) {
    if (standIn(message, from, octets)) return spelling;
  }
  return undefined;
}

function standIn(message: Uint8Array, from: number, octets: Uint8Array): boolean {
  for (let i = 0; i < octets.length; i++) if (message[from + i] !== octets[i]) return false;
  return true;
}

/** The bits of some of the names that may stand only once. */
export const bitsOf = (names: readonly (typeof SINGLE)[number][]): number =>
  names.reduce((bits, name) => bits | (1 << SINGLE.indexOf(name)), 0);

/** The first name among the bits, as it is written. */
export const firstOf = (bits: number): string => SINGLE.find((_, id) => bits & (1 << id)) ?? '';
