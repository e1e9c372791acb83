/** One call of the demonstration phone: its dialog, its offers and answers, and how it ended. */
import { cseqOf, recordRoutesOf } from '../../src/sip/message/fields.ts';
import { responseTo, type SipRequest, type SipResponse } from '../../src/sip/message/message.ts';
import { parseNameAddr, printNameAddr } from '../../src/sip/message/name-addr.ts';
import type { Direction, Sdp } from '../../src/sip/sdp/description.ts';
import { answer, G711, offer, readAnswer } from '../../src/sip/sdp/negotiate.ts';
import { parseSdp, printSdp } from '../../src/sip/sdp/parse.ts';
import type { CallSound, PhoneMedia } from './phone-media.ts';

/** How a call ended. */
export interface Ending {
  readonly by: 'phone' | 'far';
  /** Of the final response that refused it; undefined for a BYE, and when nobody answered. */
  readonly status: number | undefined;
  /** Of the Reason header with the protocol Q.850. */
  readonly cause: number | undefined;
}

/** What a call needs of its phone. */
export interface PhoneLine {
  readonly address: string;
  /** Our Contact value. */
  readonly contact: string;
  /** Sends a request with the header values of the dialog; authorises it when asked to. */
  send(request: DialogRequest, provisional?: (response: SipResponse) => void): Promise<SipResponse | undefined>;
  /** Cancels the INVITE of `send` that is under way. */
  cancel(callId: string): void;
  acknowledge(request: DialogRequest): void;
  respond(to: SipRequest, response: SipResponse): void;
  acknowledged(callId: string): void;
}

export interface DialogRequest {
  readonly method: string;
  readonly uri: string;
  readonly routes: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly sdp: Sdp | undefined;
}

const SDP: readonly [string, string] = ['Content-Type', 'application/sdp'];

export class PhoneCall<Sound extends CallSound = PhoneMedia> {
  readonly callId: string;
  readonly media: Sound;
  /** Every status heard for our INVITE, in order. */
  readonly statuses: number[] = [];
  /** What the far side has said of our REFER: status lines, in order. */
  readonly notified: string[] = [];
  /** True when both sides talk, false when it ended before. */
  readonly answered: Promise<boolean>;
  readonly ended: Promise<Ending>;
  /** The INVITE of a call that came in. */
  readonly invite: SipRequest | undefined;
  readonly #line: PhoneLine;
  readonly #session: string;
  readonly #words: DialogRequest['headers'];
  #from: string;
  #to: string;
  #uri: string;
  #routes: readonly string[] = [];
  #cseq = 0;
  #acked: DialogRequest | undefined;
  #ours: Sdp | undefined;
  #state: 'early' | 'talking' | 'ended' = 'early';
  #cancelled = false;
  readonly #proceeding: Promise<void>;
  #setProceeding: () => void = () => {};
  #setAnswered: (talking: boolean) => void = () => {};
  #setEnded: (ending: Ending) => void = () => {};

  /** `from` is our own side of the dialog, `to` the far one, both as header values; `headers` go with the INVITE. */
  constructor(
    line: PhoneLine,
    media: Sound,
    dialog: Pick<DialogRequest, 'callId' | 'from' | 'to' | 'uri' | 'headers'> & { readonly session: string },
    invite?: SipRequest,
  ) {
    this.#line = line;
    this.media = media;
    this.callId = dialog.callId;
    this.#from = dialog.from;
    this.#to = dialog.to;
    this.#uri = dialog.uri;
    this.#session = dialog.session;
    this.#words = dialog.headers;
    this.invite = invite;
    this.#proceeding = new Promise((resolve) => {
      this.#setProceeding = resolve;
    });
    this.answered = new Promise((resolve) => {
      this.#setAnswered = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#setEnded = resolve;
    });
  }

  get talking(): boolean {
    return this.#state === 'talking';
  }

  /** Calls; the promises `answered` and `ended` tell what comes of it. */
  async dial(): Promise<void> {
    const response = await this.#offer('sendrecv', (early) => this.#heardEarly(early));
    this.#setProceeding();
    const by = this.#cancelled ? 'phone' : 'far';
    if (response === undefined) await this.#end({ by, status: undefined, cause: undefined });
    else if (response.status >= 300) await this.#end({ by, status: response.status, cause: causeIn(response) });
  }

  /** Sends 180, or 183 with our SDP so that the caller hears us before the answer. */
  ring(early = false): void {
    if (this.invite === undefined) return;
    const body = early ? this.#answerTo(this.invite) : undefined;
    this.#reply(this.invite, early ? 183 : 180, body);
  }

  /** Answers a call that came in. */
  accept(): void {
    if (this.invite === undefined || this.#state !== 'early') return;
    const sdp = this.#answerTo(this.invite);
    if (sdp === undefined) {
      this.refuse(488);
      return;
    }
    this.#state = 'talking';
    this.#reply(this.invite, 200, sdp);
    this.#setAnswered(true);
  }

  refuse(status: number): void {
    if (this.invite === undefined || this.#state !== 'early') return;
    this.#reply(this.invite, status, undefined);
    void this.#end({ by: 'phone', status, cause: undefined });
  }

  /** Ends the call: CANCEL while it rings, BYE when it talks. */
  async hangUp(): Promise<void> {
    if (this.#state === 'ended') return;
    if (this.#state === 'early') {
      if (this.invite !== undefined) return this.refuse(480);
      // A CANCEL waits for a provisional response, RFC 3261 §9.1.
      await this.#proceeding;
      this.#cancelled = true;
      this.#line.cancel(this.callId);
      // The answer may have been on its way.
      if (!(await this.answered)) return;
    }
    await this.#line.send(this.#request('BYE', undefined));
    await this.#end({ by: 'phone', status: undefined, cause: undefined });
  }

  /** A new offer in the call: `sendonly` or `inactive` holds it, `sendrecv` resumes it. Answers the final status. */
  async reoffer(direction: Direction): Promise<number | undefined> {
    return (await this.#offer(direction, () => {}))?.status;
  }

  /** Asks the far side to call `target` instead of us (RFC 3515); answers the final status. How it goes is in `notified`. */
  async refer(target: string): Promise<number | undefined> {
    const refer = { ...this.#request('REFER', undefined), headers: [['Refer-To', `<${target}>`] as const] };
    return (await this.#line.send(refer))?.status;
  }

  /** This call as a Replaces header names it to the far side (RFC 3891 §3). */
  get name(): string {
    const tag = (party: string): string => /;tag=([^;]*)/.exec(party)?.[1] ?? '';
    return `${this.callId};to-tag=${tag(this.#to)};from-tag=${tag(this.#from)}`;
  }

  /** A request inside this call. */
  hear(request: SipRequest): void {
    switch (request.method) {
      case 'ACK':
        this.#line.acknowledged(this.callId);
        if (request.body.length > 0 && this.#ours !== undefined) this.#agree(this.#ours, request.body);
        return;
      case 'BYE':
        this.#reply(request, 200, undefined);
        void this.#end({ by: 'far', status: undefined, cause: causeIn(request) });
        return;
      case 'CANCEL':
        this.#reply(request, 200, undefined);
        if (this.invite !== undefined && this.#state === 'early') {
          this.#reply(this.invite, 487, undefined);
          void this.#end({ by: 'far', status: 487, cause: causeIn(request) });
        }
        return;
      case 'INVITE':
      case 'UPDATE': {
        const sdp = request.method === 'UPDATE' && request.body.length === 0 ? undefined : this.#answerTo(request);
        this.#reply(request, 200, sdp);
        return;
      }
      case 'OPTIONS':
      case 'INFO':
        this.#reply(request, 200, undefined);
        return;
      case 'NOTIFY':
        this.notified.push(new TextDecoder().decode(request.body).trim());
        this.#reply(request, 200, undefined);
        return;
      default:
        this.#reply(request, 501, undefined);
    }
  }

  /** The far side did not hear our ACK. */
  ackAgain(): void {
    if (this.#acked !== undefined) this.#line.acknowledge(this.#acked);
  }

  async #offer(direction: Direction, early: (response: SipResponse) => void): Promise<SipResponse | undefined> {
    const sdp = offer(G711, { ...this.#ownEnd(), direction });
    this.#ours = sdp;
    const response = await this.#line.send(this.#request('INVITE', sdp), early);
    if (response === undefined) return undefined;
    // Being challenged takes a CSeq too.
    this.#cseq = cseqOf(response)?.number ?? this.#cseq;
    this.statuses.push(response.status);
    if (response.status >= 300) return response;
    if (this.#state === 'early') this.#join(response);
    this.#acked = this.#request('ACK', undefined);
    this.#line.acknowledge(this.#acked);
    this.#agree(sdp, response.body);
    if (this.#state === 'early') {
      this.#state = 'talking';
      this.#setAnswered(true);
    }
    return response;
  }

  /** The dialog that a 2xx makes, RFC 3261 §12.1.2. */
  #join(response: SipResponse): void {
    this.#to = response.headers.get('To') ?? this.#to;
    const contact = parseNameAddr(response.headers.get('Contact') ?? '');
    if (contact.ok) this.#uri = contact.value.uri;
    this.#routes = (recordRoutesOf(response) ?? []).map(printNameAddr).reverse();
  }

  #heardEarly(response: SipResponse): void {
    this.#setProceeding();
    this.statuses.push(response.status);
    if (response.body.length > 0 && this.#ours !== undefined) this.#agree(this.#ours, response.body);
  }

  #agree(ours: Sdp, body: Uint8Array): void {
    const theirs = parseSdp(body);
    const agreed = theirs.ok ? readAnswer(ours, theirs.value) : theirs;
    if (agreed.ok) this.media.aim(agreed.value);
  }

  /** Our SDP for a request: the answer to its offer, or an offer when it has none. Undefined: nothing in common. */
  #answerTo(request: SipRequest): Sdp | undefined {
    if (this.#state === 'early' && this.invite === request) this.#accepted(request);
    if (request.body.length === 0) {
      this.#ours = offer(G711, this.#ownEnd());
      return this.#ours;
    }
    const theirs = parseSdp(request.body);
    if (!theirs.ok) return undefined;
    const answered = answer(theirs.value, G711, this.#ownEnd());
    if (answered.type === 'refused') return undefined;
    this.#ours = answered.answer;
    this.media.aim(answered.agreed);
    return answered.answer;
  }

  /** The dialog of a call that came in, RFC 3261 §12.1.1. */
  #accepted(invite: SipRequest): void {
    const contact = parseNameAddr(invite.headers.get('Contact') ?? '');
    if (contact.ok) this.#uri = contact.value.uri;
    this.#routes = (recordRoutesOf(invite) ?? []).map(printNameAddr);
  }

  #ownEnd(): { address: string; port: number; session: string; previous: Sdp | undefined } {
    return { address: this.#line.address, port: this.media.port, session: this.#session, previous: this.#ours };
  }

  #request(method: string, sdp: Sdp | undefined): DialogRequest {
    if (method !== 'ACK') this.#cseq++;
    return {
      method,
      uri: this.#uri,
      routes: this.#routes,
      from: this.#from,
      to: this.#to,
      callId: this.callId,
      cseq: this.#cseq,
      headers: method === 'INVITE' ? this.#words : [],
      sdp,
    };
  }

  #reply(to: SipRequest, status: number, sdp: Sdp | undefined): void {
    const tag = /;tag=(.*)$/.exec(this.#from)?.[1] ?? '';
    const headers: (readonly [string, string])[] = [['Contact', this.#line.contact]];
    if (sdp !== undefined) headers.push(SDP);
    const body = sdp === undefined ? {} : { body: printSdp(sdp) };
    this.#line.respond(to, responseTo(to, status, { toTag: tag, headers, ...body }));
  }

  async #end(ending: Ending): Promise<void> {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    await this.media.close();
    this.#setAnswered(false);
    this.#setEnded(ending);
  }
}

/** The Q.850 cause of a message's Reason header, RFC 3326. */
export function causeIn(message: SipRequest | SipResponse): number | undefined {
  for (const reason of message.headers.all('Reason')) {
    const cause = /^\s*Q\.850\s*;.*\bcause\s*=\s*(\d+)/i.exec(reason)?.[1];
    if (cause !== undefined) return Number(cause);
  }
  return undefined;
}
