import { Deadlines } from '../../kernel/deadlines.ts';
import type { Random } from '../../kernel/random.ts';
import { earlier, type Instant } from '../../kernel/time.ts';
import type { Flow, Target } from '../message/flow.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/message.ts';
import { ClientTransactions } from './clients.ts';
import { ServerTransactions } from './servers.ts';
import { type Answerer, RFC3261_TIMING, type Sending, type Timing, type TransactionEffect } from './words.ts';

/** What a transaction layer is made with. */
export interface LayerSetup {
  readonly random: Random;
  /** The host and port that our Via shows to a target: where its response can reach us if the flow is gone. */
  readonly sentBy: (to: Flow | Target) => { readonly host: string; readonly port: number };
  /** How many requests may be worked on at once; more are answered with 503. */
  readonly maxServerTransactions: number;
  readonly timing?: Timing;
}

/**
 * All transactions of one SIP stack: RFC 3261 §17 with RFC 6026 (Accepted), RFC 4320 (non-INVITE), RFC 3581 (rport) and the
 * failover of RFC 3263 §4.3. It owns no socket and no clock: messages come in with the flow they were heard on and the time,
 * `transmit` effects go out to the transport, everything else to the user of the transaction. `wake` must be called at
 * `deadline`.
 */
export class TransactionLayer {
  readonly #clients: ClientTransactions;
  readonly #servers: ServerTransactions;

  constructor(setup: LayerSetup) {
    const timing = setup.timing ?? RFC3261_TIMING;
    const { random, sentBy, maxServerTransactions: limit } = setup;
    this.#clients = new ClientTransactions({ random, sentBy, timing }, new Deadlines());
    this.#servers = new ServerTransactions({ random, limit, timing }, new Deadlines());
  }

  get deadline(): Instant | undefined {
    return earlier(this.#clients.deadline, this.#servers.deadline);
  }

  /** How many transactions live, for the box's health. */
  get load(): { readonly clients: number; readonly servers: number } {
    return { clients: this.#clients.size, servers: this.#servers.size };
  }

  /** A message that the transport has heard and parsed. */
  receive(message: SipMessage, flow: Flow, now: Instant): readonly TransactionEffect[] {
    return message.type === 'request'
      ? this.#servers.receive(message, flow, now)
      : this.#clients.receive(message, flow, now);
  }

  /** Begins a client transaction for any method but ACK. */
  send(sending: Sending, now: Instant): readonly TransactionEffect[] {
    return this.#clients.send(sending, now);
  }

  /** Sends a request that has no transaction: the ACK of a 2xx, or what a proxy forwards without state. */
  sendAlone(request: SipRequest, to: Flow | Target): readonly TransactionEffect[] {
    return this.#clients.sendAlone(request, to);
  }

  /**
   * Cancels the INVITE sent as `transaction`: at once if a provisional response has come, else as soon as one comes (§9.1);
   * nothing is sent once it has its final response. `headers` go into the CANCEL.
   */
  cancel(
    transaction: string,
    headers: readonly (readonly [name: string, value: string])[],
    now: Instant,
  ): readonly TransactionEffect[] {
    return this.#clients.cancel(transaction, headers, now);
  }

  /**
   * The user of `transaction` has gone: nothing more is told about it. An INVITE that rings is cancelled, and a late 2xx to one comes
   * as an `orphan`.
   */
  abandon(transaction: string, now: Instant): readonly TransactionEffect[] {
    return this.#clients.abandon(transaction, now);
  }

  /** Answers a request. Unknown or finished transactions swallow it: the peer has its answer or has gone. */
  respond(
    transaction: string,
    response: SipResponse,
    now: Instant,
    by: Answerer = 'uas',
  ): readonly TransactionEffect[] {
    return this.#servers.respond(transaction, response, now, by);
  }

  /** The transport could not send this message. */
  sendFailed(message: SipMessage, why: string, now: Instant): readonly TransactionEffect[] {
    return message.type === 'request'
      ? this.#clients.sendFailed(message, why, now)
      : this.#servers.sendFailed(message, why, now);
  }

  wake(now: Instant): readonly TransactionEffect[] {
    return [...this.#servers.wake(now), ...this.#clients.wake(now)];
  }
}
