/** Octets in and out of text. Pure code deals in Uint8Array only. */

/** `02 01 7f` → the octets; spaces are allowed, anything else that is not a hex pair throws (for tests and tables). */
export function fromHex(hex: string): Uint8Array {
  const digits = hex.replace(/\s+/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) throw new Error(`not hex: ${hex}`);
  const out = new Uint8Array(digits.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return out;
}

export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (const b of bytes) out += b.toString(16).padStart(2, '0');
  return out;
}

/** One octet per character, the low eight bits of each. */
export function fromLatin1(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

const ascii = new TextDecoder('utf-8', { ignoreBOM: true });

/** Up to here going octet by octet is quicker than calling the decoder, which also moves a short array out of the engine's heap. */
const SHORT = 32;

/** One character per octet from `at` to `end`, U+0000 to U+00FF: every octet comes back from `fromLatin1`. */
export function toLatin1(bytes: Uint8Array, at = 0, end = bytes.length): string {
  if (end - at <= SHORT) return eachOctet(bytes, at, end);
  // Text on the wire is nearly always ASCII, where UTF-8 is the same and decoded natively. Anything else comes out shorter or
  // with U+FFFD in it. (No decoder does Latin-1: the label means windows-1252.)
  const text = ascii.decode(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
  return text.length === end - at && !text.includes('\uFFFD') ? text : eachOctet(bytes, at, end);
}

function eachOctet(bytes: Uint8Array, at: number, end: number): string {
  let out = '';
  for (let i = at; i < end; i++) out += String.fromCharCode(bytes[i] ?? 0);
  return out;
}

/** All octets of the parts, in a new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
