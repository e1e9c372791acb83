/**
 * Where SIP meets the world: octets from the transport become transactions, and transactions find their leg. Which leg
 * belongs to a request is told by its dialog (Call-ID and our tag); which to a response, by its transaction.
 */

import { ourRelease } from '../call/call.ts';
import { CAUSE } from '../call/cause.ts';
import type { Log } from '../kernel/log.ts';
import { impossible } from '../kernel/machine.ts';
import type { Result } from '../kernel/result.ts';
import type { Instant, Millis } from '../kernel/time.ts';
import { reasons } from '../leg/sip-leg-release.ts';
import type { SipIn, SipOut } from '../leg/sip-leg-words.ts';
import { acknowledgement, dialogOfResponse, nextRequest } from '../sip/dialog/dialog.ts';
import { checkRequest, checkResponse } from '../sip/message/check.ts';
import { callIdOf, cseqOf, toOf, topVia } from '../sip/message/fields.ts';
import { type Flow, isReliable, type Target } from '../sip/message/flow.ts';
import {
  type ResponseParts,
  responseTo,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../sip/message/message.ts';
import { tagOf } from '../sip/message/name-addr.ts';
import { type ParseProblem, parseMessage, printMessage } from '../sip/message/parse.ts';
import { isAddress, parseVia, printVia, viaReceived } from '../sip/message/via.ts';
import type { TransactionLayer } from '../sip/transaction/layer.ts';
import type { TransactionEffect } from '../sip/transaction/words.ts';
import type { LongRequests } from './long-requests.ts';
import type { Reactor, Wakeable } from './reactor.ts';

/** Someone whose transactions and dialogs run through here: a leg, a probe. */
export interface SipUser {
  hear(wire: SipIn): void;
  /** Requests inside its dialogs take this flow first: the phone's own connection, or the hole in its NAT. */
  readonly flow: Flow | undefined;
  /** How long a place may leave a request that begins something without any answer, before the next one is tried. */
  readonly patience?: Millis;
}

export interface SipEdgeParts {
  readonly layer: TransactionLayer;
  readonly reactor: Reactor;
  readonly log: Log;
  readonly send: (octets: Uint8Array, to: Flow | Target) => Promise<Result<unknown>>;
  /** RFC 3263: where a URI's requests are to be sent, best first. */
  readonly resolve: (uri: string) => Promise<Result<readonly Target[]>>;
  /** What becomes of requests that are too long for a datagram; they stay one where it is left out. */
  readonly long?: Pick<LongRequests, 'overTcp' | 'unreachable'>;
  /** A request outside any dialog that we know. */
  readonly onRequest: (transaction: string, request: SipRequest, flow: Flow, merged: boolean) => void;
  /** Whether a message is to be read at all. */
  readonly admits: (octets: Uint8Array, flow: Flow) => boolean;
  readonly onMessage: (direction: 'in' | 'out', message: SipMessage, remote: string) => void;
}

/** More answers that nobody waited for are not ended at once: who sends them gives up without an ACK. */
const MOST_ORPHANS = 200;

export class SipEdge implements Wakeable {
  readonly #parts: SipEdgeParts;
  /** By transaction: who sent the request, or who answers it. */
  readonly #transactions = new Map<string, SipUser>();
  readonly #dialogs = new Map<string, SipUser>();
  /** Requests whose place is still being looked up: they may be cancelled before they are sent. */
  readonly #unsent = new Map<string, SipUser>();
  /** Transactions of the BYEs to those whose answer nobody waited for. */
  readonly #orphans = new Set<string>();
  #malformed = 0;

  constructor(parts: SipEdgeParts) {
    this.#parts = parts;
  }

  get deadline(): Instant | undefined {
    return this.#parts.layer.deadline;
  }

  /** Messages that could not be read, since the start. */
  get malformed(): number {
    return this.#malformed;
  }

  get load(): { readonly clients: number; readonly servers: number; readonly dialogs: number } {
    return { ...this.#parts.layer.load, dialogs: this.#dialogs.size };
  }

  wake(now: Instant): void {
    this.#follow(this.#parts.layer.wake(now));
  }

  /** Octets from the transport: one datagram, or one message cut from a stream. */
  receive(octets: Uint8Array, flow: Flow): void {
    if (!this.#parts.admits(octets, flow)) return;
    const parsed = parseMessage(octets);
    if (!parsed.ok) return this.#unreadable(parsed.error, flow);
    const message = parsed.value;
    this.#parts.onMessage('in', message, remoteOf(flow));
    if (message.type === 'response') {
      if (checkResponse(message)) this.#layer((layer, now) => layer.receive(message, flow, now));
      return;
    }
    const refusal = checkRequest(message);
    if (refusal === undefined) this.#layer((layer, now) => layer.receive(message, flow, now));
    else this.refuse(message, flow, refusal.status, refusal);
  }

  /** A stream whose framing is lost: what there is of the message may still be answered. */
  broken(octets: Uint8Array, status: 400 | 513, flow: Flow): void {
    if (!this.#parts.admits(octets, flow)) return;
    const parsed = parseMessage(octets);
    const message = parsed.ok ? parsed.value : parsed.error.request;
    this.#malformed++;
    if (message?.type === 'request') this.refuse(message, flow, status);
  }

  /** Answers a request without a transaction: it isn't fit for one. An ACK is never answered. */
  refuse(request: SipRequest, flow: Flow, status: number, parts: ResponseParts = {}): void {
    const top = request.headers.get('Via');
    if (request.method === 'ACK' || top === undefined) return;
    const headers = request.headers.clone();
    const via = parseVia(top);
    // One that can't be read is repeated as it came (§8.2.6.2): its sender may know it again, and is where the request came from.
    if (via.ok) headers.replaceFirst('Via', printVia(viaReceived(via.value, flow.remote)));
    const response = responseTo({ ...request, headers }, status, { toTag: 'refused', ...parts });
    this.#transmit(response, flow);
  }

  /** Refuses an INVITE from before a crash, as often as it takes: its sender has heard provisional responses and sends it no more. */
  refuseStored(invite: SipRequest, flow: Flow, status: number, parts: ResponseParts): void {
    if (checkRequest(invite) !== undefined) return;
    const heard = this.#parts.layer.receive(invite, flow, this.#parts.reactor.clock.now());
    for (const effect of heard) if (effect.type === 'request') this.respond(effect.transaction, invite, status, parts);
  }

  /** From now on requests of this dialog are the user's. */
  join(callId: string, localTag: string, user: SipUser): void {
    this.#dialogs.set(dialogKey(callId, localTag), user);
  }

  leave(callId: string, localTag: string): void {
    this.#dialogs.delete(dialogKey(callId, localTag));
  }

  /** Nobody waits for this transaction's answers any more; a late 2xx is acknowledged and ended here. */
  abandon(transaction: string): void {
    this.#transactions.delete(transaction);
    this.#unsent.delete(transaction);
    this.#layer((layer, now) => layer.abandon(transaction, now));
  }

  /** The user takes the request of this transaction: its CANCEL and its end are told to him. */
  take(transaction: string, user: SipUser): void {
    this.#transactions.set(transaction, user);
  }

  respond(
    transaction: string,
    request: SipRequest,
    status: number,
    parts: ResponseParts = {},
    by: 'uas' | 'refuser' = 'uas',
  ): void {
    const response = responseTo(request, status, parts);
    this.#layer((layer, now) => layer.respond(transaction, response, now, by));
  }

  /** Sends a response that somebody else has made. */
  answer(transaction: string, response: SipResponse): void {
    this.#layer((layer, now) => layer.respond(transaction, response, now));
  }

  /** What a leg says to its wire. */
  say(out: SipOut, user: SipUser): void {
    switch (out.type) {
      case 'respond':
        return this.#layer((layer, now) => layer.respond(out.transaction, out.response, now));
      case 'cancel':
        if (this.#unsent.has(out.transaction)) return this.#notSent(out.transaction, 'cancelled before it was sent');
        return this.#layer((layer, now) => layer.cancel(out.transaction, out.headers, now));
      case 'request':
        return this.#request(out, user);
      case 'ack':
        return this.#towards(out.nextHop, user, ([first]) => {
          if (first !== undefined) this.#layer((layer) => layer.sendAlone(out.request, first));
        });
      default:
        return impossible(out);
    }
  }

  #request(out: Extract<SipOut, { type: 'request' }>, user: SipUser): void {
    const { transaction: id, request, nextHop } = out;
    this.#unsent.set(id, user);
    this.#towards(nextHop, user, (found) => {
      if (!this.#unsent.has(id)) return;
      if (found.length === 0) return this.#notSent(id, `no address for ${nextHop}`);
      this.#unsent.delete(id);
      this.#transactions.set(id, this.#orResolved(out, user));
      const targets = this.#parts.long?.overTcp(request, found) ?? found;
      this.#layer((layer, now) => layer.send({ id, request, targets, ...patienceFor(request, user) }, now));
    });
  }

  #notSent(transaction: string, why: string): void {
    const user = this.#unsent.get(transaction);
    this.#unsent.delete(transaction);
    user?.hear({ type: 'failed', transaction, why });
  }

  /** A connection may be gone while the peer is not: then the request goes where its URI says (RFC 3261 §18.1.1, §12.2.1.1). */
  #orResolved(out: Extract<SipOut, { type: 'request' }>, user: SipUser): SipUser {
    const { flow } = user;
    if (flow === undefined || !isReliable(flow.transport)) return user;
    return {
      ...user,
      hear: (wire) => {
        if (wire.type !== 'failed') return user.hear(wire);
        this.#parts.reactor.run(() => this.say(out, { ...user, flow: undefined }));
      },
    };
  }

  #towards(nextHop: string, { flow }: SipUser, send: (targets: readonly (Flow | Target)[]) => void): void {
    if (flow !== undefined) return send([flow]);
    this.#parts.resolve(nextHop).then(
      (found) => this.#parts.reactor.run(() => send(found.ok ? found.value : [])),
      () => this.#parts.reactor.run(() => send([])),
    );
  }

  #layer(step: (layer: TransactionLayer, now: Instant) => readonly TransactionEffect[]): void {
    this.#follow(step(this.#parts.layer, this.#parts.reactor.clock.now()));
    this.#parts.reactor.watch(this);
  }

  #follow(effects: readonly TransactionEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'transmit':
          this.#transmit(effect.message, effect.to);
          break;
        case 'request':
          this.#requested(effect);
          break;
        case 'ack':
          this.#dialogOf(effect.request)?.hear({ type: 'ack', request: effect.request });
          break;
        case 'cancelled':
          this.#transactions.get(effect.transaction)?.hear(effect);
          break;
        case 'response':
          this.#transactions.get(effect.transaction)?.hear(effect);
          break;
        case 'timeout':
        case 'failed':
          this.#transactions.get(effect.transaction)?.hear(effect);
          break;
        case 'orphan':
          this.#endOrphan(effect);
          break;
        case 'ended':
          this.#transactions.delete(effect.transaction);
          this.#orphans.delete(effect.transaction);
          break;
        default:
          impossible(effect);
      }
    }
  }

  /** An answer that nobody waits for any more made a dialog all the same: it is acknowledged and ended. */
  #endOrphan({ request, response, flow }: Extract<TransactionEffect, { type: 'orphan' }>): void {
    this.#parts.log.info({ from: remoteOf(flow) }, 'sip.orphan-answer');
    const dialog = dialogOfResponse(request, response);
    if (!dialog.ok) return;
    const { callId, remoteTag, localCSeq } = dialog.value;
    const id = `orphan ${callId} ${remoteTag}`;
    const known = this.#orphans.has(id);
    if (!known && this.#orphans.size >= MOST_ORPHANS) return;
    const ack = acknowledgement(dialog.value, cseqOf(request)?.number ?? localCSeq, []);
    this.#layer((layer) => layer.sendAlone(ack.request, flow));
    // The answer is said again until its ACK arrives; one BYE is enough.
    if (known) return;
    this.#orphans.add(id);
    const bye = nextRequest(dialog.value, 'BYE', reasons(ourRelease(CAUSE.normalClearing)));
    this.#layer((layer, now) => layer.send({ id, request: bye.request, targets: [flow] }, now));
  }

  #requested({ transaction, request, flow, merged }: Extract<TransactionEffect, { type: 'request' }>): void {
    const user = this.#dialogOf(request);
    if (user === undefined) return this.#parts.onRequest(transaction, request, flow, merged);
    this.#transactions.set(transaction, user);
    user.hear({ type: 'request', transaction, request });
  }

  /** By our tag in the To: of a request that we hear, or a response that we send. */
  #dialogOf(message: SipMessage): SipUser | undefined {
    const callId = callIdOf(message);
    const to = toOf(message);
    const tag = to === undefined ? undefined : tagOf(to);
    return callId === undefined || tag === undefined ? undefined : this.#dialogs.get(dialogKey(callId, tag));
  }

  #transmit(message: SipMessage, to: Flow | Target): void {
    const { reactor, send, onMessage } = this.#parts;
    onMessage('out', message, remoteOf(to));
    const lost = (why: string) => reactor.run(() => this.#layer((layer, now) => layer.sendFailed(message, why, now)));
    const otherwise = this.#wayBack(message, to);
    send(printMessage(message), to)
      .then((sent) => (sent.ok || otherwise === undefined ? sent : send(printMessage(message), otherwise)))
      .then(
        (sent) => {
          if (sent.ok) return;
          this.#parts.long?.unreachable(to);
          lost(sent.error);
        },
        (error: unknown) => lost(String(error)),
      );
  }

  /**
   * Where a response goes whose connection has closed: to the port that the request's sender listens at (RFC 3261 §18.2.2). A carrier may
   * close one that is idle while a telephone rings. Only for calls: we connect to nobody whom we don't know.
   */
  #wayBack(message: SipMessage, to: Flow | Target): Target | undefined {
    if (message.type !== 'response' || !('remote' in to) || !isReliable(to.transport)) return undefined;
    const via = topVia(message);
    if (via === undefined || this.#dialogOf(message) === undefined) return undefined;
    const { transport, remote } = to;
    const port = via.port ?? (transport === 'tls' ? 5061 : 5060);
    return { transport, address: remote.address, port, ...(isAddress(via.host) ? {} : { host: via.host }) };
  }

  #unreadable(problem: ParseProblem, flow: Flow): void {
    this.#malformed++;
    this.#parts.log.debug({ from: remoteOf(flow), why: problem.reason }, 'sip.unreadable');
    if (problem.request !== undefined) this.refuse(problem.request, flow, problem.status, { reason: problem.reason });
  }
}

/** Inside a dialog the other side is there, and a request has the time that RFC 3261 gives it. */
function patienceFor(request: SipRequest, { patience }: SipUser): { readonly patience?: Millis } {
  const to = toOf(request);
  const begins = to === undefined || tagOf(to) === undefined;
  return begins && patience !== undefined ? { patience } : {};
}

const dialogKey = (callId: string, tag: string): string => `${callId}\n${tag}`;

function remoteOf(place: Flow | Target): string {
  const { address, port } = 'remote' in place ? place.remote : place;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
