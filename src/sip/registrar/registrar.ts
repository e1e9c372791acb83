import { Deadlines } from '../../kernel/deadlines.ts';
import { after, type Instant, seconds, type WallTime } from '../../kernel/time.ts';
import { callIdOf, cseqOf } from '../message/fields.ts';
import type { Flow } from '../message/flow.ts';
import { type Param, printParams, quote } from '../message/grammar.ts';
import { type HeaderPairs, responseTo, type SipRequest, type SipResponse } from '../message/message.ts';
import { type Binding, type PersistBinding, type StoredBinding, sameContact, stored } from './binding.ts';
import { readContacts, type Wanted, type WantedContact } from './contacts.ts';

/** The registrar's limits. */
export interface RegistrarSetup {
  /** Seconds: shorter is refused with 423, longer is cut, nothing said is the usual. */
  readonly expires: { readonly min: number; readonly max: number; readonly usual: number };
  /** The most contacts of one address; a new one beyond it takes the place of the one refreshed longest ago. */
  readonly perAddress: number;
  /** The most bindings in all; beyond it a new one gets 503. */
  readonly total: number;
}

export const REGISTRAR_DEFAULTS: RegistrarSetup = {
  expires: { min: 60, max: 3_600, usual: 3_600 },
  perAddress: 10,
  total: 10_000,
};

/** A REGISTER that has passed its checks: the sender is known and may register for `aor`. */
export interface Registration {
  /** In the form of `addressOfRecord`. */
  readonly aor: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  /** For the To of the answer. */
  readonly toTag: string;
}

export interface Registered {
  /** To be sent once everything in `persist` is committed. */
  readonly response: SipResponse;
  readonly persist: readonly PersistBinding[];
}

/** The bindings of the site's users: RFC 3261 §10.3 with Path (RFC 3327) and outbound (RFC 5626). */
export class Registrar {
  #setup: RegistrarSetup;
  /** Address → its bindings, the one refreshed longest ago first. */
  readonly #addresses = new Map<string, readonly Binding[]>();
  readonly #lapses = new Deadlines<string>();
  /** Connection → the addresses with a contact that is reached over it alone. */
  readonly #flows = new Map<string, Set<string>>();
  #size = 0;

  constructor(setup: RegistrarSetup = REGISTRAR_DEFAULTS) {
    this.#setup = setup;
  }

  /** Other limits, from the next REGISTER on; what is bound stays. */
  configure(setup: RegistrarSetup): void {
    this.#setup = setup;
  }

  /** When the next binding lapses. */
  get deadline(): Instant | undefined {
    return this.#lapses.first;
  }

  /** How many bindings there are. */
  get size(): number {
    return this.#size;
  }

  /** Takes in what the store kept across a restart. */
  load(bindings: Iterable<StoredBinding>, now: Instant): void {
    for (const { left, expires: _, ...body } of bindings) {
      if (left <= 0) continue;
      const binding: Binding = { ...body, params: keptParams(body), deadline: after(now, left) };
      this.#put(body.aor, [...this.#held(body.aor), binding]);
    }
  }

  /** An address's live contacts, the most wanted first (q), then the most recent. */
  bindings(aor: string, now: Instant): readonly Binding[] {
    return this.#held(aor)
      .filter(({ deadline }) => deadline > now)
      .toReversed()
      .sort((a, b) => b.q - a.q);
  }

  /** Every address that has a live contact. */
  *registered(now: Instant): IterableIterator<readonly [aor: string, bindings: readonly Binding[]]> {
    for (const aor of this.#addresses.keys()) {
      const bindings = this.bindings(aor, now);
      if (bindings.length > 0) yield [aor, bindings];
    }
  }

  /** Answers a REGISTER. All of it is done or nothing (§10.3 step 7). `wall` is for the store and the Date header only. */
  register(registration: Registration, now: Instant, wall: WallTime): Registered {
    const { request, toTag, aor } = registration;
    const refuse = (status: number, reason?: string, headers: HeaderPairs = []): Registered => ({
      response: responseTo(request, status, { toTag, headers, ...(reason === undefined ? {} : { reason }) }),
      persist: [],
    });
    const wanted = readContacts(request, this.#setup.expires.usual);
    if (!wanted.ok) return refuse(400, wanted.error);
    const { min } = this.#setup.expires;
    if (wanted.value.type === 'update' && wanted.value.contacts.some(({ expires }) => expires > 0 && expires < min)) {
      return refuse(423, undefined, [['Min-Expires', String(min)]]);
    }
    const before = this.#held(aor).filter(({ deadline }) => deadline > now);
    const next = this.#apply(before, wanted.value, registration, now);
    if (next === undefined) return refuse(500, 'CSeq Out Of Order');
    if (next.length > this.#setup.perAddress) return refuse(403, 'Too Many Contacts');
    if (next.length > before.length && this.#size - before.length + next.length > this.#setup.total) {
      return refuse(503, 'Registrar Full', [['Retry-After', '60']]);
    }
    const lapsed = this.#held(aor).filter(({ deadline }) => deadline <= now);
    this.#put(aor, next);
    return {
      response: this.#accept(registration, now, wall),
      persist: [
        ...[...lapsed, ...before].filter(({ key }) => !next.some((at) => at.key === key)).map(unbind),
        ...next
          .filter((binding) => !before.includes(binding))
          .map((binding): PersistBinding => ({ type: 'bind', binding: stored(binding, now, wall) })),
      ],
    };
  }

  /**
   * A connection has closed: the contacts that are reached over it and in no other way go with it (RFC 5626 §5.3.1). A phone that lives opens
   * another and registers again; one that is gone counts as such at once.
   */
  closed(flow: Flow): readonly PersistBinding[] {
    const aors = this.#flows.get(flow.connection ?? '') ?? [];
    return [...aors].flatMap((aor) => {
      const held = this.#held(aor);
      const gone = held.filter((binding) => isOver(binding, flow));
      this.#put(
        aor,
        held.filter((binding) => !gone.includes(binding)),
      );
      return gone.map(unbind);
    });
  }

  /** Drops what has lapsed. */
  wake(now: Instant): readonly PersistBinding[] {
    const effects: PersistBinding[] = [];
    for (let aor = this.#lapses.take(now); aor !== undefined; aor = this.#lapses.take(now)) {
      const held = this.#held(aor);
      effects.push(...held.filter(({ deadline }) => deadline <= now).map(unbind));
      this.#put(
        aor,
        held.filter(({ deadline }) => deadline > now),
      );
    }
    return effects;
  }

  #held(aor: string): readonly Binding[] {
    return this.#addresses.get(aor) ?? [];
  }

  #put(aor: string, bindings: readonly Binding[]): void {
    this.#size += bindings.length - this.#held(aor).length;
    for (const connection of this.#held(aor).flatMap(connectionOf)) this.#unflow(connection, aor);
    for (const connection of bindings.flatMap(connectionOf)) {
      this.#flows.set(connection, (this.#flows.get(connection) ?? new Set()).add(aor));
    }
    if (bindings.length === 0) this.#addresses.delete(aor);
    else this.#addresses.set(aor, bindings);
    const first = bindings.reduce((least, { deadline }) => Math.min(least, deadline), Number.POSITIVE_INFINITY);
    this.#lapses.set(aor, bindings.length === 0 ? undefined : (first as Instant));
  }

  #unflow(connection: string, aor: string): void {
    const aors = this.#flows.get(connection);
    aors?.delete(aor);
    if (aors?.size === 0) this.#flows.delete(connection);
  }

  /** The bindings as the request leaves them; undefined when it is older than what one of them knows (§10.3 steps 6 and 7). */
  #apply(before: readonly Binding[], wanted: Wanted, from: Registration, now: Instant): readonly Binding[] | undefined {
    const callId = callIdOf(from.request) ?? '';
    const cseq = cseqOf(from.request)?.number ?? 0;
    const old = (binding: Binding): boolean => binding.callId === callId && binding.cseq >= cseq;
    if (wanted.type === 'query') return before;
    if (wanted.type === 'remove-all') return before.some(old) ? undefined : [];
    let bindings = before;
    for (const contact of wanted.contacts) {
      const held = bindings.find((binding) => isSame(binding, contact));
      if (held !== undefined && before.includes(held) && old(held)) return undefined;
      bindings = bindings.filter((binding) => binding !== held);
      if (contact.expires > 0) {
        bindings = [...bindings, this.#bind(contact, held?.key ?? newKey(contact, bindings), from, now)];
      }
    }
    const fresh = bindings.filter((binding) => !before.includes(binding));
    // A phone that starts anew with another port each time must not lock itself out: its oldest contact gives way.
    const over = Math.min(bindings.length - this.#setup.perAddress, bindings.length - fresh.length);
    return over > 0 ? bindings.slice(over) : bindings;
  }

  #bind(contact: WantedContact, key: string, { aor, request, flow }: Registration, now: Instant): Binding {
    const { uri, params, q, instance, regId } = contact;
    return {
      aor,
      key,
      contact: uri,
      params,
      path: request.headers.all('Path'),
      instance,
      regId,
      callId: callIdOf(request) ?? '',
      cseq: cseqOf(request)?.number ?? 0,
      q,
      userAgent: request.headers.get('User-Agent')?.slice(0, 256),
      flow,
      deadline: after(now, seconds(Math.min(contact.expires, this.#setup.expires.max))),
    };
  }

  /** The 200 with all bindings (§10.3 step 8). */
  #accept({ aor, request, toTag }: Registration, now: Instant, wall: WallTime): SipResponse {
    const headers: [string, string][] = [];
    const bindings = this.bindings(aor, now);
    for (const { contact, q, params, deadline } of bindings) {
      const left = Math.ceil((deadline - now) / 1000);
      headers.push(['Contact', `<${contact}>;expires=${left}${q === 1 ? '' : `;q=${q}`}${printParams(params)}`]);
    }
    for (const path of request.headers.all('Path')) headers.push(['Path', path]);
    // Tells the phone that requests come over the flow it opened (RFC 5626 §6).
    if (bindings.some(({ regId }) => regId !== undefined)) headers.push(['Require', 'outbound']);
    headers.push(['Date', new Date(wall).toUTCString()]);
    return responseTo(request, 200, { toTag, headers });
  }
}

/** The connection that a contact is reached over and in no other way. */
const connectionOf = ({ regId, flow }: Binding): string[] =>
  regId === undefined || flow.connection === undefined ? [] : [flow.connection];

/** Numbers of connections begin anew with the process: one that is stored may be another's now. */
const isOver = (binding: Binding, { connection, remote }: Flow): boolean =>
  connectionOf(binding)[0] === connection &&
  binding.flow.remote.address === remote.address &&
  binding.flow.remote.port === remote.port;

const unbind = ({ aor, key }: Binding): PersistBinding => ({ type: 'unbind', aor, key });

/** A refreshed binding keeps its key while its URI may change, so that a new one with the URI of before needs another. */
function newKey({ uri, instance, regId }: WantedContact, bindings: readonly Binding[]): string {
  const plain = regId === undefined ? uri : `${regId} ${instance}`;
  let key = plain;
  for (let n = 2; bindings.some((binding) => binding.key === key); n++) key = `${plain} ${n}`;
  return key;
}

/** The same flow of the same device, or the same URI (RFC 5626 §6, RFC 3261 §10.3). */
const isSame = (binding: Binding, contact: WantedContact): boolean =>
  contact.regId !== undefined || binding.regId !== undefined
    ? binding.regId === contact.regId && binding.instance === contact.instance
    : sameContact(binding.contact, contact.uri);

/** What a binding's Contact says again after a restart. */
function keptParams({ instance, regId }: Pick<Binding, 'instance' | 'regId'>): readonly Param[] {
  const params: Param[] = [];
  if (instance !== undefined) params.push({ name: '+sip.instance', value: quote(instance) });
  if (regId !== undefined) params.push({ name: 'reg-id', value: String(regId) });
  return params;
}
