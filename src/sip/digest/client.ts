import { type Random, token } from '../../kernel/random.ts';
import { type AuthParams, parseDigest, printDigest } from './credentials.ts';
import {
  type Algorithm,
  algorithmOf,
  digestResponse,
  firstHash,
  fromWire,
  type Hash,
  hashOf,
  type Qop,
  type Secret,
  toWire,
} from './response.ts';

/** Who we are in one realm. */
export interface DigestIdentity {
  /** Unicode text. */
  readonly username: string;
  readonly secret: Secret;
}

interface Session {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: Algorithm;
  readonly qop: Qop | undefined;
  readonly identity: DigestIdentity;
  count: number;
}

/** More realms than this in one call are not a network but an attack. */
const MAX_REALMS = 8;

/** The client's side: remembers a nonce for each realm and counts its uses, so that later requests need no new challenge. */
export class DigestClient {
  readonly #hash: Hash;
  readonly #random: Random;
  readonly #identity: (realm: string) => DigestIdentity | undefined;
  readonly #sessions = new Map<string, Session>();

  constructor(hash: Hash, random: Random, identity: (realm: string) => DigestIdentity | undefined) {
    this.#hash = hash;
    this.#random = random;
    this.#identity = identity;
  }

  /**
   * Takes in the challenges of a 401 or 407: in each realm the first one whose algorithm we can do (RFC 8760 §2.4). False when
   * there is nothing new to try: no identity, no algorithm, or our first answer to a fresh nonce was refused. (A nonce that has
   * served before has run out; not every server says `stale` then.)
   */
  hear(challenges: readonly string[]): boolean {
    let more = false;
    const heard = new Set<string>();
    for (const value of challenges) {
      const params = parseDigest(value);
      const realm = params?.get('realm');
      if (params === undefined || realm === undefined || heard.has(realm)) continue;
      const session = this.#session(params, realm);
      if (session === undefined) continue;
      heard.add(realm);
      const refused = this.#sessions.get(realm)?.count === 1 && params.get('stale')?.toLowerCase() !== 'true';
      if (refused) this.#sessions.delete(realm);
      else if (this.#sessions.size < MAX_REALMS || this.#sessions.has(realm)) {
        this.#sessions.set(realm, session);
        more = true;
      }
    }
    return more;
  }

  #session(params: AuthParams, realm: string): Session | undefined {
    const algorithm = algorithmOf(params.get('algorithm'));
    const nonce = params.get('nonce');
    const offered = params
      .get('qop')
      ?.toLowerCase()
      .split(/[\s,]+/);
    const qop = offered?.includes('auth') ? 'auth' : offered?.includes('auth-int') ? 'auth-int' : undefined;
    const identity = this.#identity(fromWire(realm));
    if (algorithm === undefined || nonce === undefined || identity === undefined) return undefined;
    if (offered !== undefined && qop === undefined) return undefined;
    const { secret } = identity;
    if (secret.type === 'ha1' && secret.ha1[hashOf(algorithm)] === undefined) return undefined;
    return { realm, nonce, opaque: params.get('opaque'), algorithm, qop, identity, count: 0 };
  }

  /** The values of Authorization or Proxy-Authorization for a request, one for each realm heard. */
  authorize(request: { readonly method: string; readonly uri: string; readonly body: Uint8Array }): string[] {
    return [...this.#sessions.values()].map((session) => {
      const { realm, nonce, algorithm, qop, identity } = session;
      session.count++;
      const username = toWire(identity.username);
      const name = hashOf(algorithm);
      const { secret } = identity;
      const ha1 =
        secret.type === 'ha1'
          ? (secret.ha1[name] ?? '')
          : firstHash(this.#hash, name, username, realm, secret.password);
      const nc = session.count.toString(16).padStart(8, '0');
      const cnonce = token(this.#random, 8);
      const response = digestResponse(this.#hash, { ...request, algorithm, ha1, nonce, qop, nc, cnonce });
      const counted = qop === undefined && !algorithm.endsWith('-sess') ? undefined : cnonce;
      return printDigest(
        [
          ['username', username],
          ['realm', realm],
          ['nonce', nonce],
          ['uri', request.uri],
          ['response', response],
          ['algorithm', algorithm],
          ['cnonce', counted],
          ['opaque', session.opaque],
          ['qop', qop],
          ['nc', qop === undefined ? undefined : nc],
        ],
        'credentials',
      );
    });
  }
}
