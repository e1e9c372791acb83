/** How one kind of information element is read and written. Tables of these are all that a message needs. */
import type { Element } from '../element.ts';

export interface ElementCodec<T> {
  readonly codeset: number;
  readonly id: number;
  /** Undefined: the contents break the coding (Q.931 §5.8.6.2, §5.8.7.2: cause 100). */
  decode(contents: Uint8Array): T | undefined;
  encode(value: T): Uint8Array;
}

export function element<T>(codec: ElementCodec<T>, value: T): Element {
  return { codeset: codec.codeset, id: codec.id, contents: codec.encode(value) };
}

/**
 * The codec with the value it read last kept by: the examination of a message decodes an element, and whoever acts on the message
 * asks for the same one again.
 */
export function readOnce<T>(codec: ElementCodec<T>): ElementCodec<T> {
  let read: Uint8Array | undefined;
  let value: T | undefined;
  return {
    ...codec,
    decode(contents) {
      if (contents !== read) {
        value = codec.decode(contents);
        read = contents;
      }
      return value;
    },
  };
}

/** The first element of this kind that reads well (§5.8.5.2: of duplicates the first counts). */
export function first<T>(elements: readonly Element[], codec: ElementCodec<T>): T | undefined {
  for (const e of elements) {
    if (e.id !== codec.id || e.codeset !== codec.codeset) continue;
    return codec.decode(e.contents);
  }
  return undefined;
}

/** Every element of this kind that reads well, at most `limit`. */
export function every<T>(elements: readonly Element[], codec: ElementCodec<T>, limit: number): readonly T[] {
  const out: T[] = [];
  for (const e of elements) {
    if (e.id !== codec.id || e.codeset !== codec.codeset) continue;
    const value = codec.decode(e.contents);
    if (value !== undefined) out.push(value);
    if (out.length === limit) break;
  }
  return out;
}

/** Whether octet `i` is the last of its group: bit 8 of extended octets (§4.5.1). */
export const last = (octet: number): boolean => (octet & 0x80) !== 0;
