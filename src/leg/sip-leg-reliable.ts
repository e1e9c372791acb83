import { type Instant, type Millis, ms, seconds } from '../kernel/time.ts';
import { parseRAck } from '../sip/dialog/reliable.ts';
import { cseqOf } from '../sip/message/fields.ts';
import type { HeaderPairs, SipRequest, SipResponse } from '../sip/message/message.ts';
import { RFC3261_TIMING } from '../sip/transaction/words.ts';
import { type LegKit, SDP } from './sip-leg-kit.ts';

/** A provisional response to our caller's INVITE. */
export interface Provisional {
  readonly status: number;
  readonly headers: HeaderPairs;
  /** A session description. */
  readonly body: Uint8Array | undefined;
}

/** A provisional that is not reliable is said again each minute: it may have been lost, and proxies give up (RFC 3261 §13.3.1.1). */
const REPEAT = seconds(60);

/** More provisional responses than this don't wait for one another: the rest is not said. */
const MAX_WAITING = 8;

/**
 * The provisional responses of one INVITE that we answer, and among them the reliable ones of RFC 3262 §3: numbered, one at a
 * time, sent again with doubling waits until the PRACK comes. Its timers are the leg's `reliable`, `reliable-limit` and `provisional`.
 */
export class Provisionals {
  readonly #kit: LegKit;
  readonly #transaction: string;
  readonly #invite: SipRequest;
  readonly #toTag: string;
  #rseq: number;
  #outstanding: { readonly response: SipResponse; readonly body: Uint8Array | undefined; resend: Millis } | undefined;
  #waiting: Provisional[] = [];
  /** The last one that was not reliable. */
  #said: SipResponse | undefined;

  constructor(kit: LegKit, transaction: string, invite: SipRequest, toTag: string) {
    this.#kit = kit;
    this.#transaction = transaction;
    this.#invite = invite;
    this.#toTag = toTag;
    const [a = 0, b = 0, c = 0] = kit.setup.random.bytes(3);
    this.#rseq = 1 + a * 65536 + b * 256 + c;
  }

  /** A description is on its way under a PRACK: the 2xx waits for it. */
  get describing(): boolean {
    return this.#outstanding?.body !== undefined;
  }

  /** A description that waits behind another provisional and has not been sent. */
  get unsent(): Uint8Array | undefined {
    return this.#waiting.find(({ body }) => body !== undefined)?.body;
  }

  send(provisional: Provisional, now: Instant): void {
    this.#said = this.#respond(provisional, []);
    this.#kit.timers.start('provisional', now, REPEAT);
  }

  /** A minute is over. */
  repeat(now: Instant): void {
    if (this.#said === undefined) return;
    this.#kit.again(this.#transaction, this.#said);
    this.#kit.timers.start('provisional', now, REPEAT);
  }

  sendReliably(provisional: Provisional, now: Instant): void {
    if (this.#outstanding !== undefined) {
      if (this.#waiting.length < MAX_WAITING) this.#waiting.push(provisional);
      return;
    }
    const response = this.#respond(provisional, [
      ['Require', '100rel'],
      ['RSeq', String(this.#rseq)],
    ]);
    this.#kit.timers.stop('provisional');
    this.#outstanding = { response, body: provisional.body, resend: RFC3261_TIMING.t1 };
    this.#kit.timers.start('reliable', now, RFC3261_TIMING.t1);
    this.#kit.timers.start('reliable-limit', now, ms(64 * RFC3261_TIMING.t1));
  }

  #respond({ status, headers, body }: Provisional, rseq: HeaderPairs): SipResponse {
    const { contact, abilities } = this.#kit;
    const all = [...contact, ...abilities, ...headers, ...rseq, ...(body === undefined ? [] : [SDP])];
    const parts = { toTag: this.#toTag, headers: all, ...(body === undefined ? {} : { body }) };
    return this.#kit.respond(this.#transaction, this.#invite, status, parts);
  }

  /** The PRACK has not come yet. */
  resend(now: Instant): void {
    const outstanding = this.#outstanding;
    if (outstanding === undefined) return;
    this.#kit.again(this.#transaction, outstanding.response);
    outstanding.resend = ms(2 * outstanding.resend);
    this.#kit.timers.start('reliable', now, outstanding.resend);
  }

  /** True when this PRACK acknowledges what is outstanding, also after the final response. */
  acknowledged(prack: SipRequest): boolean {
    const rack = parseRAck(prack.headers.get('RAck') ?? '');
    const mine = rack?.rseq === this.#rseq && rack.cseq === cseqOf(this.#invite)?.number && rack.method === 'INVITE';
    if (this.#outstanding === undefined || !mine) return false;
    this.#stopTimers();
    this.#outstanding = undefined;
    this.#rseq++;
    return true;
  }

  /** The next one that waits. */
  next(now: Instant): void {
    const next = this.#waiting.shift();
    if (next !== undefined) this.sendReliably(next, now);
  }

  /** The INVITE has its final response: nothing is sent again, while a PRACK may still come. */
  stop(): void {
    this.#stopTimers();
    this.#kit.timers.stop('provisional');
    this.#waiting = [];
  }

  #stopTimers(): void {
    this.#kit.timers.stop('reliable');
    this.#kit.timers.stop('reliable-limit');
  }
}
