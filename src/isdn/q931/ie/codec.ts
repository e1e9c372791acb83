/** Elements by what they say. */
import type { ElementCodec, HeardElement, SaidElement } from '../element.ts';

export function element<T>(codec: ElementCodec<T>, value: T): SaidElement {
  return { codeset: codec.codeset, id: codec.id, contents: codec.encode(value) };
}

/** The first element of this kind that reads well (§5.8.5.2: of duplicates the first counts). */
export function first<T>(elements: readonly HeardElement[], codec: ElementCodec<T>): T | undefined {
  for (const e of elements) {
    if (e.id !== codec.id || e.codeset !== codec.codeset) continue;
    return e.read(codec);
  }
  return undefined;
}

/** Every element of this kind that reads well, at most `limit`. */
export function every<T>(elements: readonly HeardElement[], codec: ElementCodec<T>, limit: number): readonly T[] {
  const out: T[] = [];
  for (const e of elements) {
    if (e.id !== codec.id || e.codeset !== codec.codeset) continue;
    const value = e.read(codec);
    if (value !== undefined) out.push(value);
    if (out.length === limit) break;
  }
  return out;
}

/** Whether octet `i` is the last of its group: bit 8 of extended octets (§4.5.1). */
export const last = (octet: number): boolean => (octet & 0x80) !== 0;
