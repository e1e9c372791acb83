import type { LegEffect } from '../call/leg.ts';
import type { LegMediaCommand, RtpTarget } from '../call/media.ts';
import type { Release, Signal } from '../call/signal.ts';
import { after, type Instant, seconds } from '../kernel/time.ts';
import { Timers } from '../kernel/timers.ts';
import type { DialogRequest } from '../sip/dialog/dialog.ts';
import { hopOf } from '../sip/dialog/dialog.ts';
import { printCSeq } from '../sip/message/cseq.ts';
import { cseqOf } from '../sip/message/fields.ts';
import {
  type HeaderPairs,
  type ResponseParts,
  responseTo,
  type SipRequest,
  type SipResponse,
} from '../sip/message/message.ts';
import { G711 } from '../sip/sdp/negotiate.ts';
import { type Endpoint, OfferAnswer } from './sip-leg-offer-answer.ts';
import type { SipLegSetup, SipOut } from './sip-leg-words.ts';

/** What we do in a dialog or beside it. */
export const METHODS = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'PRACK', 'UPDATE', 'INFO', 'OPTIONS', 'REFER'] as const;

/** Option tags that may be required of a call: RFC 3262, 4028, 3891, 4488. */
export const EXTENSIONS = ['100rel', 'timer', 'replaces', 'norefersub'] as const;

/** Media types that we read; in a body of several parts, one of them. */
export const CONTENT_TYPES = [
  'application/sdp',
  'multipart/mixed',
  'application/dtmf-relay',
  'application/dtmf',
] as const;

export const SDP: readonly [string, string] = ['Content-Type', 'application/sdp'];

/** Longer than the media plane waits until it says again that nobody is heard. */
const QUIET = seconds(8);

export type LegTimer =
  | 'reliable'
  | 'reliable-limit'
  | 'provisional'
  | 'invitation'
  | 'change'
  | 'refresh'
  | 'expire'
  | 'glare';

/** The parts that both roles of a leg share: its effects, its timers, the names of its transactions, its endpoint, its one end. */
export class LegKit {
  readonly setup: SipLegSetup;
  readonly timers = new Timers<LegTimer>();
  #effects: LegEffect<SipOut>[] = [];
  #transactions = 0;
  #media: 'none' | 'opening' | 'open' | 'closed' = 'none';
  #aimed: RtpTarget | undefined;
  /** When the media plane last said that nobody is heard. */
  #quietAt: Instant | undefined;
  #endpoint: Endpoint | undefined;
  #released = false;
  #gone = false;
  /** The INVITE whose 2xx from us waits for its ACK. */
  ackDue: { readonly transaction: string; readonly cseq: number | undefined } | undefined;

  constructor(setup: SipLegSetup) {
    this.setup = setup;
  }

  /** The effects so far, handed over once. */
  take(): readonly LegEffect<SipOut>[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** A new session of ours, with a number for its `o=` line (RFC 8866 §5.2: below 2^63). */
  newSession(): OfferAnswer {
    const { random, side } = this.setup;
    const number = random.bytes(6).reduce((sum, octet) => sum * 256 + octet, 0);
    const { codecs, packetTime } = side;
    return new OfferAnswer({ ...G711, codecs, packetTime }, String(number + 1));
  }

  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  /** The call is over for its other side: nothing more is said. */
  get released(): boolean {
    return this.#released;
  }

  get gone(): boolean {
    return this.#gone;
  }

  say(signal: Signal, branch?: string): void {
    if (this.#released) return;
    this.#effects.push(branch === undefined ? { type: 'say', signal } : { type: 'say', signal, branch });
  }

  #command(command: LegMediaCommand): void {
    this.#effects.push({ type: 'media', command });
  }

  openMedia(): void {
    if (this.#media !== 'none') return;
    this.#media = 'opening';
    this.#command({ type: 'open-rtp' });
  }

  mediaReady(endpoint: Endpoint): void {
    if (this.#media !== 'opening') return;
    this.#media = 'open';
    this.#endpoint = endpoint;
  }

  /** Nothing has been heard for some seconds; told again as long as it lasts. */
  mediaQuiet(now: Instant): void {
    this.#quietAt = now;
  }

  /** Whether the far party's voice comes in, as it is meant to. */
  isHeard(now: Instant): boolean {
    const quiet = this.#quietAt !== undefined && now <= after(this.#quietAt, QUIET);
    return this.#media === 'open' && this.#aimed?.direction === 'sendrecv' && !quiet;
  }

  /** Sends our audio where offer and answer say, if that is new. */
  aim(target: RtpTarget | undefined): void {
    if (target === undefined || this.#media !== 'open' || sameTarget(this.#aimed, target)) return;
    this.#aimed = target;
    this.#command({ type: 'aim', target });
  }

  sendDigit(digit: string, duration: number): void {
    if (this.#media === 'open') this.#command({ type: 'send-digit', digit, duration });
  }

  /** Our side's share of the ending, whoever began it: the call hears a release of ours at most once. */
  release(release: Release | undefined): void {
    if (release !== undefined) this.say(release);
    this.#released = true;
    this.timers.stopAll();
    if (this.#media === 'opening' || this.#media === 'open') this.#command({ type: 'close' });
    this.#media = 'closed';
  }

  /** The wire has no more to say about this leg. */
  finish(): void {
    if (this.#gone) return;
    this.release(undefined);
    this.#gone = true;
    this.#effects.push({ type: 'gone' });
  }

  respond(transaction: string, to: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
    const headers: HeaderPairs = [...(parts.headers ?? []), ['Server', this.setup.side.userAgent]];
    const response = responseTo(to, status, { ...parts, headers });
    if (to.method === 'INVITE' && status >= 200 && status < 300) {
      this.ackDue = { transaction, cseq: cseqOf(to)?.number };
    }
    this.again(transaction, response);
    return response;
  }

  again(transaction: string, response: SipResponse): void {
    this.#effects.push({ type: 'wire', message: { type: 'respond', transaction, response } });
  }

  /** Sends a request, with credentials once the peer has asked for them; the answer names its transaction. */
  request(made: SipRequest, nextHop: string): { readonly transaction: string; readonly request: SipRequest } {
    const transaction = `${this.setup.id}-${++this.#transactions}`;
    const request = this.#withCredentials(made);
    this.#effects.push({ type: 'wire', message: { type: 'request', transaction, request, nextHop } });
    return { transaction, request };
  }

  #withCredentials(request: SipRequest): SipRequest {
    const { digest } = this.setup;
    if (digest === undefined) return request;
    const headers = request.headers.clone();
    for (const name of ['Authorization', 'Proxy-Authorization'] as const) {
      for (const value of digest.authorize(request, name)) headers.add(name, value);
    }
    return { ...request, headers };
  }

  acknowledge(ack: DialogRequest): void {
    this.#effects.push({ type: 'wire', message: { type: 'ack', request: ack.request, nextHop: ack.nextHop } });
  }

  cancel(transaction: string, headers: HeaderPairs): void {
    this.#effects.push({ type: 'wire', message: { type: 'cancel', transaction, headers } });
  }

  /**
   * The same request again with credentials, when a 401 or 407 asks for them and we have any (RFC 3261 §22.2): a new
   * transaction with `cseq`. Undefined when there is nothing new to try.
   */
  authorized(sent: SipRequest, challenge: SipResponse, cseq: number): DialogRequestParts | undefined {
    const { digest } = this.setup;
    if (digest === undefined || (challenge.status !== 401 && challenge.status !== 407)) return undefined;
    const more =
      challenge.status === 407
        ? digest.hear(challenge.headers.all('Proxy-Authenticate'), 'Proxy-Authorization')
        : digest.hear(challenge.headers.all('WWW-Authenticate'), 'Authorization');
    if (!more) return undefined;
    // Those of the other kind are made again too: their nonces count each use (RFC 7616 §3.4).
    const headers = sent.headers.clone().delete('Authorization').delete('Proxy-Authorization');
    headers.set('CSeq', printCSeq({ number: cseq, method: sent.method }));
    return { request: { ...sent, headers }, nextHop: hopOf(sent.uri, headers.all('Route')) };
  }

  /** The headers of requests and 2xx that refresh the dialog's target. */
  get contact(): HeaderPairs {
    return [['Contact', `<${this.setup.side.contact}>`]];
  }

  /** What we can do, for INVITE, UPDATE, their 2xx and OPTIONS. */
  get abilities(): HeaderPairs {
    const tags = EXTENSIONS.filter((tag) => tag !== '100rel' || this.setup.side.reliable !== 'off');
    return [
      ['Allow', METHODS.join(', ')],
      ['Supported', tags.join(', ')],
    ];
  }

  get userAgent(): HeaderPairs {
    return [['User-Agent', this.setup.side.userAgent]];
  }
}

interface DialogRequestParts {
  readonly request: SipRequest;
  readonly nextHop: string;
}

const sameTarget = (a: RtpTarget | undefined, b: RtpTarget): boolean =>
  a !== undefined &&
  a.address === b.address &&
  a.port === b.port &&
  a.rtcpPort === b.rtcpPort &&
  a.codec === b.codec &&
  a.payloadType === b.payloadType &&
  a.telephoneEvent === b.telephoneEvent &&
  a.heardAs?.payloadType === b.heardAs?.payloadType &&
  a.heardAs?.telephoneEvent === b.heardAs?.telephoneEvent &&
  a.direction === b.direction &&
  a.packetTime === b.packetTime;

/** The ACK of a 2xx carries the credentials of its INVITE (RFC 3261 §22.1). */
export const credentialsOf = (request: SipRequest): HeaderPairs =>
  ['Authorization', 'Proxy-Authorization'].flatMap((name) =>
    request.headers.all(name).map((value): readonly [string, string] => [name, value]),
  );
