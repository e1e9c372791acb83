import type { Deadlines } from '../../kernel/deadlines.ts';
import { type Random, token } from '../../kernel/random.ts';
import { after, earlier, type Instant } from '../../kernel/time.ts';
import { type Flow, isReliable, type Target } from '../message/flow.ts';
import type { HeaderPairs, SipRequest, SipResponse } from '../message/message.ts';
import { MAGIC_COOKIE, printVia } from '../message/via.ts';
import type { ClientEffect, ClientEvent, ClientMachine } from './client.ts';
import { ClientInvite } from './client-invite.ts';
import { ClientRequest } from './client-request.ts';
import { cancelOf } from './derived.ts';
import { clientKey } from './keys.ts';
import type { Sending, Timing, TransactionEffect } from './words.ts';

/** What a sender asked for, over all the targets that are tried for it. */
interface Errand {
  readonly sending: Sending;
  /** The place in `sending.targets` of the one being tried. */
  index: number;
  current: Try | undefined;
  cancel: HeaderPairs | undefined;
}

/** One request at one target. */
interface Try {
  readonly key: string;
  readonly request: SipRequest;
  readonly to: Flow | Target;
  readonly machine: ClientMachine;
  /** Whose it is; undefined for a CANCEL of the layer's own. */
  readonly errand: Errand | undefined;
  /** When the next target's turn comes if this one stays silent. */
  patience: Instant | undefined;
  /** The highest status heard from it; 0 while it is silent. */
  heard: number;
  /** Its CANCEL has gone out: a peer that goes on ringing gets no second one, and no more time. */
  cancelled: boolean;
}

/** What the client transactions are made with; see `LayerSetup`. */
export interface ClientsSetup {
  readonly random: Random;
  readonly sentBy: (to: Flow | Target) => { readonly host: string; readonly port: number };
  readonly timing: Timing;
}

/** The client transactions: what we have asked of others. */
export class ClientTransactions {
  readonly #setup: ClientsSetup;
  readonly #deadlines: Deadlines<Try>;
  readonly #errands = new Map<string, Errand>();
  readonly #tries = new Map<string, Try>();

  constructor(setup: ClientsSetup, deadlines: Deadlines<Try>) {
    this.#setup = setup;
    this.#deadlines = deadlines;
  }

  get deadline(): Instant | undefined {
    return this.#deadlines.first;
  }

  get size(): number {
    return this.#tries.size;
  }

  send(sending: Sending, now: Instant): readonly TransactionEffect[] {
    const errand: Errand = { sending, index: 0, current: undefined, cancel: undefined };
    this.#errands.set(sending.id, errand);
    return this.#attempt(errand, sending.branch, now) ?? this.#abandon(errand, 'failed', 'no target');
  }

  sendAlone(request: SipRequest, to: Flow | Target): readonly TransactionEffect[] {
    return [{ type: 'transmit', message: this.#withVia(request, to, this.#newBranch()), to }];
  }

  receive(response: SipResponse, flow: Flow, now: Instant): readonly TransactionEffect[] {
    const key = clientKey(response);
    const at = key === undefined ? undefined : this.#tries.get(key);
    return at === undefined ? [] : this.#step(at, { type: 'response', response }, now, flow);
  }

  cancel(id: string, headers: HeaderPairs, now: Instant): readonly TransactionEffect[] {
    const errand = this.#errands.get(id);
    if (errand === undefined || errand.cancel !== undefined) return [];
    errand.cancel = headers;
    const at = errand.current;
    return at?.machine.waiting === 'final' ? this.#cancelTry(at, headers, now) : [];
  }

  abandon(id: string, now: Instant): readonly TransactionEffect[] {
    const errand = this.#errands.get(id);
    if (errand === undefined) return [];
    const { current } = errand;
    errand.current = undefined;
    this.#errands.delete(id);
    // Nothing else would end an INVITE that rings: only its CANCEL sets it a time (§9.1).
    return current?.machine.waiting === 'final' ? this.#cancelTry(current, errand.cancel ?? [], now) : [];
  }

  sendFailed(request: SipRequest, why: string, now: Instant): readonly TransactionEffect[] {
    const key = clientKey(request);
    const at = key === undefined ? undefined : this.#tries.get(key);
    return at === undefined ? [] : this.#step(at, { type: 'transport-failed' }, now, undefined, why);
  }

  wake(now: Instant): readonly TransactionEffect[] {
    const effects: TransactionEffect[] = [];
    for (let at = this.#deadlines.take(now); at !== undefined; at = this.#deadlines.take(now)) {
      effects.push(...this.#carry(at, at.machine.wake(now), now));
      if (at.patience !== undefined && at.patience <= now) {
        at.patience = undefined;
        effects.push(...this.#step(at, { type: 'give-up' }, now), ...this.#moveOn(at, 'timeout', '', now));
      }
    }
    return effects;
  }

  /** Tries the target whose turn it is; undefined when there is none left. */
  #attempt(errand: Errand, branch: string | undefined, now: Instant): readonly TransactionEffect[] | undefined {
    const { sending } = errand;
    const to = sending.targets[errand.index];
    if (to === undefined) return undefined;
    const at = this.#begin(this.#withVia(sending.request, to, branch ?? this.#newBranch()), to, errand);
    errand.current = at;
    if (sending.patience !== undefined) at.patience = after(now, sending.patience);
    return this.#step(at, { type: 'start' }, now);
  }

  #begin(request: SipRequest, to: Flow | Target, errand: Errand | undefined): Try {
    const setup = { request, reliable: isReliable(to.transport), timing: this.#setup.timing };
    const machine = request.method === 'INVITE' ? new ClientInvite(setup) : new ClientRequest(setup);
    const key = clientKey(request) ?? '';
    const at: Try = { key, request, to, machine, errand, patience: undefined, heard: 0, cancelled: false };
    this.#tries.set(key, at);
    return at;
  }

  #step(at: Try, event: ClientEvent, now: Instant, flow?: Flow, why = ''): readonly TransactionEffect[] {
    return this.#carry(at, at.machine.feed(event, now), now, flow, why);
  }

  #carry(at: Try, steps: readonly ClientEffect[], now: Instant, flow?: Flow, why = ''): readonly TransactionEffect[] {
    if (at.machine.waiting !== 'response') at.patience = undefined;
    const effects: TransactionEffect[] = [];
    let over = false;
    for (const step of steps) {
      switch (step.type) {
        case 'send':
          effects.push({ type: 'transmit', message: step.message, to: at.to });
          break;
        case 'pass':
          if (flow !== undefined) effects.push(...this.#hear(at, step.response, flow, now));
          break;
        case 'timeout':
        case 'failed':
          effects.push(...this.#moveOn(at, step.type, why, now));
          break;
        case 'end':
          over = true;
          break;
      }
    }
    if (over) effects.push(...this.#forget(at));
    else this.#schedule(at);
    return effects;
  }

  #hear(at: Try, response: SipResponse, flow: Flow, now: Instant): readonly TransactionEffect[] {
    const { errand } = at;
    if (errand === undefined) return [];
    if (errand.current !== at) return this.#hearForgotten(at, response, flow, now);
    // RFC 3263 §4.3: a 503 counts as a failure of this target when there is another.
    const another = errand.index + 1 < errand.sending.targets.length && errand.cancel === undefined;
    if (response.status === 503 && another && at.heard <= 100) return this.#moveOn(at, 'failed', '503', now);
    at.heard = Math.max(at.heard, response.status);
    const passed: TransactionEffect = { type: 'response', transaction: errand.sending.id, response, flow };
    const cancelNow = response.status < 200 && errand.cancel !== undefined && at.machine.waiting === 'final';
    return cancelNow ? [passed, ...this.#cancelTry(at, errand.cancel ?? [], now)] : [passed];
  }

  /** A target that was passed over speaks after all: it is told to stop, so that nothing rings without a caller. */
  #hearForgotten(at: Try, response: SipResponse, flow: Flow, now: Instant): readonly TransactionEffect[] {
    if (at.request.method !== 'INVITE') return [];
    if (response.status < 200) return this.#cancelTry(at, [], now);
    return response.status < 300 ? [{ type: 'orphan', request: at.request, response, flow }] : [];
  }

  #cancelTry(at: Try, headers: HeaderPairs, now: Instant): readonly TransactionEffect[] {
    if (at.request.method !== 'INVITE' || at.cancelled) return [];
    at.cancelled = true;
    const cancel = cancelOf(at.request, headers);
    const waited = this.#step(at, { type: 'cancelled' }, now);
    return [...waited, ...this.#step(this.#begin(cancel, at.to, undefined), { type: 'start' }, now)];
  }

  /** This target has failed: the next one's turn, or the end of the errand. */
  #moveOn(at: Try, how: 'timeout' | 'failed', why: string, now: Instant): readonly TransactionEffect[] {
    const { errand } = at;
    if (errand === undefined || errand.current !== at) return [];
    errand.index++;
    const mayTryNext = errand.cancel === undefined && at.heard <= 100;
    const attempted = mayTryNext ? this.#attempt(errand, undefined, now) : undefined;
    return attempted ?? this.#abandon(errand, how, why);
  }

  #abandon(errand: Errand, how: 'timeout' | 'failed', why: string): readonly TransactionEffect[] {
    errand.current = undefined;
    const { id } = errand.sending;
    this.#errands.delete(id);
    const said: TransactionEffect =
      how === 'timeout' ? { type: 'timeout', transaction: id } : { type: 'failed', transaction: id, why };
    return [said, { type: 'ended', transaction: id }];
  }

  #forget(at: Try): readonly TransactionEffect[] {
    this.#deadlines.set(at, undefined);
    this.#tries.delete(at.key);
    const { errand } = at;
    if (errand === undefined || errand.current !== at) return [];
    errand.current = undefined;
    this.#errands.delete(errand.sending.id);
    return [{ type: 'ended', transaction: errand.sending.id }];
  }

  #schedule(at: Try): void {
    this.#deadlines.set(at, earlier(at.machine.deadline, at.patience));
  }

  #newBranch(): string {
    return MAGIC_COOKIE + token(this.#setup.random, 12);
  }

  #withVia(request: SipRequest, to: Flow | Target, branch: string): SipRequest {
    const { host, port } = this.#setup.sentBy(to);
    const params = [
      { name: 'rport', value: undefined },
      { name: 'branch', value: branch },
    ];
    const via = printVia({ transport: to.transport.toUpperCase(), host, port, params });
    return { ...request, headers: request.headers.clone().prepend('Via', via) };
  }
}
