/** The arithmetic of digest authentication, RFC 7616 §3.4 with the algorithms of RFC 8760. */
import { concat, fromLatin1, toLatin1 } from '../../kernel/bytes.ts';

/** The hash functions of RFC 8760 §2. */
export type HashName = 'MD5' | 'SHA-256' | 'SHA-512-256';

/** As written in `algorithm=`; with `-sess` the first hash takes the nonce and the client's nonce in. */
export type Algorithm = HashName | `${HashName}-sess`;

/** Handed in by the composition root: the hash of octets as lower-case hex. */
export type Hash = (name: HashName, octets: Uint8Array) => string;

export type Qop = 'auth' | 'auth-int';

/** What proves a user: the password as Unicode text, or H(user:realm:password) for each hash, in lower-case hex. */
export type Secret =
  | { readonly type: 'password'; readonly password: string }
  | { readonly type: 'ha1'; readonly ha1: Readonly<Partial<Record<HashName, string>>> };

const ALGORITHMS: readonly Algorithm[] = [
  'MD5',
  'MD5-sess',
  'SHA-256',
  'SHA-256-sess',
  'SHA-512-256',
  'SHA-512-256-sess',
];

/** The algorithm of this name, in any case; MD5 when there is no name (RFC 7616 §3.3); undefined for one nobody here knows. */
export function algorithmOf(name: string | undefined): Algorithm | undefined {
  if (name === undefined) return 'MD5';
  return ALGORITHMS.find((algorithm) => algorithm.toLowerCase() === name.toLowerCase());
}

export const hashOf = (algorithm: Algorithm): HashName =>
  algorithm === 'MD5' || algorithm === 'MD5-sess'
    ? 'MD5'
    : algorithm === 'SHA-256' || algorithm === 'SHA-256-sess'
      ? 'SHA-256'
      : 'SHA-512-256';

/** Everything that a response is computed from. Texts are as on the wire: one octet per character. */
export interface Ingredients {
  readonly algorithm: Algorithm;
  /** From `firstHash`. */
  readonly ha1: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  /** Undefined: the form of RFC 2069, without counter and client nonce. */
  readonly qop: Qop | undefined;
  readonly nc: string;
  readonly cnonce: string;
  readonly body: Uint8Array;
}

/** H(user:realm:password). `username` and `realm` as on the wire, the password as Unicode text (UTF-8, RFC 7616 §4). */
export const firstHash = (hash: Hash, name: HashName, username: string, realm: string, password: string): string =>
  hash(name, concat(fromLatin1(`${username}:${realm}:`), new TextEncoder().encode(password)));

/** The `response` of the credentials, RFC 7616 §3.4.1, in lower-case hex; without qop in the form of RFC 2069. */
export function digestResponse(hash: Hash, of: Ingredients): string {
  const name = hashOf(of.algorithm);
  const h = (text: string): string => hash(name, fromLatin1(text));
  const ha1 = of.algorithm === name ? of.ha1 : h(`${of.ha1}:${of.nonce}:${of.cnonce}`);
  const entity = of.qop === 'auth-int' ? `:${hash(name, of.body)}` : '';
  const ha2 = h(`${of.method}:${of.uri}${entity}`);
  return h(
    of.qop === undefined ? `${ha1}:${of.nonce}:${ha2}` : `${ha1}:${of.nonce}:${of.nc}:${of.cnonce}:${of.qop}:${ha2}`,
  );
}

/** Unicode text as it stands on the wire: UTF-8, one octet per character. */
export const toWire = (text: string): string => toLatin1(new TextEncoder().encode(text));

/** Text from the wire as Unicode: UTF-8 where it is sound, else Latin-1. */
export function fromWire(text: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(fromLatin1(text));
  } catch {
    return text;
  }
}
