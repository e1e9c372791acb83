import type { Deadlines } from '../../kernel/deadlines.ts';
import { type Random, token } from '../../kernel/random.ts';
import type { Instant } from '../../kernel/time.ts';
import { topVia } from '../message/fields.ts';
import { type Flow, isReliable, type Target } from '../message/flow.ts';
import { responseTo, type SipRequest, type SipResponse } from '../message/message.ts';
import { printVia, responsePort, type Via, viaReceived } from '../message/via.ts';
import { answerKey, mergeKey, serverKey, serverKeyOf, tagIn } from './keys.ts';
import type { ServerEffect, ServerEvent, ServerMachine } from './server.ts';
import { ServerInvite } from './server-invite.ts';
import { ServerRequest } from './server-request.ts';
import type { Answerer, Timing, TransactionEffect } from './words.ts';

interface Entry {
  readonly id: string;
  readonly key: string;
  readonly merge: string | undefined;
  readonly request: SipRequest;
  readonly flow: Flow;
  /** Where its responses go (§18.2.2). */
  readonly back: Flow | Target;
  readonly machine: ServerMachine;
  /** Under which the ACK of its 2xx comes. */
  answer: string | undefined;
  /** Our tag, once a response has said it. */
  tag: string | undefined;
}

/** What the server transactions are made with; see `LayerSetup`. */
interface ServersSetup {
  readonly random: Random;
  readonly limit: number;
  readonly timing: Timing;
}

/** The server transactions: what has been asked of us. */
export class ServerTransactions {
  readonly #setup: ServersSetup;
  readonly #deadlines: Deadlines<Entry>;
  readonly #byId = new Map<string, Entry>();
  readonly #byKey = new Map<string, Entry>();
  readonly #byAnswer = new Map<string, Entry>();
  readonly #merges = new Map<string, Entry>();
  #count = 0;

  constructor(setup: ServersSetup, deadlines: Deadlines<Entry>) {
    this.#setup = setup;
    this.#deadlines = deadlines;
  }

  get deadline(): Instant | undefined {
    return this.#deadlines.first;
  }

  get size(): number {
    return this.#byId.size;
  }

  receive(heard: SipRequest, flow: Flow, now: Instant): readonly TransactionEffect[] {
    const heardVia = topVia(heard);
    if (heardVia === undefined) return [];
    const via = viaReceived(heardVia, flow.remote);
    const request = via === heardVia ? heard : marked(heard, via);
    if (request.method === 'ACK') return this.#acknowledge(request, via, flow, now);
    const key = serverKey(request, via);
    const known = this.#byKey.get(key);
    if (known !== undefined) return this.#step(known, { type: 'retransmission' }, now);
    const back = wayBack(via, flow);
    if (this.#byId.size >= (belongsToOld(request) ? 2 : 1) * this.#setup.limit) {
      const busy = responseTo(request, 503, { toTag: this.#newTag(), headers: [['Retry-After', '5']] });
      return [{ type: 'transmit', message: busy, to: back }];
    }
    const entry = this.#begin(request, key, flow, back);
    const started = this.#step(entry, { type: 'start' }, now);
    if (request.method === 'CANCEL') return [...started, ...this.#cancel(entry, via, now)];
    const merged = this.#noteMerge(entry);
    return [...started, { type: 'request', transaction: entry.id, request, flow, merged }];
  }

  respond(id: string, response: SipResponse, now: Instant, by: Answerer): readonly TransactionEffect[] {
    const entry = this.#byId.get(id);
    if (entry === undefined) return [];
    entry.tag = tagIn(response, 'To') ?? entry.tag;
    const is2xx = response.status >= 200 && response.status < 300;
    if (entry.request.method === 'INVITE' && by === 'uas' && is2xx && entry.machine.final === undefined) {
      entry.answer = answerKey(response);
      this.#byAnswer.set(entry.answer, entry);
    }
    return this.#step(entry, { type: 'respond', response, by }, now);
  }

  sendFailed(response: SipResponse, why: string, now: Instant): readonly TransactionEffect[] {
    const key = serverKeyOf(response);
    const entry = key === undefined ? undefined : this.#byKey.get(key);
    return entry === undefined ? [] : this.#step(entry, { type: 'transport-failed' }, now, why);
  }

  wake(now: Instant): readonly TransactionEffect[] {
    const effects: TransactionEffect[] = [];
    for (let entry = this.#deadlines.take(now); entry !== undefined; entry = this.#deadlines.take(now)) {
      effects.push(...this.#carry(entry, entry.machine.wake(now), ''));
    }
    return effects;
  }

  #begin(request: SipRequest, key: string, flow: Flow, back: Flow | Target): Entry {
    const setup = { request, reliable: isReliable(flow.transport), timing: this.#setup.timing };
    const machine = request.method === 'INVITE' ? new ServerInvite(setup) : new ServerRequest(setup);
    const id = `in-${++this.#count}`;
    const merge = request.method === 'CANCEL' ? undefined : mergeKey(request);
    const entry: Entry = { id, key, merge, request, flow, back, machine, answer: undefined, tag: undefined };
    this.#byId.set(id, entry);
    this.#byKey.set(key, entry);
    return entry;
  }

  #noteMerge(entry: Entry): boolean {
    if (entry.merge === undefined) return false;
    if (this.#merges.has(entry.merge)) return true;
    this.#merges.set(entry.merge, entry);
    return false;
  }

  #newTag(): string {
    return token(this.#setup.random, 6);
  }

  /**
   * §9.2: the CANCEL itself is always answered, with the tag that its INVITE has been answered with; it has an effect only while that one
   * has no final response.
   */
  #cancel(cancel: Entry, via: Via, now: Instant): readonly TransactionEffect[] {
    const invite = this.#byKey.get(serverKey(cancel.request, via, 'INVITE'));
    const toTag = invite?.tag ?? this.#newTag();
    const answer = responseTo(cancel.request, invite === undefined ? 481 : 200, { toTag });
    const answered = this.#step(cancel, { type: 'respond', response: answer, by: 'uas' }, now);
    if (invite === undefined || invite.machine.final !== undefined) return answered;
    return [...answered, { type: 'cancelled', transaction: invite.id, request: cancel.request }];
  }

  #acknowledge(request: SipRequest, via: Via, flow: Flow, now: Instant): readonly TransactionEffect[] {
    const byBranch = this.#byKey.get(serverKey(request, via));
    const final = byBranch?.machine.final;
    if (byBranch !== undefined && final !== undefined && tagIn(final, 'To') === tagIn(request, 'To')) {
      return this.#step(byBranch, { type: 'ack', request }, now);
    }
    const answered = this.#byAnswer.get(answerKey(request));
    if (answered !== undefined) return this.#step(answered, { type: 'ack', request }, now);
    return [{ type: 'ack', transaction: undefined, request, flow }];
  }

  #step(entry: Entry, event: ServerEvent, now: Instant, why = ''): readonly TransactionEffect[] {
    return this.#carry(entry, entry.machine.feed(event, now), why);
  }

  #carry(entry: Entry, effects: readonly ServerEffect[], why: string): readonly TransactionEffect[] {
    this.#deadlines.set(entry, entry.machine.deadline);
    return effects.map((effect) => this.#told(entry, effect, why));
  }

  #told(entry: Entry, effect: ServerEffect, why: string): TransactionEffect {
    switch (effect.type) {
      case 'send':
        return { type: 'transmit', message: effect.message, to: entry.back };
      case 'pass':
        return { type: 'ack', transaction: entry.id, request: effect.request, flow: entry.flow };
      case 'timeout':
        return { type: 'timeout', transaction: entry.id };
      case 'failed':
        return { type: 'failed', transaction: entry.id, why };
      case 'end':
        this.#forget(entry);
        return { type: 'ended', transaction: entry.id };
    }
  }

  #forget(entry: Entry): void {
    this.#deadlines.set(entry, undefined);
    this.#byId.delete(entry.id);
    this.#byKey.delete(entry.key);
    if (entry.answer !== undefined) this.#byAnswer.delete(entry.answer);
    if (entry.merge !== undefined && this.#merges.get(entry.merge) === entry) this.#merges.delete(entry.merge);
  }
}

/** The request with `received` and `rport` in its top Via, as every later reader must see it. */
function marked(request: SipRequest, via: Via): SipRequest {
  return { ...request, headers: request.headers.clone().replaceFirst('Via', printVia(via)) };
}

/**
 * §18.2.2: a response goes back on the connection that brought the request; over UDP to the port that the Via names, from
 * the socket that heard it, and to no other host than its source: `maddr` is for requests to a multicast group, where we hear none,
 * and would have us send whatever we answer to a third party (§26.1.5).
 */
function wayBack(via: Via, flow: Flow): Flow {
  if (isReliable(flow.transport)) return flow;
  return { ...flow, remote: { address: flow.remote.address, port: responsePort(via) } };
}

/**
 * The flow over which a request's sender hears us: where its answers go. Who sends from a port of the moment and asks for no rport listens
 * at the port of its Via alone, for requests as for answers (RFC 3261 §18.1.1).
 */
export function heardAt(request: SipRequest, flow: Flow): Flow {
  const via = topVia(request);
  return via === undefined ? flow : wayBack(via, flow);
}

/** Requests that belong to what is there already, CANCEL and BYE above all, still come in when new ones don't. */
const belongsToOld = (request: SipRequest): boolean =>
  request.method === 'CANCEL' || tagIn(request, 'To') !== undefined;
