/** Information elements as octets: Q.931 §4.5.1–4.5.4 (general rules, codesets, shifts). */

/**
 * One information element. `id` is the identifier octet; of a type 1 single-octet element (shift, congestion level, repeat
 * indicator) its high nibble with the value as the one octet of `contents`; of a type 2 one (sending complete) the octet, empty.
 */
export interface Element {
  readonly codeset: number;
  readonly id: number;
  readonly contents: Uint8Array;
}

/** One that is to be written, whatever its octets are listed in: short ones in a plain list cost a third of a typed array. */
export interface SaidElement {
  readonly codeset: number;
  readonly id: number;
  readonly contents: ArrayLike<number>;
}

/** How one kind of element is read and written. */
export interface ElementCodec<T> {
  readonly codeset: number;
  readonly id: number;
  /** Reads the octets from `at` to `end`. Undefined: they break the coding (Q.931 §5.8.6.2, §5.8.7.2: cause 100). */
  decode(octets: Uint8Array, at?: number, end?: number): T | undefined;
  encode(value: T): ArrayLike<number>;
}

/** An element where it stands in its message: nothing is copied until its octets themselves are asked for. */
export class HeardElement implements Element {
  readonly codeset: number;
  readonly id: number;
  readonly #octets: Uint8Array;
  readonly #at: number;
  readonly #end: number;
  #codec: ElementCodec<unknown> | undefined;
  #value: unknown;

  constructor(codeset: number, id: number, octets: Uint8Array, at: number, end: number) {
    this.codeset = codeset;
    this.id = id;
    this.#octets = octets;
    this.#at = at;
    this.#end = end;
  }

  /** What it says. The examination of a message reads every element, and whoever acts on the message asks again: it is read once. */
  read<T>(codec: ElementCodec<T>): T | undefined {
    if (this.#codec !== codec) {
      this.#codec = codec;
      this.#value = codec.decode(this.#octets, this.#at, this.#end);
    }
    return this.#value as T | undefined;
  }

  /** Whether its octets are just these. */
  holds(contents: ArrayLike<number>): boolean {
    if (contents.length !== this.#end - this.#at) return false;
    for (let i = 0; i < contents.length; i++) if (contents[i] !== this.#octets[this.#at + i]) return false;
    return true;
  }

  get contents(): Uint8Array {
    return this.#octets.slice(this.#at, this.#end);
  }
}

export interface Elements {
  readonly elements: readonly HeardElement[];
  /** The identifier of an element whose length runs past the message's end; nothing after it can be read. */
  readonly cut: number | undefined;
}

/** More elements than any real message holds; the rest is not read. */
export const MAX_ELEMENTS = 64;

const SHIFT = 0x90;
const empty = new Uint8Array(0);

/** Reads the elements from `at` to the end. Locking and non-locking shifts are resolved into `codeset`. */
export function parseElements(bytes: Uint8Array, at: number): Elements {
  const elements: HeardElement[] = [];
  let locked = 0;
  let once: number | undefined;
  while (at < bytes.length && elements.length < MAX_ELEMENTS) {
    const octet = bytes[at++] ?? 0;
    if ((octet & 0xf0) === SHIFT) {
      // §4.5.3: a locking shift (bit 4 = 0) can only go up; one that goes down is ignored, §5.8.7.
      if ((octet & 0x08) !== 0) once = octet & 0x07;
      else if ((octet & 0x07) > locked) locked = octet & 0x07;
      continue;
    }
    const codeset = once ?? locked;
    once = undefined;
    if ((octet & 0x80) !== 0) {
      const valued = (octet & 0xf0) !== 0xa0;
      const contents = valued ? Uint8Array.of(octet & 0x0f) : empty;
      elements.push(new HeardElement(codeset, valued ? octet & 0xf0 : octet, contents, 0, contents.length));
      continue;
    }
    const length = bytes[at++];
    if (length === undefined || at + length > bytes.length) return { elements, cut: octet };
    elements.push(new HeardElement(codeset, octet, bytes, at, at + length));
    at += length;
  }
  return { elements, cut: undefined };
}

/** Codesets upward, in each the single-octet elements first, then by identifier (§4.5.1); contents over 255 octets are left out. */
export function inWireOrder(elements: readonly SaidElement[]): readonly SaidElement[] {
  if (isInWireOrder(elements)) return elements;
  return elements.filter((e) => e.contents.length <= MAX_CONTENTS).sort(wireOrder);
}

/** What we compose nearly always is; to sort and copy it again would cost more than the rest of the writing. */
function isInWireOrder(elements: readonly SaidElement[]): boolean {
  let before: SaidElement | undefined;
  for (const e of elements) {
    if (e.contents.length > MAX_CONTENTS || (before !== undefined && wireOrder(before, e) > 0)) return false;
    before = e;
  }
  return true;
}

/** The length is one octet. */
const MAX_CONTENTS = 255;

function wireOrder(a: SaidElement, b: SaidElement): number {
  return a.codeset !== b.codeset ? a.codeset - b.codeset : rank(a) - rank(b);
}

const rank = ({ id }: SaidElement): number => ((id & 0x80) !== 0 ? 0 : id);

/** The octets that elements in wire order take. */
export function sizeOf(elements: readonly SaidElement[]): number {
  let size = 0;
  let codeset = 0;
  for (const e of elements) {
    if (e.codeset !== codeset) size += 1;
    codeset = e.codeset;
    size += (e.id & 0x80) !== 0 ? 1 : 2 + e.contents.length;
  }
  return size;
}

/** Writes elements in wire order into `out` from `at` on, with locking shifts where the codeset changes. */
export function writeElements(elements: readonly SaidElement[], out: Uint8Array, at: number): void {
  let codeset = 0;
  for (const { id, contents, codeset: its } of elements) {
    if (its !== codeset) out[at++] = SHIFT | its;
    codeset = its;
    if ((id & 0x80) !== 0) {
      out[at++] = id | (contents[0] ?? 0);
      continue;
    }
    out[at++] = id;
    out[at++] = contents.length;
    for (let i = 0; i < contents.length; i++) out[at++] = contents[i] ?? 0;
  }
}
