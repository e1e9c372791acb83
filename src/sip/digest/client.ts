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

/** Whose credentials these are: the server's own, answering a 401, or those of a proxy on the way, answering a 407 (RFC 3261 §22). */
type CredentialsHeader = 'Authorization' | 'Proxy-Authorization';

interface Session {
  readonly header: CredentialsHeader;
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
  /** By header and realm. */
  readonly #sessions = new Map<string, Session>();

  constructor(hash: Hash, random: Random, identity: (realm: string) => DigestIdentity | undefined) {
    this.#hash = hash;
    this.#random = random;
    this.#identity = identity;
  }

  /**
   * Takes in the challenges of a 401 or 407, to be answered in `header`: in each realm the first one whose algorithm we can do (RFC 8760 §2.4). False when
   * there is nothing new to try: no identity, no algorithm, or our first answer to a fresh nonce was refused. (A nonce that has
   * served before has run out; not every server says `stale` then.)
   */
  hear(challenges: readonly string[], header: CredentialsHeader = 'Authorization'): boolean {
    let more = false;
    const heard = new Set<string>();
    for (const value of challenges) {
      const params = parseDigest(value);
      const realm = params?.get('realm');
      if (params === undefined || realm === undefined || heard.has(realm)) continue;
      const session = this.#session(params, realm, header);
      if (session === undefined) continue;
      heard.add(realm);
      const key = `${header} ${realm}`;
      const refused = this.#sessions.get(key)?.count === 1 && params.get('stale')?.toLowerCase() !== 'true';
      if (refused) this.#sessions.delete(key);
      else if (this.#sessions.size < MAX_REALMS || this.#sessions.has(key)) {
        this.#sessions.set(key, session);
        more = true;
      }
    }
    return more;
  }

  #session(params: AuthParams, realm: string, header: CredentialsHeader): Session | undefined {
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
    return { header, realm, nonce, opaque: params.get('opaque'), algorithm, qop, identity, count: 0 };
  }

  /** The values of `header` for a request, one for each realm heard. */
  authorize(
    request: { readonly method: string; readonly uri: string; readonly body: Uint8Array },
    header: CredentialsHeader = 'Authorization',
  ): string[] {
    const sessions = [...this.#sessions.values()].filter((session) => session.header === header);
    return sessions.map((session) => {
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
