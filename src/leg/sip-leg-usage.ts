import { CAUSE } from '../call/cause.ts';
import type { CodecName, Direction } from '../call/media.ts';
import type { Release } from '../call/signal.ts';
import { type Instant, ms, seconds } from '../kernel/time.ts';
import { acknowledgement, type Dialog, inOrder, nextRequest, refreshed } from '../sip/dialog/dialog.ts';
import { descriptionOf } from '../sip/message/body.ts';
import { checkSupport } from '../sip/message/check.ts';
import { cseqOf } from '../sip/message/fields.ts';
import type { HeaderPairs, SipMessage, SipRequest, SipResponse } from '../sip/message/message.ts';
import { connectedOf } from './sip-leg-identity.ts';
import { CONTENT_TYPES, credentialsOf, EXTENSIONS, type LegKit, METHODS, SDP } from './sip-leg-kit.ts';
import type { BadSession, OfferAnswer } from './sip-leg-offer-answer.ts';
import { type Notify, Referral, transferIn } from './sip-leg-refer.ts';
import { releaseOfSilence } from './sip-leg-release.ts';
import { SessionTimer } from './sip-leg-session-timer.ts';
import { toneIn } from './sip-leg-tone.ts';

/** A change of the session that we ask for: by re-INVITE, or by UPDATE where it carries no description. */
interface Change {
  readonly what: 'hold' | 'resume' | 'update' | 'refresh' | 'identity';
  readonly codecs: readonly CodecName[];
  readonly headers: HeaderPairs;
}

/** A request of ours inside the dialog that waits for its final response. */
interface Sent {
  readonly what: 'bye' | 'prack' | 'notify' | Change;
  readonly request: SipRequest;
  /** Our direction before it, to go back to. */
  readonly wish: Direction;
  /** How often it has been asked already, credentials and all. */
  readonly attempts: number;
}

/** A re-INVITE that has no final response by then is cancelled: as long as it is under way, nothing else can change. */
const CHANGE = seconds(32);

/** A request that is challenged more often than this is refused. */
const MAX_ATTEMPTS = 3;

/** A peer that sends more provisional responses than this, and answers no PRACK, gets no more of them. */
const MAX_SENT = 50;

/** One dialog of a leg, early or confirmed: what is asked in it from either side, save BYE, CANCEL and PRACK of the set-up. */
export class DialogUsage {
  readonly #kit: LegKit;
  readonly oa: OfferAnswer;
  readonly timer: SessionTimer;
  #dialog: Dialog;
  readonly #sent = new Map<string, Sent>();
  #wanted: Change | undefined;
  /** The 2xx of our last re-INVITE is ACKed again when it comes again. */
  #lastAck: { readonly transaction: string; readonly send: () => void } | undefined;
  #peerUpdates = false;
  #identity = '';
  #referral: Referral | undefined;
  /** False until our 2xx is ACKed: nothing may be changed before (RFC 3261 §14.1). */
  settled = false;
  /** Its BYE is through, in either direction. */
  ended = false;
  /** False for a fork that rings beside the one that the caller hears: what becomes of its session is nobody's concern yet. */
  heard = true;

  constructor(kit: LegKit, dialog: Dialog, oa: OfferAnswer) {
    this.#kit = kit;
    this.#dialog = dialog;
    this.oa = oa;
    this.timer = new SessionTimer(kit);
  }

  get dialog(): Dialog {
    return this.#dialog;
  }

  set dialog(dialog: Dialog) {
    this.#dialog = dialog;
  }

  /** Learns from any message of the peer whether it takes UPDATE (RFC 3311 §5.1). */
  learn(message: SipMessage): void {
    if (message.headers.has('Allow')) this.#peerUpdates = message.headers.all('Allow').includes('UPDATE');
  }

  /** Notes a request's place in the dialog; answers and returns false when it is out of order or asks what we can't do. */
  admit(transaction: string, request: SipRequest): boolean {
    const after = inOrder(this.#dialog, request);
    if (after === undefined) {
      this.#kit.respond(transaction, request, 500, { headers: [['Retry-After', '1']] });
      return false;
    }
    this.#dialog = after;
    const can = { methods: METHODS, extensions: EXTENSIONS, contentTypes: CONTENT_TYPES };
    const refusal = checkSupport(request, can);
    if (refusal !== undefined) this.#kit.respond(transaction, request, refusal.status, refusal);
    return refusal === undefined;
  }

  /** INVITE, UPDATE, INFO and OPTIONS inside the dialog; they have been admitted. */
  hear(transaction: string, request: SipRequest, now: Instant): void {
    switch (request.method) {
      case 'INVITE':
      case 'UPDATE':
        this.#reoffer(transaction, request, now);
        return;
      case 'INFO':
        this.#info(transaction, request);
        return;
      case 'REFER':
        this.#refer(transaction, request);
        return;
      default:
        this.#kit.respond(transaction, request, 200, {
          headers: [...this.#kit.abilities, ['Accept', CONTENT_TYPES.join(', ')]],
        });
    }
  }

  #reoffer(transaction: string, request: SipRequest, now: Instant): void {
    const glare = this.#collision(request);
    if (glare !== undefined) {
      this.#kit.respond(transaction, request, glare, glare === 500 ? { headers: [['Retry-After', '3']] } : {});
      return;
    }
    const least = this.timer.tooSmall(request);
    if (least !== undefined) {
      this.#kit.respond(transaction, request, 422, { headers: [['Min-SE', String(least)]] });
      return;
    }
    const wasHeld = this.oa.held;
    const body = this.#describe(transaction, request);
    if (body === 'refused') return;
    this.#dialog = refreshed(this.#dialog, request);
    this.learn(request);
    const headers: HeaderPairs = [
      ...this.#kit.contact,
      ...this.#kit.abilities,
      ...this.timer.accept(request, now),
      ...(body === undefined ? [] : [SDP]),
    ];
    this.#kit.respond(transaction, request, 200, { headers, ...(body === undefined ? {} : { body }) });
    if (request.method === 'INVITE') this.settled = false;
    this.#agreed(wasHeld);
    this.#hearIdentity(request);
  }

  /** The description for our 2xx: the answer to an offer, or in a re-INVITE without one our offer. */
  #describe(transaction: string, request: SipRequest): Uint8Array | undefined | 'refused' {
    const offered = descriptionOf(request);
    if (offered.length === 0) return request.method === 'INVITE' ? this.oa.offer() : undefined;
    const heard = this.oa.hearOffer(offered);
    const answered = heard.ok ? this.oa.answer() : heard;
    if (answered.ok) return answered.value;
    this.refuse(transaction, request, answered.error);
    return 'refused';
  }

  /** RFC 3261 §14.2, RFC 3311 §5.2: two changes at once. 491 when ours is under way, 500 when theirs is not answered yet. */
  #collision(request: SipRequest): 491 | 500 | undefined {
    if (request.method === 'INVITE' && !this.#dialog.confirmed) return this.#dialog.role === 'uas' ? 500 : 491;
    const changing = [...this.#sent.values()].some(({ what }) => typeof what === 'object');
    if (request.method === 'INVITE' && changing) return 491;
    if (descriptionOf(request).length === 0 && request.method === 'UPDATE') return undefined;
    if (this.oa.pending === 'us' || changing) return 491;
    return this.oa.pending === 'them' || this.#kit.endpoint === undefined ? 500 : undefined;
  }

  /** Refuses an offer with what is wrong with it, as a Warning too (RFC 3261 §20.43). */
  refuse(transaction: string, request: SipRequest, bad: BadSession): void {
    this.#kit.respond(transaction, request, bad.status, { headers: this.warning(bad) });
  }

  warning(bad: BadSession): HeaderPairs {
    if (bad.warning === undefined) return [];
    return [['Warning', `${bad.warning} ${this.#kit.setup.side.domain} "${bad.why.replace(/["\\]/g, "'")}"`]];
  }

  /** The session may have changed: aims our media and tells the call of hold and resume. */
  #agreed(wasHeld: boolean): void {
    if (!this.heard) return;
    this.#kit.aim(this.oa.agreed);
    if (this.oa.held !== wasHeld) this.#kit.say({ type: this.oa.held ? 'hold' : 'resume' });
  }

  #hearIdentity(message: SipMessage): void {
    const connected = connectedOf(message, this.#kit.setup.side);
    if (connected.number === undefined && connected.name === undefined) return;
    const text = JSON.stringify(connected);
    if (this.#identity !== text && this.#dialog.confirmed) this.#kit.say({ type: 'identity', connected });
    this.#identity = text;
  }

  #info(transaction: string, request: SipRequest): void {
    this.#kit.respond(transaction, request, 200);
    const tone = toneIn(request);
    if (tone !== undefined) this.#kit.say({ type: 'tone', ...tone });
  }

  /** One at a time, of a call that is answered: 202, and NOTIFYs until its outcome is known (RFC 3515 §2.4). */
  #refer(transaction: string, request: SipRequest): void {
    const transfer = transferIn(request);
    if (!transfer.ok) return void this.#kit.respond(transaction, request, transfer.error.status, transfer.error);
    if (!this.#dialog.confirmed)
      return void this.#kit.respond(transaction, request, 403, { reason: 'Not answered yet' });
    if (this.#referral?.over === false) return void this.#kit.respond(transaction, request, 491);
    const referral = new Referral(request);
    this.#referral = referral;
    this.#kit.respond(transaction, request, 202, { headers: [...this.#kit.contact, ...referral.accepted] });
    this.#notify(referral.progress(100));
    this.#kit.say(transfer.value);
  }

  /** How the transfer goes that the peer has asked for. */
  transferring(): void {
    this.#notify(this.#referral?.progress(180));
  }

  transferred(failure: Release | undefined): void {
    this.#notify(this.#referral?.outcome(failure, this.#kit.setup.side.causes));
  }

  #notify(notify: Notify | undefined): void {
    if (notify === undefined || this.#sent.size >= MAX_SENT) return;
    const headers = [...this.#kit.contact, ...notify.headers, ...this.#kit.userAgent];
    this.#send('notify', nextRequest(this.#dialog, 'NOTIFY', headers, notify.body), this.oa.wish);
  }

  /** The ACK of our 2xx, with the answer when the 2xx carried our offer. False: there is no session to go on with. */
  hearAck(request: SipRequest, now: Instant): boolean {
    const wasHeld = this.oa.held;
    let sound = true;
    if (this.oa.pending === 'us') {
      const answered = this.oa.hearAnswer(descriptionOf(request));
      sound = answered.ok;
      if (sound) this.#agreed(wasHeld);
    }
    this.settled = true;
    this.#goOn(now);
    return sound;
  }

  /** The media as both agreed it in the set-up. */
  aim(): void {
    this.#kit.aim(this.oa.agreed);
  }

  change(what: Change['what'], now: Instant, codecs: readonly CodecName[] = [], headers: HeaderPairs = []): void {
    // A refresh never takes the place of something that a person asked for.
    if (this.#wanted === undefined || what !== 'refresh') this.#wanted = { what, codecs, headers };
    this.#goOn(now);
  }

  /** Sends the change that waits, once nothing stands in its way. */
  #goOn(now: Instant): void {
    const change = this.#wanted;
    const changing = [...this.#sent.values()].some(({ what }) => typeof what === 'object');
    const free = this.settled && this.#dialog.confirmed && !changing && this.oa.pending === undefined;
    if (change === undefined || !free || this.#kit.timers.runs('glare')) return;
    this.#wanted = undefined;
    this.#sendChange(change, now);
  }

  /** The wait of `glare` is over. */
  retry(now: Instant): void {
    this.#goOn(now);
  }

  #sendChange(change: Change, now: Instant): void {
    const { what } = change;
    const silent = what === 'refresh' || what === 'identity';
    if (what === 'identity' && !this.#peerUpdates) return;
    const { wish } = this.oa;
    const headers = [...this.#kit.contact, ...this.#kit.abilities, ...this.timer.forRequest(), ...change.headers];
    if (silent && this.#peerUpdates) {
      this.#send(change, nextRequest(this.#dialog, 'UPDATE', [...headers, ...this.#kit.userAgent]), wish);
      return;
    }
    const direction = what === 'hold' ? 'sendonly' : what === 'resume' ? 'sendrecv' : wish;
    const body = this.oa.offer(direction, change.codecs);
    if (body === undefined) return;
    this.settled = true;
    const sent = nextRequest(this.#dialog, 'INVITE', [...headers, ...this.#kit.userAgent, SDP], body);
    this.#send(change, sent, wish);
    this.#kit.timers.start('change', now, CHANGE);
  }

  /** The peer has taken our re-INVITE and says no more about it. */
  giveUpChange(): void {
    for (const [transaction, { what, request }] of this.#sent) {
      if (typeof what === 'object' && request.method === 'INVITE') this.#kit.cancel(transaction, []);
    }
  }

  #send(
    what: Sent['what'],
    made: { dialog: Dialog; request: SipRequest; nextHop: string },
    wish: Direction,
    attempts = 1,
  ): void {
    this.#dialog = made.dialog;
    const { transaction, request } = this.#kit.request(made.request, made.nextHop);
    this.#sent.set(transaction, { what, request, wish, attempts });
  }

  bye(reasons: HeaderPairs): void {
    this.#send('bye', nextRequest(this.#dialog, 'BYE', [...reasons, ...this.#kit.userAgent]), this.oa.wish);
  }

  prack(rack: string): void {
    if (this.#sent.size >= MAX_SENT) return;
    const headers: HeaderPairs = [['RAck', rack], ...this.#kit.userAgent];
    this.#send('prack', nextRequest(this.#dialog, 'PRACK', headers), this.oa.wish);
  }

  /** True when `transaction` is one of this dialog's. */
  owns(transaction: string): boolean {
    return this.#sent.has(transaction) || this.#lastAck?.transaction === transaction;
  }

  /** A release that comes back is why the dialog can't go on. */
  hearResponse(transaction: string, response: SipResponse, now: Instant): Release | undefined {
    const sent = this.#sent.get(transaction);
    if (sent === undefined) {
      if (this.#lastAck?.transaction === transaction && response.status < 300) this.#lastAck.send();
      return undefined;
    }
    if (response.status < 200) return undefined;
    this.#sent.delete(transaction);
    const again =
      sent.attempts < MAX_ATTEMPTS
        ? this.#kit.authorized(sent.request, response, this.#dialog.localCSeq + 1)
        : undefined;
    if (again !== undefined) {
      const dialog = { ...this.#dialog, localCSeq: this.#dialog.localCSeq + 1 };
      this.#send(sent.what, { dialog, ...again }, sent.wish, sent.attempts + 1);
      return undefined;
    }
    if (sent.what === 'bye') {
      this.ended = true;
      return undefined;
    }
    // A peer that wants to hear nothing of its transfer may say so without losing its call.
    if (sent.what === 'notify') return undefined;
    if (sent.what === 'prack') return isLost(response.status) ? this.#lost(response.status) : undefined;
    return response.status < 300
      ? this.#changed(sent.what, sent, transaction, response, now)
      : this.#notChanged(sent.what, sent, response.status, response, now);
  }

  /** No response at all: as a 408 (RFC 3261 §12.2.1.2). */
  hearSilence(transaction: string, status: 408 | 503, now: Instant): Release | undefined {
    const sent = this.#sent.get(transaction);
    this.#sent.delete(transaction);
    if (sent === undefined) return undefined;
    if (sent.what === 'bye') this.ended = true;
    if (sent.what === 'bye' || sent.what === 'notify') return undefined;
    return typeof sent.what === 'object'
      ? this.#notChanged(sent.what, sent, status, undefined, now)
      : this.#lost(status);
  }

  #changed(change: Change, sent: Sent, transaction: string, response: SipResponse, now: Instant): Release | undefined {
    const wasHeld = this.oa.held;
    this.#dialog = refreshed(this.#dialog, response);
    this.learn(response);
    this.timer.hearAccepted(response, now);
    if (sent.request.method === 'INVITE') {
      const headers = [...credentialsOf(sent.request), ...this.#kit.userAgent];
      const ack = acknowledgement(this.#dialog, cseqOf(sent.request)?.number ?? 0, headers);
      this.#kit.acknowledge(ack);
      this.#lastAck = { transaction, send: () => this.#kit.acknowledge(ack) };
      const answered = this.oa.hearAnswer(descriptionOf(response));
      if (!answered.ok) return releaseOfSilence(503, CAUSE.bearerNotImplemented);
      this.#agreed(wasHeld);
    }
    if (change.what !== 'refresh' && change.what !== 'identity') {
      const codec = this.oa.agreed?.codec;
      this.#kit.say({ type: 'accepted', codecs: codec === undefined ? [] : [codec] });
    }
    this.#goOn(now);
    return undefined;
  }

  #notChanged(
    change: Change,
    sent: Sent,
    status: number,
    response: SipResponse | undefined,
    now: Instant,
  ): Release | undefined {
    this.oa.rollBack(sent.wish);
    // A refresh that nobody answers is tried again: the session ends when it expires, not because the WAN was away for a while.
    if (status !== 481 && response === undefined && change.what === 'refresh') {
      this.#kit.timers.start('refresh', now, seconds(10));
      return undefined;
    }
    const mute = response === undefined && this.#kit.isHeard(now);
    // The signalling is lost, the voice is not: what was asked for failed, and the call goes on.
    if (isLost(status) && !mute) return this.#lost(status);
    if (status === 491) {
      this.#wanted ??= change;
      this.#kit.timers.start('glare', now, this.#glareWait());
      return undefined;
    }
    if (status === 422 && response !== undefined && this.timer.hearTooSmall(response)) {
      this.#wanted ??= change;
    } else if (change.what === 'refresh') {
      // Who allows UPDATE and can't do it takes a re-INVITE; who can't now is asked again before the session runs out.
      if (sent.request.method === 'UPDATE' && (status === 405 || status === 501)) {
        this.#peerUpdates = false;
        this.#wanted ??= change;
      } else this.#kit.timers.start('refresh', now, seconds(10));
    } else if (change.what !== 'identity') {
      this.#kit.say({ type: 'refused', status });
    }
    this.#goOn(now);
    return undefined;
  }

  /** RFC 3261 §14.1: whoever chose the Call-ID waits longer, so that the two don't meet again. */
  #glareWait(): ReturnType<typeof ms> {
    const [high = 0, low = 0] = this.#kit.setup.random.bytes(2);
    const part = (high * 256 + low) / 65536;
    const hundredths = this.#dialog.role === 'uac' ? 210 + part * 190 : part * 200;
    return ms(Math.round(hundredths) * 10);
  }

  #lost(status: number): Release {
    const cause = status === 408 ? CAUSE.timerExpiry : CAUSE.temporaryFailure;
    return releaseOfSilence(status === 408 ? 408 : 503, cause);
  }
}

/** RFC 3261 §12.2.1.2: these say that the peer no longer has this dialog. */
const isLost = (status: number): boolean => status === 408 || status === 481;
