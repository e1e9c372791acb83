import { CAUSE, causeOf } from '../call/cause.ts';
import type { Offer, Release } from '../call/signal.ts';
import { token } from '../kernel/random.ts';
import type { Instant } from '../kernel/time.ts';
import { acknowledgement, confirmed, dialogOfResponse, hopOf, refreshed } from '../sip/dialog/dialog.ts';
import { printRAck, reliableSeq } from '../sip/dialog/reliable.ts';
import { descriptionOf } from '../sip/message/body.ts';
import { printCSeq } from '../sip/message/cseq.ts';
import { contactsOf, cseqOf, toOf } from '../sip/message/fields.ts';
import { paramOf, parseNumber, withParam } from '../sip/message/grammar.ts';
import { type HeaderPairs, request, type SipRequest, type SipResponse } from '../sip/message/message.ts';
import { printNameAddr, tagOf } from '../sip/message/name-addr.ts';
import { diversionsFor } from './sip-leg-diversion.ts';
import { located, refusesLocation } from './sip-leg-geolocation.ts';
import { historyFor } from './sip-leg-history.ts';
import { assertedFor, connectedOf, fromFor, uriOfNumber } from './sip-leg-identity.ts';
import { credentialsOf, type LegKit } from './sip-leg-kit.ts';
import type { OfferAnswer } from './sip-leg-offer-answer.ts';
import { originOf, reasons, releaseOfResponse, releaseOfSilence } from './sip-leg-release.ts';
import { SessionTimer } from './sip-leg-session-timer.ts';
import { DialogUsage } from './sip-leg-usage.ts';

/** One early dialog of the forked INVITE. */
interface Branch {
  readonly usage: DialogUsage;
  /** The RSeq of the last reliable provisional that we acknowledged (RFC 3262 §4). */
  rseq: number | undefined;
  /** It has shown us a description: what it sends can be heard. */
  inBand: boolean;
}

/** More forks than this are not followed before the answer. */
const MAX_BRANCHES = 16;

/** A set-up that the peer challenges or mends more often than this doesn't get through. */
const MAX_ATTEMPTS = 5;

/** The set-up of a call that we make with an INVITE: RFC 3261 §13.2, with its forks, RFC 3262 §4, and CANCEL. */
export class UacSetup {
  readonly #kit: LegKit;
  readonly #offer: Offer;
  readonly #oa: OfferAnswer;
  readonly #timer: SessionTimer;
  readonly #callId: string;
  readonly #localTag: string;
  /** Our session description, and where the caller is, as the INVITE carries them. */
  #description: Uint8Array = new Uint8Array(0);
  #place: Offer['place'];
  #invite: SipRequest;
  #transaction = '';
  #attempts = 0;
  readonly #branches = new Map<string, Branch>();
  /** ACKs by the tag of the 2xx, to be sent again when the 2xx comes again. */
  readonly #acks = new Map<string, () => void>();
  #winner: DialogUsage | undefined;
  readonly #losers: DialogUsage[] = [];
  #proceeding = false;
  #cancelled = false;
  /** The INVITE has its final response, or none will come. */
  #final = false;
  /** The first branch that could be heard: the caller hears this one. */
  #audible: string | undefined;

  constructor(kit: LegKit, offer: Offer) {
    const { random } = kit.setup;
    this.#kit = kit;
    this.#offer = offer;
    this.#callId = token(random, 16);
    this.#localTag = token(random, 8);
    this.#place = offer.place;
    this.#timer = new SessionTimer(kit);
    this.#oa = kit.newSession();
    this.#invite = request('INVITE', '', []);
  }

  get winner(): DialogUsage | undefined {
    return this.#winner;
  }

  /** What identifies this leg's dialogs: requests in them carry it as Call-ID and To tag. */
  get key(): { readonly callId: string; readonly localTag: string } {
    return { callId: this.#callId, localTag: this.#localTag };
  }

  /** Every dialog that may get or send a request. */
  *usages(): Iterable<DialogUsage> {
    if (this.#winner !== undefined) yield this.#winner;
    yield* this.#losers;
    for (const { usage } of this.#branches.values()) if (usage !== this.#winner) yield usage;
  }

  /** Our endpoint is open: the INVITE goes out, unless the call has come through too many hops already. */
  start(): void {
    if (hopsLeft(this.#offer) < 1) {
      this.#final = true;
      this.#kit.release({ type: 'release', cause: ROUTING_ERROR, location: 'private-local', origin: undefined });
      return;
    }
    if (this.#kit.endpoint !== undefined) this.#oa.open(this.#kit.endpoint);
    this.#description = this.#oa.offer() ?? this.#description;
    this.#send(this.#build(1));
  }

  #build(cseq: number): SipRequest {
    const { side, destination } = this.#kit.setup;
    const uri = destination?.uri ?? uriOfNumber(this.#offer.called, destination?.domain ?? side.domain);
    const from = fromFor(this.#offer, side);
    const { caller, callerName, redirecting } = this.#offer;
    const required: HeaderPairs = side.reliable === 'required' ? [['Require', '100rel']] : [];
    const { replaces } = this.#offer;
    const replacing: HeaderPairs =
      replaces === undefined
        ? []
        : [
            ['Require', 'replaces'],
            ['Replaces', replaces],
          ];
    const headers: HeaderPairs = [
      ...(destination?.routes ?? []).map((route): readonly [string, string] => ['Route', route]),
      ['Max-Forwards', String(hopsLeft(this.#offer))],
      ['From', printNameAddr({ ...from, params: withParam(from.params, 'tag', this.#localTag) })],
      ['To', `<${uri}>`],
      ['Call-ID', this.#callId],
      ['CSeq', printCSeq({ number: cseq, method: 'INVITE' })],
      ...this.#kit.contact,
      ...this.#kit.abilities,
      ...required,
      ...replacing,
      ...this.#timer.forRequest(),
      ...assertedFor(caller, callerName, side, 'calling'),
      ...diversionsFor(redirecting, side),
      ...historyFor(redirecting, uri, side),
      ...this.#kit.userAgent,
    ];
    const content = located(this.#place, this.#description, this.#localTag, side.domain);
    return request('INVITE', uri, [...headers, ...content.headers], content.body);
  }

  #send(invite: SipRequest): void {
    this.#attempts++;
    const sent = this.#kit.request(invite, hopOf(invite.uri, invite.headers.all('Route')));
    this.#invite = sent.request;
    this.#transaction = sent.transaction;
  }

  owns(transaction: string): boolean {
    return transaction === this.#transaction;
  }

  /** A release that comes back is why the call, though answered, can't go on: it is ended with BYE. */
  hear(response: SipResponse, now: Instant): Release | undefined {
    const { status } = response;
    if (status >= 200 && status < 300) return this.#answer(response, now);
    if (status === 100) this.#proceed();
    else if (status < 200) this.#provisional(response);
    else this.#refused(response);
    return undefined;
  }

  /** Nobody answered the INVITE, or it could not be sent: as 408 and 503 (RFC 3261 §8.1.3.1). */
  silence(status: 408 | 503): void {
    this.#final = true;
    const cause = status === 408 ? CAUSE.timerExpiry : CAUSE.temporaryFailure;
    this.#kit.release(releaseOfSilence(status, cause));
  }

  #proceed(): void {
    if (this.#proceeding || this.#cancelled) return;
    this.#proceeding = true;
    this.#kit.say({ type: 'proceed' });
  }

  #provisional(response: SipResponse): void {
    if (this.#cancelled || this.#winner !== undefined) return;
    const tag = tagIn(response);
    if (response.status === 199) {
      this.#branches.delete(tag);
      return;
    }
    const branch = this.#branches.get(tag) ?? this.#fork(tag, response);
    if (branch === undefined || !this.#acknowledged(branch, response)) return;
    branch.usage.dialog = refreshed(branch.usage.dialog, response);
    branch.usage.learn(response);
    if (branch.inBand && this.#audible === undefined) this.#audible = tag;
    if (branch.inBand && this.#audible === tag) {
      branch.usage.heard = true;
      branch.usage.aim();
    }
    this.#tell(response, branch, tag);
  }

  #fork(tag: string, response: SipResponse): Branch | undefined {
    if (this.#branches.size >= MAX_BRANCHES) return undefined;
    const dialog = dialogOfResponse(this.#invite, response);
    if (!dialog.ok) return undefined;
    const usage = new DialogUsage(this.#kit, dialog.value, this.#oa.fork());
    usage.heard = false;
    const branch: Branch = { usage, rseq: undefined, inBand: false };
    this.#branches.set(tag, branch);
    return branch;
  }

  /** Reads the description and sends the PRACK that a reliable provisional wants; false for one out of order or again. */
  #acknowledged(branch: Branch, response: SipResponse): boolean {
    const { oa } = branch.usage;
    const rseq = reliableSeq(response);
    const body = descriptionOf(response);
    if (rseq === undefined) {
      if (body.length > 0 && oa.preview(body) !== undefined) branch.inBand = true;
      return true;
    }
    if (branch.rseq !== undefined && rseq !== branch.rseq + 1) return false;
    branch.rseq = rseq;
    if (body.length > 0 && oa.pending === 'us') branch.inBand = oa.hearAnswer(body).ok;
    const cseq = cseqOf(this.#invite)?.number ?? 0;
    branch.usage.prack(printRAck({ rseq, cseq, method: 'INVITE' }));
    return true;
  }

  #tell({ status }: SipResponse, branch: Branch, tag: string): void {
    this.#proceeding = true;
    if (status === 180) this.#kit.say({ type: 'alert', inBand: branch.inBand }, tag);
    else this.#kit.say({ type: 'progress', inBand: branch.inBand && status === 183, cause: undefined }, tag);
  }

  #answer(response: SipResponse, now: Instant): Release | undefined {
    const tag = tagIn(response);
    this.#final = true;
    const again = this.#acks.get(tag);
    if (again !== undefined) {
      again();
      return undefined;
    }
    // Each tag costs an ACK and a BYE, to wherever its Contact says.
    if (this.#acks.size >= MAX_BRANCHES) return undefined;
    const usage = this.#branches.get(tag)?.usage ?? this.#answered(response);
    if (usage === undefined) {
      // Without a route nobody can be told: who has answered gives up when no ACK comes (§13.3.1.4).
      if (this.#winner === undefined) this.#kit.release(releaseOfSilence(503, CAUSE.temporaryFailure));
      return undefined;
    }
    usage.dialog = confirmed(usage.dialog, response);
    this.#acknowledge(usage, tag);
    if (this.#winner === undefined && !this.#kit.released) return this.#win(usage, tag, response, now);
    // A second 2xx, or one that crossed our CANCEL: its session is ended at once (§13.2.2.4).
    this.#losers.push(usage);
    usage.bye(reasons(unwanted()));
    return undefined;
  }

  /** The dialog that a 2xx makes without any provisional before it. */
  #answered(response: SipResponse): DialogUsage | undefined {
    const made = dialogOfResponse(this.#invite, response);
    return made.ok ? new DialogUsage(this.#kit, made.value, this.#oa.fork()) : undefined;
  }

  #acknowledge(usage: DialogUsage, tag: string): void {
    const headers = [...credentialsOf(this.#invite), ...this.#kit.userAgent];
    const ack = acknowledgement(usage.dialog, cseqOf(this.#invite)?.number ?? 0, headers);
    this.#kit.acknowledge(ack);
    this.#acks.set(tag, () => this.#kit.acknowledge(ack));
  }

  #win(usage: DialogUsage, tag: string, response: SipResponse, now: Instant): Release | undefined {
    const { oa } = usage;
    this.#winner = usage;
    this.#branches.clear();
    usage.learn(response);
    usage.timer.hearAccepted(response, now);
    usage.settled = true;
    usage.heard = true;
    const body = descriptionOf(response);
    const agreed = oa.pending !== 'us' || (body.length > 0 ? oa.hearAnswer(body).ok : oa.settle());
    if (!agreed) return releaseOfSilence(503, CAUSE.bearerNotImplemented);
    usage.aim();
    const connected = connectedOf(response, this.#kit.setup.side);
    this.#kit.say({ type: 'answer', connected, origin: originOf(response) }, tag);
    return undefined;
  }

  #refused(response: SipResponse): void {
    if (this.#final) return;
    if (!this.#cancelled && this.#attempts < MAX_ATTEMPTS && this.#again(response)) return;
    this.#final = true;
    if (response.status < 400) {
      const targets = (contactsOf(response) ?? []).toSorted((a, b) => q(b.params) - q(a.params)).map(({ uri }) => uri);
      this.#kit.say({ type: 'redirect', targets: targets.slice(0, 10), origin: originOf(response) });
    }
    this.#kit.release(releaseOfResponse(response, this.#kit.setup.side.causes));
  }

  /** Mends what the response complains about and asks again: credentials, a longer session interval, or no place of the caller. */
  #again(response: SipResponse): boolean {
    const cseq = (cseqOf(this.#invite)?.number ?? 0) + 1;
    const authorized = this.#kit.authorized(this.#invite, response, cseq);
    if (authorized !== undefined) this.#send(authorized.request);
    else if (response.status === 422 && this.#timer.hearTooSmall(response)) this.#send(this.#build(cseq));
    else if (this.#place !== undefined && refusesLocation(response.status)) {
      // Help matters more than the address.
      this.#place = undefined;
      this.#send(this.#build(cseq));
    } else return false;
    this.#branches.clear();
    return true;
  }

  /** The call hangs up, or we must: BYE after the answer, CANCEL before it. Whoever calls this has released the leg. */
  hangUp(release: Release): void {
    if (this.#winner !== undefined) this.#winner.bye(reasons(release));
    else if (this.#transaction === '') this.#final = true;
    else if (!this.#cancelled && !this.#final) this.#kit.cancel(this.#transaction, reasons(release));
    this.#cancelled = true;
  }

  /** Nothing more is to come: the INVITE is answered and every dialog that it made has been ended. */
  get finished(): boolean {
    const open = [...this.#losers, ...(this.#winner === undefined ? [] : [this.#winner])];
    return this.#final && open.every((usage) => usage.ended);
  }
}

/** Exchange routing error, which RFC 3398 §8.2.6.1 has for 483. */
const ROUTING_ERROR = causeOf(25);

/** A call that goes through us from SIP to SIP keeps counting its hops, so that a loop ends (RFC 7332 §4). */
function hopsLeft({ origin }: Offer): number {
  const heard = origin?.protocol === 'sip' ? origin.headers.find(([name]) => name === 'Max-Forwards')?.[1] : undefined;
  return heard === undefined ? 70 : (parseNumber(heard, 255) ?? 70) - 1;
}

const unwanted = (): Release => ({
  type: 'release',
  cause: CAUSE.normalClearing,
  location: 'private-local',
  origin: undefined,
});

const tagIn = (response: SipResponse): string => {
  const to = toOf(response);
  return (to === undefined ? undefined : tagOf(to)) ?? '';
};

/** A contact's preference, 1 when it says none (RFC 3261 §20.10). */
function q(params: Parameters<typeof paramOf>[0]): number {
  const value = Number(paramOf(params, 'q') ?? 1);
  return value >= 0 && value <= 1 ? value : 0;
}
