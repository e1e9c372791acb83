/**
 * What becomes of a SIP request that belongs to no dialog: who sends it is settled first, then what it wants. Everything is
 * closed unless somebody is proven: a user by digest, a trunk by its certificate or its address; an emergency call needs no proof.
 */
import type { Log } from '../kernel/log.ts';
import { type Random, token } from '../kernel/random.ts';
import type { Directory } from '../routing/directory.ts';
import type { DirectoryUser } from '../routing/directory-file.ts';
import { locate } from '../routing/emergency.ts';
import { switchPortIn } from '../routing/location.ts';
import type { Source } from '../routing/query.ts';
import { type Algorithm, algorithmOf, type HashName } from '../sip/digest/response.ts';
import type { DigestServer, DigestUser } from '../sip/digest/server.ts';
import { type Capabilities, checkSupport } from '../sip/message/check.ts';
import { fromOf, maxForwardsOf, toOf } from '../sip/message/fields.ts';
import type { Flow } from '../sip/message/flow.ts';
import type { HeaderPairs, ResponseParts, SipRequest, SipResponse } from '../sip/message/message.ts';
import { tagOf } from '../sip/message/name-addr.ts';
import { parseUri } from '../sip/message/uri.ts';
import type { Reactor } from './reactor.ts';
import type { Registration } from './registration.ts';
import type { KnownTrunk } from './trunk-identity.ts';

export interface DispatchParts {
  readonly reactor: Reactor;
  readonly log: Log;
  readonly random: Random;
  readonly digest: DigestServer;
  readonly registration: Registration;
  readonly directory: () => Directory;
  readonly capabilities: Capabilities;
  /** Algorithms offered to somebody that the directory doesn't know. */
  readonly algorithms: () => readonly Algorithm[];
  /** The trunk that calls over this flow are of, if any. */
  readonly trunkAt: (flow: Flow) => KnownTrunk | undefined;
  /** Credentials did not hold; `answered`: they answer a challenge that went to the sender's address. */
  readonly digestFailed: (flow: Flow, answered: boolean) => void;
  /** Why the box can't carry calls; undefined when it can. */
  readonly unfit: () => string | undefined;
  readonly respond: (transaction: string, request: SipRequest, status: number, parts?: ResponseParts) => void;
  readonly answer: (transaction: string, response: SipResponse) => void;
  /** A call begins: the INVITE is handed to a leg. */
  readonly invite: (transaction: string, request: SipRequest, flow: Flow, source: Source) => void;
}

/** What a request says of its sender without proof: his name, and the access network that he is on. */
interface Claims {
  readonly user?: DirectoryUser | undefined;
  readonly access?: string | undefined;
}

/** Requests that only make sense inside a dialog. */
const IN_DIALOG = new Set(['BYE', 'PRACK', 'UPDATE', 'INFO']);

export class Dispatch {
  readonly #parts: DispatchParts;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
  }

  request(transaction: string, request: SipRequest, flow: Flow, merged: boolean): void {
    const refuse = (status: number, parts: ResponseParts = {}): void =>
      this.#parts.respond(transaction, request, status, { toTag: token(this.#parts.random, 6), ...parts });
    if (merged) return refuse(482);
    const unsupported = checkSupport(request, this.#parts.capabilities);
    if (unsupported !== undefined) return refuse(unsupported.status, unsupported);
    const to = toOf(request);
    if (IN_DIALOG.has(request.method) || (to !== undefined && tagOf(to) !== undefined)) return refuse(481);
    switch (request.method) {
      case 'OPTIONS':
        return this.#options(refuse);
      case 'REGISTER':
        return this.#register(transaction, request, flow, refuse);
      case 'INVITE':
        return this.#invite(transaction, request, flow, refuse);
      case 'REFER':
        // Who is not in a call has nobody to transfer (RFC 3515 leaves it to us whether we call at a stranger's wish).
        return refuse(403, { reason: 'REFER is taken inside a call only' });
      default:
        return refuse(405, { headers: [['Allow', this.#parts.capabilities.methods.join(', ')]] });
    }
  }

  /** Honest health: who asks whether we are there wants to know whether calls would go through. */
  #options(answer: (status: number, parts?: ResponseParts) => void): void {
    const { capabilities, unfit } = this.#parts;
    const why = unfit();
    const headers: HeaderPairs = [
      ['Allow', capabilities.methods.join(', ')],
      ['Accept', capabilities.contentTypes.join(', ')],
      ['Supported', capabilities.extensions.join(', ')],
    ];
    if (why === undefined) answer(200, { headers });
    else answer(503, { headers: [...headers, ['Retry-After', '10'], ['Reason', `SIP;cause=503;text="${why}"`]] });
  }

  #register(
    transaction: string,
    request: SipRequest,
    flow: Flow,
    refuse: (status: number, parts?: ResponseParts) => void,
  ): void {
    const { registration, answer } = this.#parts;
    const to = parseUri(toOf(request)?.uri ?? '');
    if (!to.ok || to.value.type !== 'sip') return refuse(400, { reason: 'To is no SIP address' });
    const user = this.#prove(request, flow, refuse);
    if (user === undefined) return;
    if (!registration.owns(user, request)) return refuse(403);
    registration.register(user, request, flow, (response) => answer(transaction, response));
  }

  #invite(
    transaction: string,
    request: SipRequest,
    flow: Flow,
    refuse: (status: number, parts?: ResponseParts) => void,
  ): void {
    if (maxForwardsOf(request) === 0) return refuse(483);
    const trunk = this.#parts.trunkAt(flow);
    // A phone may share the address of a trunk: who says that he is one of our users proves it like all others.
    if (trunk !== undefined && (trunk.proof !== 'address' || !this.#saysOurUser(request, flow))) {
      return this.#parts.invite(transaction, request, flow, { type: 'sip-trunk', id: trunk.id });
    }
    const says = { user: this.#claimed(request), access: request.headers.get('P-Access-Network-Info') };
    if (this.isEmergency(request.uri, flow.remote.address, says)) {
      return this.#parts.invite(transaction, request, flow, this.#likelySource(request));
    }
    const user = this.#prove(request, flow, refuse);
    if (user === undefined) return;
    if (!this.#speaksAs(user, request)) return refuse(403, { reason: 'From is not who the credentials prove' });
    this.#parts.invite(transaction, request, flow, { type: 'user', id: user.id });
  }

  /** The user whose credentials hold; undefined after a challenge has been sent. */
  #prove(
    request: SipRequest,
    flow: Flow,
    refuse: (status: number, parts?: ResponseParts) => void,
  ): DirectoryUser | undefined {
    const { digest, reactor, directory } = this.#parts;
    const credentials = [...request.headers.all('Authorization'), ...request.headers.all('Proxy-Authorization')];
    const now = reactor.clock.now();
    const verdict = digest.verify(
      {
        credentials,
        method: request.method,
        body: request.body,
        user: (name) => digestUser(directory().userById(name)),
      },
      now,
    );
    if (verdict.type === 'proven') return directory().userById(verdict.user);
    const { address } = flow.remote;
    if (credentials.length > 0 && !verdict.stale) {
      this.#parts.digestFailed(flow, digest.answersFrom(address, credentials));
    }
    const challenges = digest.challenge(this.#algorithmsFor(request), now, verdict.stale, address);
    refuse(401, { headers: challenges.map((value) => ['WWW-Authenticate', value]) });
    return undefined;
  }

  /** A known user's own list, so that a device is not offered what it can't do; the site's for everybody else. */
  #algorithmsFor(request: SipRequest): readonly Algorithm[] {
    const algorithms = digestUser(this.#claimed(request))?.algorithms ?? [];
    return algorithms.length > 0 ? algorithms : this.#parts.algorithms();
  }

  /** Who the From says it is; nothing is proven by that. */
  #claimed(request: SipRequest): DirectoryUser | undefined {
    const name = userPart(fromOf(request)?.uri);
    return name === undefined ? undefined : this.#parts.directory().userByName(name);
  }

  /** Whether the From is a user in this very box, by our domain or the address that it was sent to. */
  #saysOurUser(request: SipRequest, { local }: Flow): boolean {
    const uri = parseUri(fromOf(request)?.uri ?? '');
    if (!uri.ok || uri.value.type !== 'sip') return false;
    const host = uri.value.host.toLowerCase();
    const ours = host === this.#parts.directory().domain.toLowerCase() || host === local.address;
    return ours && this.#claimed(request) !== undefined;
  }

  #speaksAs(user: DirectoryUser, request: SipRequest): boolean {
    const name = userPart(fromOf(request)?.uri);
    return this.#claimed(request)?.id === user.id || name === user.number || name?.toLowerCase() === 'anonymous';
  }

  /**
   * Whether calling this Request-URI from there is calling for help. A place may have emergency numbers of its own, so who claims
   * to be there is believed.
   */
  isEmergency(uri: string, address: string, { user, access = '' }: Claims = {}): boolean {
    const digits = userPart(uri)?.replace(/[^0-9*#]/g, '');
    const directory = this.#parts.directory();
    const switchPort = switchPortIn(access);
    const at = { address, ...(switchPort === undefined ? {} : { switchPort }) };
    const place = locate(at, { user, gateway: undefined }, directory);
    return (
      /^urn:service:sos/i.test(uri) ||
      (digits !== undefined && digits !== '' && directory.emergencyNumber(digits, place?.location.id) !== undefined)
    );
  }

  #likelySource(request: SipRequest): Source {
    const user = this.#claimed(request);
    return user === undefined ? { type: 'unknown' } : { type: 'user', id: user.id };
  }
}

function userPart(text: string | undefined): string | undefined {
  const uri = parseUri(text ?? '');
  if (!uri.ok) return undefined;
  return uri.value.type === 'sip' ? uri.value.user : uri.value.type === 'tel' ? uri.value.number : undefined;
}

function digestUser(user: DirectoryUser | undefined): DigestUser | undefined {
  if (user === undefined) return undefined;
  const algorithms: Algorithm[] = [];
  const ha1: Partial<Record<HashName, string>> = {};
  for (const { algorithm, ha1: hash } of user.digest) {
    const known = algorithmOf(algorithm);
    if (known === undefined || known.endsWith('-sess')) continue;
    algorithms.push(known);
    ha1[known as HashName] = hash;
  }
  return { secret: { type: 'ha1', ha1 }, algorithms };
}
