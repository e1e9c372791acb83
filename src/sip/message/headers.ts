import { split } from './grammar.ts';

/** One header line: the name as heard or written, its key, and the value unfolded and trimmed. */
interface Line {
  readonly name: string;
  readonly key: string;
  readonly value: string;
}

/** Compact forms: RFC 3261 §7.3.3 and the registry (RFC 3515, 3841, 4028, 6665, 8224). */
const COMPACT: readonly (readonly [string, string])[] = [
  ['i', 'Call-ID'],
  ['m', 'Contact'],
  ['e', 'Content-Encoding'],
  ['l', 'Content-Length'],
  ['c', 'Content-Type'],
  ['f', 'From'],
  ['s', 'Subject'],
  ['k', 'Supported'],
  ['t', 'To'],
  ['v', 'Via'],
  ['r', 'Refer-To'],
  ['b', 'Referred-By'],
  ['o', 'Event'],
  ['u', 'Allow-Events'],
  ['x', 'Session-Expires'],
  ['a', 'Accept-Contact'],
  ['j', 'Reject-Contact'],
  ['d', 'Request-Disposition'],
  ['y', 'Identity'],
];

/** Headers whose grammar is a comma list of values; in the others a comma is part of the value. */
const LISTS: readonly string[] = [
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
];

const COMMON: readonly string[] = [
  'Authorization',
  'CSeq',
  'Date',
  'Event',
  'Expires',
  'Max-Forwards',
  'Min-Expires',
  'Min-SE',
  'Privacy',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'RAck',
  'RSeq',
  'Server',
  'Session-ID',
  'User-Agent',
  'WWW-Authenticate',
];

/** The spellings met every day, so that folding a name's case is one look-up. */
const KEYS = new Map<string, string>();
for (const name of [...LISTS, ...COMMON, ...COMPACT.map(([, full]) => full)]) {
  KEYS.set(name, name.toLowerCase());
  KEYS.set(name.toLowerCase(), name.toLowerCase());
}
for (const [letter, full] of COMPACT) {
  KEYS.set(letter, full.toLowerCase());
  KEYS.set(letter.toUpperCase(), full.toLowerCase());
}
const LIST_KEYS = new Set(LISTS.map((name) => name.toLowerCase()));

/** The name that a header is found by: full form, lower case. */
const keyOf = (name: string): string => KEYS.get(name) ?? name.toLowerCase();

/** Our own values never break out of their line. */
const oneLine = (value: string): string => value.replace(/[\r\n]+/g, ' ');

const line = (name: string, value: string): Line => ({ name, key: keyOf(name), value: oneLine(value) });

/** Reads a typed value out of the headers of one name; made once as a constant, so that each message is read once. */
export interface Field<T> {
  readonly name: string;
  read(headers: Headers): T;
}

/**
 * A message's headers in their order. Names ignore case and compact forms are the same as full ones. Values are as heard, one
 * octet per character, so that untouched headers print back bit for bit.
 */
export class Headers {
  #lines: Line[] = [];
  #typed: Map<Field<unknown>, unknown> | undefined;

  static of(pairs: Iterable<readonly [name: string, value: string]>): Headers {
    const headers = new Headers();
    for (const [name, value] of pairs) headers.#lines.push(line(name, value));
    return headers;
  }

  /** The parser's way in: the value is one line already. */
  heard(name: string, value: string): void {
    this.#lines.push({ name, key: keyOf(name), value });
  }

  get size(): number {
    return this.#lines.length;
  }

  has(name: string): boolean {
    const key = keyOf(name);
    return this.#lines.some((at) => at.key === key);
  }

  /** The first value; of a list, its first element. */
  get(name: string): string | undefined {
    const key = keyOf(name);
    for (const at of this.#lines) if (at.key === key) return LIST_KEYS.has(key) ? elements(at.value)[0] : at.value;
    return undefined;
  }

  /** Every value in order; lists are split at their commas. A list with a quote left open stays whole. */
  all(name: string): string[] {
    const key = keyOf(name);
    const list = LIST_KEYS.has(key);
    const values: string[] = [];
    for (const at of this.#lines) {
      if (at.key !== key) continue;
      if (list) values.push(...elements(at.value));
      else values.push(at.value);
    }
    return values;
  }

  /** How many lines there are of this name. */
  count(name: string): number {
    const key = keyOf(name);
    let n = 0;
    for (const at of this.#lines) if (at.key === key) n++;
    return n;
  }

  /** A typed value, read on demand and kept until the headers change. */
  typed<T>(field: Field<T>): T {
    if (this.#typed?.has(field)) return this.#typed.get(field) as T;
    const value = field.read(this);
    this.#typed ??= new Map();
    this.#typed.set(field, value);
    return value;
  }

  /** One value in place of all of this name, where the first of them stood; appended when there was none. */
  set(name: string, value: string): this {
    const key = keyOf(name);
    const at = this.#lines.findIndex((old) => old.key === key);
    if (at < 0) return this.add(name, value);
    return this.#change(this.#lines.filter((old, i) => i <= at || old.key !== key).with(at, line(name, value)));
  }

  /** Appends below the others. */
  add(name: string, value: string): this {
    return this.#change([...this.#lines, line(name, value)]);
  }

  /** Puts a value above the others of its name, or on top of all when there is none. */
  prepend(name: string, value: string): this {
    const key = keyOf(name);
    const at = this.#lines.findIndex((old) => old.key === key);
    return this.#change(this.#lines.toSpliced(Math.max(at, 0), 0, line(name, value)));
  }

  /** Puts `value` in place of the first value (of a list, its first element). */
  replaceFirst(name: string, value: string): this {
    const key = keyOf(name);
    const at = this.#lines.findIndex((old) => old.key === key);
    const first = this.#lines[at];
    if (first === undefined) return this.add(name, value);
    const rest = LIST_KEYS.has(key) ? elements(first.value).slice(1) : [];
    return this.#change(this.#lines.with(at, line(first.name, [value, ...rest].join(', '))));
  }

  /** Takes away the first value; of a list, its first element. */
  removeFirst(name: string): this {
    const key = keyOf(name);
    const at = this.#lines.findIndex((old) => old.key === key);
    const first = this.#lines[at];
    if (first === undefined) return this;
    const rest = LIST_KEYS.has(key) ? elements(first.value).slice(1) : [];
    if (rest.length === 0) return this.#change(this.#lines.toSpliced(at, 1));
    return this.#change(this.#lines.with(at, { name: first.name, key, value: rest.join(', ') }));
  }

  delete(name: string): this {
    const key = keyOf(name);
    return this.#change(this.#lines.filter((old) => old.key !== key));
  }

  /** The lines as they print. */
  *entries(): IterableIterator<readonly [name: string, value: string]> {
    for (const { name, value } of this.#lines) yield [name, value];
  }

  clone(): Headers {
    const copy = new Headers();
    copy.#lines = this.#lines;
    return copy;
  }

  /** Every change makes a new list, so that clones share what didn't change. */
  #change(lines: Line[]): this {
    this.#lines = lines;
    this.#typed = undefined;
    return this;
  }
}

function elements(value: string): readonly string[] {
  if (!value.includes(',')) return [value];
  return split(value, ',') ?? [value];
}
