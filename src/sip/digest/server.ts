import { fromLatin1 } from '../../kernel/bytes.ts';
import { type Random, token } from '../../kernel/random.ts';
import { type Instant, type Millis, minutes } from '../../kernel/time.ts';
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

/** What the server is made with. */
export interface DigestSetup {
  /** The protection domain, Unicode text; asked for each time, since a configuration may change it. */
  readonly realm: () => string;
  readonly hash: Hash;
  /** An HMAC under a key that only this process knows, as hex. */
  readonly sign: (octets: Uint8Array) => string;
  readonly random: Random;
  /** How long a nonce may be used; 5 minutes unless given. */
  readonly nonceLife?: Millis;
  /** How many nonces in use are remembered at once; 4096 unless given. */
  readonly nonces?: number;
}

/** What is known of a user. */
export interface DigestUser {
  readonly secret: Secret;
  /** The algorithms that the user may use, the best first. */
  readonly algorithms: readonly Algorithm[];
}

export interface DigestClaim {
  /** The values of Authorization or Proxy-Authorization. */
  readonly credentials: readonly string[];
  readonly method: string;
  readonly body: Uint8Array;
  /** Unicode name → what is known of it. */
  readonly user: (name: string) => DigestUser | undefined;
}

export type Verdict =
  | { readonly type: 'proven'; readonly user: string; readonly algorithm: Algorithm }
  /** Nothing proven: send a challenge. `stale` says that the password was right and only the nonce wasn't. */
  | { readonly type: 'unproven'; readonly stale: boolean };

/** A nonce's counters: the highest seen, and which of the 32 at and below it have been (bit 0 is the highest). */
interface Counters {
  readonly issued: Instant;
  highest: number;
  seen: number;
}

const WINDOW = 32;

/**
 * The server's side of RFC 7616 as SIP uses it (RFC 3261 §22, RFC 8760). A nonce carries its own time and proof, so that
 * challenges cost no memory; only nonces that a right password has used are remembered, and no more than a fixed number.
 */
export class DigestServer {
  readonly #setup: DigestSetup;
  readonly #life: Millis;
  readonly #most: number;
  /** In the order of first use. */
  readonly #used = new Map<string, Counters>();
  /** No nonce issued up to here is accepted any more unless it is in the table: those forgotten may have been used. */
  #forgotten = Number.NEGATIVE_INFINITY;
  /** Stands in for the password of a user who doesn't exist, so that the same work is done. */
  readonly #nobody: string;

  constructor(setup: DigestSetup) {
    this.#setup = setup;
    this.#life = setup.nonceLife ?? minutes(5);
    this.#most = setup.nonces ?? 4096;
    this.#nobody = token(setup.random, 16);
  }

  /** The values of WWW- or Proxy-Authenticate, one for each algorithm in order (RFC 8760 §2.4). `to`: the address they go to. */
  challenge(
    algorithms: readonly Algorithm[],
    now: Instant,
    stale = false,
    to = '',
    qops: readonly Qop[] = ['auth'],
  ): string[] {
    const nonce = this.#nonce(now, to);
    const realm = toWire(this.#setup.realm());
    return algorithms.map((algorithm) =>
      printDigest(
        [
          ['realm', realm],
          ['nonce', nonce],
          ['algorithm', algorithm],
          ['qop', qops.join(',')],
          ['stale', stale ? 'true' : undefined],
        ],
        'challenge',
      ),
    );
  }

  /** Judges a request's credentials. An unknown user, a wrong password and no credentials look the same. */
  verify(claim: DigestClaim, now: Instant): Verdict {
    const realm = toWire(this.#setup.realm());
    for (const value of claim.credentials) {
      const params = parseDigest(value);
      if (params?.get('realm') === realm) return this.#judge(params, claim, now);
    }
    return UNPROVEN;
  }

  #judge(params: AuthParams, claim: DigestClaim, now: Instant): Verdict {
    const { hash } = this.#setup;
    const proof = readProof(params);
    if (proof === undefined) return UNPROVEN;
    const name = fromWire(proof.username);
    const user = claim.user(name);
    const secret = user?.secret ?? { type: 'password', password: this.#nobody };
    // Hashed for everyone, also where the result is stored already: the time must not tell users from strangers.
    const password = secret.type === 'password' ? secret.password : this.#nobody;
    const hashName = hashOf(proof.algorithm);
    const computed = firstHash(hash, hashName, proof.username, toWire(this.#setup.realm()), password);
    const ha1 = secret.type === 'ha1' ? (secret.ha1[hashName] ?? '') : computed;
    const expected = digestResponse(hash, { ...proof, ha1, method: claim.method, body: claim.body });
    const right = sameText(expected, proof.response) && ha1 !== '';
    if (user === undefined || !right || !user.algorithms.includes(proof.algorithm)) return UNPROVEN;
    const fresh = this.#accept(proof.nonce, proof.qop === undefined ? undefined : Number.parseInt(proof.nc, 16), now);
    return fresh ? { type: 'proven', user: name, algorithm: proof.algorithm } : { type: 'unproven', stale: true };
  }

  /**
   * Whether some of these credentials answer a challenge that went to this address: then their sender hears what is sent there,
   * and the address is not forged. It says nothing about the password.
   */
  answersFrom(address: string, credentials: readonly string[]): boolean {
    return credentials.some((value) => {
      const nonce = parseDigest(value)?.get('nonce');
      if (nonce === undefined || this.#issued(nonce) === undefined) return false;
      const [time = '', salt = '', place = ''] = nonce.split('.');
      return sameText(this.#placed(`${time}.${salt}`, address), place);
    });
  }

  #nonce(now: Instant, to: string): string {
    const salted = `${Math.floor(now).toString(36)}.${token(this.#setup.random, 8)}`;
    const head = `${salted}.${this.#placed(salted, to)}`;
    return `${head}.${this.#mac(head)}`;
  }

  /** Binds a nonce to the address that it was sent to. */
  #placed(salted: string, address: string): string {
    return this.#mac(`${salted} ${address}`).slice(0, 16);
  }

  #mac(head: string): string {
    return this.#setup.sign(fromLatin1(head)).slice(0, 32);
  }

  /** When we issued this nonce; undefined when we didn't. */
  #issued(nonce: string): Instant | undefined {
    const dot = nonce.lastIndexOf('.');
    const head = nonce.slice(0, Math.max(dot, 0));
    if (dot < 0 || !sameText(this.#mac(head), nonce.slice(dot + 1))) return undefined;
    return Number.parseInt(head, 36) as Instant;
  }

  /** Takes note of a nonce's use; false when it isn't ours, too old, or used with this counter before. */
  #accept(nonce: string, count: number | undefined, now: Instant): boolean {
    const issued = this.#issued(nonce);
    if (issued === undefined || now - issued > this.#life) return false;
    const known = this.#used.get(nonce);
    if (known === undefined) {
      if (issued <= this.#forgotten) return false;
      this.#remember(nonce, { issued, highest: count ?? 0, seen: 1 }, now);
      return true;
    }
    // Without a counter (RFC 2069) a replay can't be told from a new request: such a nonce serves once.
    if (count === undefined) return false;
    return takeCount(known, count);
  }

  #remember(nonce: string, counters: Counters, now: Instant): void {
    this.#used.set(nonce, counters);
    for (const [old, { issued }] of this.#used) {
      const expired = now - issued > this.#life;
      if (!expired && this.#used.size <= this.#most) break;
      this.#used.delete(old);
      if (!expired) this.#forgotten = Math.max(this.#forgotten, issued);
    }
  }
}

const UNPROVEN: Verdict = { type: 'unproven', stale: false };

/** True when this count is new; later counts may overtake earlier ones within the window. */
function takeCount(counters: Counters, count: number): boolean {
  if (count > counters.highest) {
    const ahead = count - counters.highest;
    counters.seen = ahead >= WINDOW ? 1 : (counters.seen << ahead) | 1;
    counters.highest = count;
    return true;
  }
  const behind = counters.highest - count;
  if (behind >= WINDOW || (counters.seen >>> behind) & 1) return false;
  counters.seen |= 1 << behind;
  return true;
}

interface Proof {
  readonly username: string;
  readonly algorithm: Algorithm;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly qop: Qop | undefined;
  readonly nc: string;
  readonly cnonce: string;
}

/**
 * The credentials, when everything is there. Their uri is not compared with the Request-URI: proxies may have rewritten that one
 * (RFC 3261 §22.4), and common clients name the server instead.
 */
function readProof(params: AuthParams): Proof | undefined {
  const username = params.get('username');
  const nonce = params.get('nonce');
  const uri = params.get('uri');
  const response = params.get('response')?.toLowerCase();
  const algorithm = algorithmOf(params.get('algorithm'));
  if (username === undefined || nonce === undefined || uri === undefined || response === undefined) return undefined;
  const qop = params.get('qop')?.toLowerCase();
  const nc = params.get('nc') ?? '';
  const cnonce = params.get('cnonce') ?? '';
  if (algorithm === undefined || (qop !== undefined && qop !== 'auth' && qop !== 'auth-int')) return undefined;
  if (qop !== undefined && (!/^[0-9a-fA-F]{8}$/.test(nc) || cnonce === '')) return undefined;
  return { username, algorithm, nonce, uri, response, qop, nc, cnonce };
}

/** Compares in a time that doesn't tell where the texts differ. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
