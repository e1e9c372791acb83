import { isIP } from 'node:net';

/** 32-bit words of an address as the packet batches hold them: an IPv6 address, IPv4 mapped into it (RFC 4291 §2.5.5.2). */
export const ADDRESS_WORDS = 4;

/** The marker word of a mapped IPv4 address, ::ffff:0:0/96. */
const MAPPED = 0x0000ffff;

/** A literal IPv4 or IPv6 address as four words in host order; undefined for anything else (names, zones). */
export function addressWords(text: string): Int32Array | undefined {
  const words = new Int32Array(ADDRESS_WORDS);
  switch (isIP(text)) {
    case 4:
      words[2] = MAPPED;
      words[3] = dotted(text);
      return words;
    case 6:
      return text.includes('%') ? undefined : hextets(text, words);
    default:
      return undefined;
  }
}

/** The text of an address: dotted for IPv4, uncompressed hextets for IPv6. */
export function addressText(words: ArrayLike<number>, at = 0): string {
  const word = (i: number): number => (words[at + i] ?? 0) >>> 0;
  if (word(0) === 0 && word(1) === 0 && word(2) === MAPPED) {
    const v4 = word(3);
    return `${v4 >>> 24}.${(v4 >>> 16) & 255}.${(v4 >>> 8) & 255}.${v4 & 255}`;
  }
  const parts: string[] = [];
  for (let i = 0; i < ADDRESS_WORDS; i++) {
    parts.push((word(i) >>> 16).toString(16), (word(i) & 0xffff).toString(16));
  }
  return parts.join(':');
}

/** Whether two addresses are one; `b`'s words begin at `at`. */
export function sameAddress(a: Int32Array | undefined, b: Int32Array, at: number): boolean {
  return a !== undefined && a[0] === b[at] && a[1] === b[at + 1] && a[2] === b[at + 2] && a[3] === b[at + 3];
}

/** 0.0.0.0 and ::, the old way to say hold (RFC 3264 §8.4): nothing can be sent there. */
export function isUnspecified(words: ArrayLike<number>): boolean {
  return words[0] === 0 && words[1] === 0 && (words[2] === 0 || words[2] === MAPPED) && words[3] === 0;
}

function dotted(text: string): number {
  let value = 0;
  for (const part of text.split('.')) value = (value << 8) | Number(part);
  return value;
}

function hextets(text: string, words: Int32Array): Int32Array {
  const tail = text.match(/^(.*:)(\d+\.\d+\.\d+\.\d+)$/);
  const v4 = tail === null ? undefined : dotted(tail[2] ?? '');
  const plain = v4 === undefined ? text : `${tail?.[1] ?? ''}${(v4 >>> 16).toString(16)}:${(v4 & 0xffff).toString(16)}`;
  const [before = '', after] = plain.split('::');
  const left = before === '' ? [] : before.split(':');
  const right = after === undefined || after === '' ? [] : after.split(':');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  for (let i = 0; i < ADDRESS_WORDS; i++) {
    words[i] = (Number.parseInt(groups[2 * i] ?? '0', 16) << 16) | Number.parseInt(groups[2 * i + 1] ?? '0', 16);
  }
  return words;
}
