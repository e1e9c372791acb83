import { ok, type Result } from '../../kernel/result.ts';
import { isBlank, skipBlanks } from './chars.ts';
import { elementEnd, splitList } from './grammar.ts';
import { type HeaderName, headerName, type Spelling, sameName } from './header-names.ts';

/** One header line: the name as heard or written, what it means, and the value, unfolded and trimmed, as a part of a text. */
interface Line {
  readonly name: string;
  readonly of: HeaderName;
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const textOf = ({ text, from, to }: Line): string => text.slice(from, to);

/** A line of our own. Its value never breaks out of it. */
function line(name: string, value: string): Line {
  const text = /[\r\n]/.test(value) ? value.replace(/[\r\n]+/g, ' ') : value;
  return { name, of: headerName(name), text, from: 0, to: text.length };
}

/** Reads one value that stands in `text` from `from` to `to`. */
export type ValueParser<T> = (text: string, from: number, to: number) => Result<T>;

/** Reads a typed value out of the headers: made once with `field`, so that each message is read once. */
export interface Field<T> {
  readonly slot: number;
  read(headers: Headers): T;
}

let slots = 0;

export const field = <T>(read: (headers: Headers) => T): Field<T> => ({ slot: slots++, read });

/**
 * A message's headers in their order. Names ignore case and compact forms are the same as full ones. Values are as heard, one
 * octet per character, so that untouched headers print back bit for bit.
 */
export class Headers {
  #lines: Line[] = [];
  #typed: unknown[] | undefined;
  #there = 0;
  #repeated = 0;

  static of(pairs: Iterable<readonly [name: string, value: string]>): Headers {
    const headers = new Headers();
    for (const [name, value] of pairs) headers.#push(line(name, value));
    return headers;
  }

  /** The parser's way in: the value stands in one line of `text`, from `from` to `to`. */
  heard({ text: name, of }: Spelling, text: string, from: number, to: number): void {
    this.#push({ name, of, text, from, to });
  }

  #push(last: Line): void {
    this.#lines.push(last);
    this.#count(last.of);
  }

  #count({ bit }: HeaderName): void {
    this.#repeated |= this.#there & bit;
    this.#there |= bit;
  }

  /** Which of the names that may stand only once are there: bits as `bitsOf` makes them. */
  get there(): number {
    return this.#there;
  }

  /** Which of them are there more than once. */
  get repeated(): number {
    return this.#repeated;
  }

  get size(): number {
    return this.#lines.length;
  }

  has(name: string): boolean {
    return this.#find(headerName(name)) >= 0;
  }

  /** The first value; of a list, its first element. */
  get(name: string): string | undefined {
    const of = headerName(name);
    const first = this.#lines[this.#find(of)];
    if (first === undefined) return undefined;
    return of.list ? elements(textOf(first))[0] : textOf(first);
  }

  /** Every value in order; lists are split at their commas. A list with a quote left open stays whole. */
  all(name: string): string[] {
    const of = headerName(name);
    const lines = this.#lines.filter((at) => sameName(at.of, of));
    return lines.flatMap((at) => (of.list ? elements(textOf(at)) : [textOf(at)]));
  }

  /** Reads the only value of a header, where it stands; undefined when there is none. */
  readOne<T>(of: HeaderName, parse: ValueParser<T>): Result<T> | undefined {
    const first = this.#lines[this.#find(of)];
    return first === undefined ? undefined : parse(first.text, first.from, first.to);
  }

  /** Reads every element of a list where it stands; the first that is malformed is the result. */
  readAll<T>(of: HeaderName, parse: ValueParser<T>): Result<readonly T[]> {
    const first = this.#find(of);
    if (first < 0) return NOTHING;
    let values: T[] | undefined;
    for (let i = first; i < this.#lines.length; i++) {
      const at = this.#lines[i];
      if (at === undefined || !sameName(at.of, of)) continue;
      const firstComma = at.text.indexOf(',', at.from);
      const single = firstComma < 0 || firstComma >= at.to;
      for (let from = at.from; from <= at.to; ) {
        const comma = single ? at.to : elementEnd(at.text, from, at.to);
        const to = comma < 0 ? at.to : comma;
        const value = parse(at.text, skipBlanks(at.text, from), blanksStart(at.text, from, to));
        if (!value.ok) return value;
        // A list that begins empty is given room for seventeen by its first push, and most have one value.
        if (values === undefined) values = [value.value];
        else values.push(value.value);
        from = to + 1;
      }
    }
    return values === undefined ? NOTHING : ok(values);
  }

  /** A typed value, read on demand and kept until the headers change. */
  typed<T>(wanted: Field<T>): T {
    const kept = this.#typed?.[wanted.slot];
    if (kept !== undefined) return kept as T;
    const value = wanted.read(this);
    this.#typed ??= new Array(slots);
    this.#typed[wanted.slot] = value;
    return value;
  }

  /** One value in place of all of this name, where the first of them stood; appended when there was none. */
  set(name: string, value: string): this {
    const of = headerName(name);
    const at = this.#find(of);
    if (at < 0) return this.add(name, value);
    return this.#change(this.#lines.filter((old, i) => i <= at || !sameName(old.of, of)).with(at, line(name, value)));
  }

  /** Appends below the others. */
  add(name: string, value: string): this {
    return this.#change([...this.#lines, line(name, value)]);
  }

  /** Puts a value above the others of its name, or on top of all when there is none. */
  prepend(name: string, value: string): this {
    const at = this.#find(headerName(name));
    return this.#change(this.#lines.toSpliced(Math.max(at, 0), 0, line(name, value)));
  }

  /** Puts `value` in place of the first value (of a list, its first element). */
  replaceFirst(name: string, value: string): this {
    const of = headerName(name);
    const at = this.#find(of);
    const first = this.#lines[at];
    if (first === undefined) return this.add(name, value);
    const rest = of.list ? elements(textOf(first)).slice(1) : [];
    return this.#change(this.#lines.with(at, line(first.name, [value, ...rest].join(', '))));
  }

  /** Takes away the first value; of a list, its first element. */
  removeFirst(name: string): this {
    const of = headerName(name);
    const at = this.#find(of);
    const first = this.#lines[at];
    if (first === undefined) return this;
    const rest = of.list ? elements(textOf(first)).slice(1) : [];
    if (rest.length === 0) return this.#change(this.#lines.toSpliced(at, 1));
    return this.#change(this.#lines.with(at, line(first.name, rest.join(', '))));
  }

  delete(name: string): this {
    const of = headerName(name);
    return this.#change(this.#lines.filter((old) => !sameName(old.of, of)));
  }

  /** The lines as they print. */
  *entries(): IterableIterator<readonly [name: string, value: string]> {
    for (const at of this.#lines) yield [at.name, textOf(at)];
  }

  clone(): Headers {
    const copy = new Headers();
    copy.#lines = this.#lines;
    copy.#there = this.#there;
    copy.#repeated = this.#repeated;
    return copy;
  }

  #find(of: HeaderName): number {
    const lines = this.#lines;
    // A name that we know is one object everywhere.
    if (of.known) {
      for (let i = 0; i < lines.length; i++) if (lines[i]?.of === of) return i;
      return -1;
    }
    return lines.findIndex((at) => sameName(at.of, of));
  }

  /** Every change makes a new list, so that clones share what didn't change. */
  #change(lines: Line[]): this {
    this.#lines = lines;
    this.#typed = undefined;
    this.#there = 0;
    this.#repeated = 0;
    for (const { of } of lines) this.#count(of);
    return this;
  }
}

const NOTHING = ok<readonly never[]>([]);

function elements(value: string): readonly string[] {
  return value.includes(',') ? (splitList(value) ?? [value]) : [value];
}

/** Where the blanks begin that end at `to`. */
function blanksStart(text: string, from: number, to: number): number {
  let at = to;
  while (at > from && isBlank(text.charCodeAt(at - 1))) at--;
  return at;
}
