import { CAUSE, causeOf } from '../call/cause.ts';
import type { CallLeg, LegEffect } from '../call/leg.ts';
import type { LegMediaEvent } from '../call/media.ts';
import type { Offer, Release, Signal } from '../call/signal.ts';
import { impossible } from '../kernel/machine.ts';
import { type Instant, seconds } from '../kernel/time.ts';
import { cseqOf, fromOf } from '../sip/message/fields.ts';
import type { SipRequest, SipResponse } from '../sip/message/message.ts';
import { tagOf } from '../sip/message/name-addr.ts';
import { assertedFor } from './sip-leg-identity.ts';
import { LegKit } from './sip-leg-kit.ts';
import { reasons, releaseOfRequest, releaseOfSilence } from './sip-leg-release.ts';
import { UacSetup } from './sip-leg-uac.ts';
import { UasSetup } from './sip-leg-uas.ts';
import type { DialogUsage } from './sip-leg-usage.ts';
import type { DialogRecord, InviteRecord, SipIn, SipLegSetup, SipOut } from './sip-leg-words.ts';

type Effects = readonly LegEffect<SipOut>[];

/** More signals than this never wait for the media plane to open an endpoint. */
const MAX_QUEUE = 50;

/** How long a session that has run out is waited for again, as long as its voice comes in. */
const LINGER = seconds(10);

/**
 * One SIP side of a call: UAS of an INVITE that was heard, or UAC of the offer that it is told first. It translates between dialogs
 * and signals; its transactions live in the layer, its media in the plane. When the call says `release`, the leg answers with
 * `gone` only; when the peer ends the call, the leg says `release` and then `gone`. A 3xx says `redirect` before its `release`.
 */
export class SipLeg implements CallLeg<SipIn, SipOut> {
  readonly #kit: LegKit;
  #role:
    | { readonly type: 'uas'; readonly setup: UasSetup }
    | { readonly type: 'uac'; readonly setup: UacSetup }
    | undefined;
  /** What the call has said while our endpoint was being opened. */
  #queue: Signal[] = [];
  /** A BYE that must wait for the ACK of our 2xx (RFC 3261 §15). */
  #byeOnAck: Release | undefined;
  #confirmed = false;

  constructor(setup: SipLegSetup) {
    this.#kit = new LegKit(setup);
  }

  get deadline(): Instant | undefined {
    return this.#kit.timers.deadline;
  }

  /** Call-ID and our own tag: what requests in this leg's dialogs are found by. Undefined before the first INVITE. */
  get key(): { readonly callId: string; readonly localTag: string } | undefined {
    if (this.#role?.type === 'uac') return this.#role.setup.key;
    return this.#role?.setup.usage.dialog;
  }

  /** Whether the peer's tag is that of one of this leg's dialogs, and whether it is answered. */
  dialogWith(remoteTag: string): 'early' | 'confirmed' | undefined {
    for (const { dialog } of this.#usages())
      if (dialog.remoteTag === remoteTag) return dialog.confirmed ? 'confirmed' : 'early';
    return undefined;
  }

  /**
   * What must be stored so that a restart can end this call: its confirmed dialog, or as a UAC the first early one, so that no
   * phone goes on ringing (RFC 3261 §15 allows its BYE to the caller's side only). Undefined before.
   */
  dialogRecord(): DialogRecord | undefined {
    const usage = this.#usage ?? this.#early;
    if (usage === undefined || !(usage.dialog.confirmed || usage.dialog.role === 'uac')) return undefined;
    const { id, side } = this.#kit.setup;
    return { leg: id, dialog: usage.dialog, userAgent: side.userAgent };
  }

  /** What must be stored so that a restart can refuse an INVITE that waits for us; undefined when none does. */
  inviteRecord(): InviteRecord | undefined {
    return this.#role?.type === 'uas' ? this.#role.setup.record : undefined;
  }

  tell(signal: Signal, now: Instant): Effects {
    if (signal.type === 'release') {
      if (!this.#kit.released) this.#end(signal, 'told');
    } else if (!this.#kit.released) this.#queueOrAct(signal, now);
    return this.#done();
  }

  hear(wire: SipIn, now: Instant): Effects {
    switch (wire.type) {
      case 'request':
        this.#request(wire.transaction, wire.request, wire.user, now);
        break;
      case 'ack':
        this.#ack(wire.request, now);
        break;
      case 'cancelled':
        this.#cancelled(wire.transaction, wire.request);
        break;
      case 'response':
        this.#response(wire.transaction, wire.response, now);
        break;
      case 'timeout':
        this.#silence(wire.transaction, 408, now);
        break;
      case 'failed':
        this.#silence(wire.transaction, 503, now);
        break;
      default:
        impossible(wire);
    }
    return this.#done();
  }

  media(event: LegMediaEvent, now: Instant): Effects {
    switch (event.type) {
      case 'ready':
        this.#kit.mediaReady(event);
        this.#mediaReady(now);
        break;
      case 'failed':
        if (!this.#kit.released) this.#end(releaseOfSilence(503, causeOf(47)), 'ours');
        break;
      case 'silent':
      case 'played':
        // Whether silence ends a call is the call's to say; it hears of it from the plane.
        this.#kit.mediaQuiet(now);
        break;
      case 'digit':
        // The plane passes digits on by itself.
        break;
      default:
        impossible(event);
    }
    return this.#done();
  }

  wake(now: Instant): Effects {
    const { timers } = this.#kit;
    for (let name = timers.take(now); name !== undefined; name = timers.take(now)) {
      switch (name) {
        case 'reliable':
          if (this.#role?.type === 'uas') this.#role.setup.resend(now);
          break;
        case 'reliable-limit':
          if (this.#role?.type === 'uas') this.#kit.release(this.#role.setup.unacknowledged());
          break;
        case 'provisional':
          if (this.#role?.type === 'uas') this.#role.setup.repeat(now);
          break;
        case 'invitation':
          if (this.#role?.type === 'uas') this.#kit.release(this.#role.setup.lapsed());
          break;
        case 'change':
          this.#usage?.giveUpChange();
          break;
        case 'refresh':
          this.#usage?.change('refresh', now);
          break;
        case 'expire':
          this.#expired(now);
          break;
        case 'glare':
          this.#usage?.retry(now);
          break;
        default:
          impossible(name);
      }
    }
    return this.#done();
  }

  /**
   * The session has run out unrefreshed (RFC 4028 §10). While the far party's voice still comes in, only the signalling is lost: the
   * call goes on, and the peer is asked again. It ends once nobody is heard, or where the peer says that it is over.
   */
  #expired(now: Instant): void {
    if (!this.#kit.isHeard(now)) return this.#end(releaseOfSilence(408, CAUSE.timerExpiry), 'ours');
    this.#usage?.change('refresh', now);
    this.#kit.timers.start('expire', now, LINGER);
  }

  /** The dialog that counts: ours as a UAS, the answered one as a UAC. */
  get #usage(): DialogUsage | undefined {
    return this.#role?.type === 'uas' ? this.#role.setup.usage : this.#role?.setup.winner;
  }

  /** The first dialog that rings, as a UAC. */
  get #early(): DialogUsage | undefined {
    if (this.#role?.type !== 'uac') return undefined;
    const [first] = this.#role.setup.usages();
    return first;
  }

  #queueOrAct(signal: Signal, now: Instant): void {
    if (signal.type === 'offer' && !isVoice(signal)) {
      this.#end(unsuitableBearer(), 'ours');
      return;
    }
    const opening = this.#kit.endpoint === undefined && this.#needsMedia(signal);
    if (opening) this.#kit.openMedia();
    if (!opening && this.#queue.length === 0) this.#act(signal, now);
    else if (this.#queue.length < MAX_QUEUE) this.#queue.push(signal);
  }

  #needsMedia(signal: Signal): boolean {
    if (signal.type === 'progress' || signal.type === 'alert') return this.#role?.type === 'uas' && signal.inBand;
    return signal.type === 'answer' || signal.type === 'offer';
  }

  #mediaReady(now: Instant): void {
    const { endpoint } = this.#kit;
    if (endpoint === undefined || this.#kit.released) return;
    if (this.#role?.type === 'uas') this.#role.setup.usage.oa.open(endpoint);
    const queue = this.#queue;
    this.#queue = [];
    for (const signal of queue) if (!this.#kit.released) this.#act(signal, now);
  }

  /** What the call says, its endpoint open where that is needed. */
  #act(signal: Signal, now: Instant): void {
    if (this.#role === undefined) {
      if (signal.type !== 'offer') return;
      const setup = new UacSetup(this.#kit, signal);
      this.#role = { type: 'uac', setup };
      setup.start();
    } else if (this.#role.type === 'uas' && !this.#role.setup.answered)
      this.#actUnanswered(this.#role.setup, signal, now);
    else this.#actInCall(signal, now);
  }

  #actUnanswered(setup: UasSetup, signal: Signal, now: Instant): void {
    if (signal.type === 'redirect') {
      const status = signal.origin?.protocol === 'sip' ? (signal.origin.status ?? 302) : 302;
      setup.redirect(status >= 300 && status < 400 ? status : 302, signal.targets);
      this.#kit.release(undefined);
      return;
    }
    const failed = setup.tell(signal, now);
    if (failed !== undefined) this.#kit.release(failed);
  }

  #actInCall(signal: Signal, now: Instant): void {
    const usage = this.#usage;
    switch (signal.type) {
      case 'hold':
      case 'resume':
        usage?.change(signal.type, now);
        break;
      case 'update':
        usage?.change('update', now, signal.codecs);
        break;
      case 'identity': {
        const { number, name } = signal.connected;
        const headers = assertedFor(
          number,
          name,
          this.#kit.setup.side,
          this.#kit.setup.destination === undefined ? 'called' : 'calling',
        );
        if (headers.length > 0) usage?.change('identity', now, [], headers);
        break;
      }
      case 'transferring':
        usage?.transferring();
        break;
      case 'transferred':
        usage?.transferred(signal.failure);
        break;
      case 'tone':
        this.#kit.sendDigit(signal.digit, signal.duration);
        break;
      default:
        // The rest has no meaning for an established SIP session: it is about a set-up, or an answer to what we didn't ask.
        break;
    }
  }

  /** Ends the leg from our side. `told`: by the call, which hears nothing of it; `ours`: the call is told why. */
  #end(release: Release, by: 'told' | 'ours'): void {
    this.#kit.release(by === 'ours' ? release : undefined);
    if (this.#role?.type === 'uac') this.#role.setup.hangUp(release);
    if (this.#role?.type !== 'uas') return;
    const { setup } = this.#role;
    if (!setup.answered) setup.refuse(release);
    else if (this.#confirmed) setup.usage.bye(reasons(release));
    else this.#byeOnAck = release;
  }

  #request(transaction: string, request: SipRequest, user: string | undefined, now: Instant): void {
    if (this.#role === undefined && request.method === 'INVITE' && !this.#kit.released) {
      const setup = UasSetup.begin(this.#kit, transaction, request, user);
      if (setup === undefined) return this.#kit.finish();
      this.#role = { type: 'uas', setup };
      const { patience } = setup;
      if (patience !== undefined) this.#kit.timers.start('invitation', now, patience);
      return;
    }
    const usage = this.#usageOf(request);
    if (usage === undefined) {
      this.#kit.respond(transaction, request, 481);
      return;
    }
    if (!usage.admit(transaction, request)) return;
    if (request.method === 'BYE') this.#bye(transaction, request, usage);
    else if (request.method === 'PRACK') this.#prack(transaction, request, now);
    else if (this.#kit.released) this.#kit.respond(transaction, request, 481);
    else usage.hear(transaction, request, now);
  }

  /** The dialog that a request belongs to, by the peer's tag. */
  #usageOf(request: SipRequest): DialogUsage | undefined {
    const from = fromOf(request);
    const tag = from === undefined ? undefined : tagOf(from);
    if (this.#role?.type === 'uas') {
      const { usage } = this.#role.setup;
      return usage.dialog.remoteTag === tag ? usage : undefined;
    }
    for (const usage of this.#role?.setup.usages() ?? []) if (usage.dialog.remoteTag === tag) return usage;
    return undefined;
  }

  #bye(transaction: string, request: SipRequest, usage: DialogUsage): void {
    this.#kit.respond(transaction, request, 200);
    usage.ended = true;
    // A BYE for a fork that lost, or for an early dialog of ours, ends only that.
    if (usage !== this.#usage) return;
    if (this.#role?.type === 'uas') this.#role.setup.terminate();
    this.#kit.release(releaseOfRequest(request));
  }

  #prack(transaction: string, request: SipRequest, now: Instant): void {
    if (this.#role?.type !== 'uas') {
      this.#kit.respond(transaction, request, 481);
      return;
    }
    const failed = this.#role.setup.prack(transaction, request, now);
    if (failed !== undefined) this.#kit.release(failed);
  }

  #ack(request: SipRequest, now: Instant): void {
    const usage = this.#usage;
    if (this.#role?.type !== 'uas' && usage === undefined) return;
    // One that the network has doubled may come while the 2xx of a later INVITE waits for its own, or an offer of ours is out.
    if (this.#kit.ackDue === undefined || cseqOf(request)?.number !== this.#kit.ackDue.cseq) return;
    this.#kit.ackDue = undefined;
    const sound = usage?.hearAck(request, now) ?? true;
    const first = this.#role?.type === 'uas' && !this.#confirmed;
    this.#confirmed = true;
    if (this.#byeOnAck !== undefined) {
      usage?.bye(reasons(this.#byeOnAck));
      this.#byeOnAck = undefined;
    } else if (!sound) this.#end(releaseOfSilence(503, CAUSE.bearerNotImplemented), 'ours');
    else if (first) this.#kit.say({ type: 'confirm' });
  }

  #cancelled(transaction: string, request: SipRequest): void {
    if (this.#role?.type !== 'uas' || this.#role.setup.transaction !== transaction || this.#role.setup.answered) return;
    this.#role.setup.terminate();
    this.#kit.release(releaseOfRequest(request));
  }

  #response(transaction: string, response: SipResponse, now: Instant): void {
    if (this.#role?.type === 'uac' && this.#role.setup.owns(transaction)) {
      this.#lose(this.#role.setup.hear(response, now));
      return;
    }
    for (const usage of this.#usages()) {
      if (usage.owns(transaction)) this.#lose(usage.hearResponse(transaction, response, now));
    }
  }

  #silence(transaction: string, status: 408 | 503, now: Instant): void {
    if (this.#role?.type === 'uac' && this.#role.setup.owns(transaction)) {
      this.#role.setup.silence(status);
      return;
    }
    for (const usage of this.#usages()) {
      if (usage.owns(transaction)) {
        this.#lose(usage.hearSilence(transaction, status, now));
        return;
      }
    }
    this.#noAnswerHeard(transaction, status);
  }

  /** A server transaction: our 2xx was never ACKed (RFC 3261 §13.3.1.4), or the INVITE can't be answered. */
  #noAnswerHeard(transaction: string, status: 408 | 503): void {
    if (transaction === this.#kit.ackDue?.transaction) {
      this.#kit.ackDue = undefined;
      this.#confirmed = true;
      if (this.#byeOnAck !== undefined) this.#usage?.bye(reasons(this.#byeOnAck));
      else if (!this.#kit.released) this.#end(releaseOfSilence(status, CAUSE.timerExpiry), 'ours');
      this.#byeOnAck = undefined;
    } else if (this.#role?.type === 'uas' && this.#role.setup.transaction === transaction && !this.#kit.released) {
      if (!this.#role.setup.answered) this.#end(releaseOfSilence(status, CAUSE.temporaryFailure), 'ours');
    }
  }

  *#usages(): Iterable<DialogUsage> {
    if (this.#role?.type === 'uas') yield this.#role.setup.usage;
    else if (this.#role !== undefined) yield* this.#role.setup.usages();
  }

  #lose(release: Release | undefined): void {
    if (release !== undefined && !this.#kit.released) this.#end(release, 'ours');
  }

  /** Ends every step: `gone` once nothing more is to come from the wire. */
  #done(): Effects {
    if (this.#kit.released && !this.#kit.gone && this.#finished) this.#kit.finish();
    return this.#kit.take();
  }

  get #finished(): boolean {
    if (this.#role === undefined) return true;
    if (this.#role.type === 'uac') return this.#role.setup.finished;
    const { setup } = this.#role;
    return setup.refused || setup.usage.ended;
  }
}

/** G.711 carries voice and modems' audio; a data call in it would arrive with every octet changed (RFC 3398 §8.2.1.1). */
const isVoice = ({ bearer }: Offer): boolean => bearer.capability === 'speech' || bearer.capability === 'audio-3k1';

const unsuitableBearer = (): Release => ({
  type: 'release',
  cause: CAUSE.bearerNotImplemented,
  location: 'private-local',
  origin: undefined,
});
