import { split } from './grammar.ts';
import { type HeaderName, headerName, isSingle, type Spelling, sameName } from './header-names.ts';

/** One header line: the name as heard or written, what it means, and the value unfolded and trimmed. */
interface Line {
  readonly name: string;
  readonly of: HeaderName;
  readonly value: string;
}

/** Our own values never break out of their line. */
const oneLine = (value: string): string => value.replace(/[\r\n]+/g, ' ');

const line = (name: string, value: string): Line => ({ name, of: headerName(name), value: oneLine(value) });

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

  static of(pairs: Iterable<readonly [name: string, value: string]>): Headers {
    const headers = new Headers();
    for (const [name, value] of pairs) headers.#lines.push(line(name, value));
    return headers;
  }

  /** The parser's way in: the value is one line already. */
  heard({ text, of }: Spelling, value: string): void {
    this.#lines.push({ name: text, of, value });
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
    return first !== undefined && of.list ? elements(first.value)[0] : first?.value;
  }

  /** Every value in order; lists are split at their commas. A list with a quote left open stays whole. */
  all(name: string): string[] {
    const of = headerName(name);
    const values: string[] = [];
    for (const at of this.#lines) {
      if (!sameName(at.of, of)) continue;
      if (of.list && at.value.includes(',')) values.push(...elements(at.value));
      else values.push(at.value);
    }
    return values;
  }

  /** Which of the names that may stand only once are there, and which more than once: bits as `bitsOf` makes them. */
  singles(): { readonly there: number; readonly repeated: number } {
    let there = 0;
    let repeated = 0;
    for (const { of } of this.#lines) {
      if (!isSingle(of)) continue;
      repeated |= there & (1 << of.id);
      there |= 1 << of.id;
    }
    return { there, repeated };
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
    const rest = of.list ? elements(first.value).slice(1) : [];
    return this.#change(this.#lines.with(at, line(first.name, [value, ...rest].join(', '))));
  }

  /** Takes away the first value; of a list, its first element. */
  removeFirst(name: string): this {
    const of = headerName(name);
    const at = this.#find(of);
    const first = this.#lines[at];
    if (first === undefined) return this;
    const rest = of.list ? elements(first.value).slice(1) : [];
    if (rest.length === 0) return this.#change(this.#lines.toSpliced(at, 1));
    return this.#change(this.#lines.with(at, { ...first, value: rest.join(', ') }));
  }

  delete(name: string): this {
    const of = headerName(name);
    return this.#change(this.#lines.filter((old) => !sameName(old.of, of)));
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

  #find(of: HeaderName): number {
    for (let i = 0; i < this.#lines.length; i++) {
      const at = this.#lines[i];
      if (at !== undefined && sameName(at.of, of)) return i;
    }
    return -1;
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
