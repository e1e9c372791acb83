import { CAUSE } from '../call/cause.ts';
import type { ConnectedParty, Release, Signal } from '../call/signal.ts';
import { token } from '../kernel/random.ts';
import { type Instant, type Millis, seconds } from '../kernel/time.ts';
import { dialogOfRequest, refreshed } from '../sip/dialog/dialog.ts';
import { descriptionOf } from '../sip/message/body.ts';
import { checkSupport } from '../sip/message/check.ts';
import { expiresOf, fromOf, tagsOf } from '../sip/message/fields.ts';
import type { HeaderPairs, SipRequest } from '../sip/message/message.ts';
import { printNameAddr } from '../sip/message/name-addr.ts';
import { tagIn } from '../sip/transaction/keys.ts';
import { divertersOf } from './sip-leg-history.ts';
import { assertedFor, callerOf, numberOfUri } from './sip-leg-identity.ts';
import { CONTENT_TYPES, EXTENSIONS, type LegKit, METHODS, SDP } from './sip-leg-kit.ts';
import type { BadSession } from './sip-leg-offer-answer.ts';
import { recordOfInvite } from './sip-leg-record.ts';
import { originOf, refusalOf, releaseOfSilence } from './sip-leg-release.ts';
import { Provisionals } from './sip-leg-reliable.ts';
import { DialogUsage } from './sip-leg-usage.ts';
import type { InviteRecord, SipSide } from './sip-leg-words.ts';

/** An invitation that is to last longer than a day, seconds, has no end that would matter. */
const LONGEST_INVITATION = 86_400;

/** The set-up of a call that came to us as an INVITE, until our 2xx is ACKed: RFC 3261 §13.3, RFC 3262 §3. */
export class UasSetup {
  readonly #kit: LegKit;
  readonly #transaction: string;
  readonly #invite: SipRequest;
  readonly usage: DialogUsage;
  #stage: 'proceeding' | 'answered' | 'refused' = 'proceeding';
  readonly #peer: { readonly supports: boolean; readonly requires: boolean };
  /** Our answer went out in a provisional that may be lost, so the 2xx says it again. */
  #unsure = false;
  readonly #provisionals: Provisionals;
  #answer: ConnectedParty | undefined;

  private constructor(kit: LegKit, transaction: string, invite: SipRequest, usage: DialogUsage) {
    this.#kit = kit;
    this.#transaction = transaction;
    this.#invite = invite;
    this.usage = usage;
    const required = tagsOf(invite.headers, 'Require').includes('100rel');
    this.#peer = { requires: required, supports: required || tagsOf(invite.headers, 'Supported').includes('100rel') };
    this.#provisionals = new Provisionals(kit, transaction, invite, usage.dialog.localTag);
  }

  /** Takes the INVITE and says the offer; undefined when it was refused on the spot. */
  static begin(kit: LegKit, transaction: string, invite: SipRequest, user: string | undefined): UasSetup | undefined {
    const { side, random } = kit.setup;
    const localTag = token(random, 8);
    const refuse = (status: number, headers: HeaderPairs = []): undefined => {
      kit.respond(transaction, invite, status, { toTag: localTag, headers });
      return undefined;
    };
    const wrong = unsupported(invite, side);
    if (wrong !== undefined) return refuse(wrong.status, wrong.headers);
    // A dialog that we don't have: its INVITE can't begin a call (§12.2.2).
    if (tagIn(invite, 'To') !== undefined) return refuse(481);
    const dialog = dialogOfRequest(invite, localTag);
    if (!dialog.ok) return refuse(400);
    const usage = new DialogUsage(kit, dialog.value, kit.newSession());
    usage.learn(invite);
    const least = usage.timer.tooSmall(invite);
    if (least !== undefined) return refuse(422, [['Min-SE', String(least)]]);
    const body = descriptionOf(invite);
    const heard = body.length === 0 ? undefined : usage.oa.hearOffer(body);
    if (heard?.ok === false) return refuse(heard.error.status, usage.warning(heard.error));
    const setup = new UasSetup(kit, transaction, invite, usage);
    const caller = callerOf(invite, side, user);
    const from = fromOf(invite);
    kit.say({
      type: 'offer',
      called: numberOfUri(invite.uri),
      complete: true,
      caller: caller.number,
      callerName: caller.name,
      redirecting: divertersOf(invite, side.trusted),
      bearer: { capability: 'audio-3k1', law: undefined },
      codecs: heard?.ok ? heard.value : [],
      uri: {
        request: invite.uri,
        from: from === undefined ? '' : printNameAddr(from),
        user,
        access: invite.headers.get('P-Access-Network-Info'),
      },
      origin: originOf(invite),
    });
    return setup;
  }

  /** How long the caller waits for an answer, where he says it (RFC 3261 §13.3.1). */
  get patience(): Millis | undefined {
    const expires = expiresOf(this.#invite);
    return expires === undefined || expires > LONGEST_INVITATION ? undefined : seconds(expires);
  }

  /** He has waited so long. */
  lapsed(): Release {
    this.terminate();
    return { type: 'release', cause: CAUSE.timerExpiry, location: 'user', origin: undefined };
  }

  /** What would refuse it after a crash; undefined once it has its final response. */
  get record(): InviteRecord | undefined {
    return this.#stage === 'proceeding' ? recordOfInvite(this.#invite, this.usage.dialog.localTag) : undefined;
  }

  get transaction(): string {
    return this.#transaction;
  }

  get answered(): boolean {
    return this.#stage === 'answered';
  }

  /** The INVITE has had a final response other than 2xx. */
  get refused(): boolean {
    return this.#stage === 'refused';
  }

  /** What the call says while nobody has answered. */
  tell(signal: Signal, now: Instant): Release | undefined {
    if (this.#stage !== 'proceeding') return undefined;
    switch (signal.type) {
      case 'proceed':
        this.#kit.respond(this.#transaction, this.#invite, 100);
        return undefined;
      case 'progress': {
        const cause: HeaderPairs = signal.cause === undefined ? [] : [['Reason', `Q.850;cause=${signal.cause}`]];
        return this.#provisional(183, signal.inBand, cause, now);
      }
      case 'alert':
        return this.#provisional(180, signal.inBand, [], now);
      case 'answer':
        this.#answer = signal.connected;
        return this.#accept(now);
      default:
        return undefined;
    }
  }

  /** 180 or 183; what is to be heard in-band makes it a 183 if there is a way to carry the description. */
  #provisional(usual: 180 | 183, inBand: boolean, headers: HeaderPairs, now: Instant): Release | undefined {
    const { side } = this.#kit.setup;
    const mayRely = this.#peer.supports && side.reliable !== 'off';
    const { oa } = this.usage;
    let body: Uint8Array | undefined;
    const offerless = oa.pending === undefined && oa.agreed === undefined;
    if (inBand && oa.pending === 'them') {
      const answered = oa.answer();
      if (!answered.ok) return this.#unsuitable(answered.error);
      body = answered.value;
    } else if (inBand && offerless && mayRely) body = oa.offer();
    else if (this.#unsure) body = oa.current;
    this.usage.aim();
    const rely = this.#peer.requires || (mayRely && (side.reliable === 'required' || body !== undefined));
    if (body !== undefined && !rely) this.#unsure = true;
    const audible = inBand && (body !== undefined || oa.agreed !== undefined);
    const provisional = { status: audible ? 183 : usual, headers, body };
    if (rely) this.#provisionals.sendReliably(provisional, now);
    else this.#provisionals.send(provisional, now);
    return undefined;
  }

  /** The PRACK is late. */
  resend(now: Instant): void {
    this.#provisionals.resend(now);
  }

  /** It has rung for another minute. */
  repeat(now: Instant): void {
    this.#provisionals.repeat(now);
  }

  /** 64·T1 without a PRACK: the INVITE is refused (RFC 3262 §3). */
  unacknowledged(): Release {
    const release = releaseOfSilence(408, CAUSE.timerExpiry);
    this.#final(504, []);
    return release;
  }

  /** A PRACK that has been admitted to the dialog. */
  prack(transaction: string, request: SipRequest, now: Instant): Release | undefined {
    if (!this.#provisionals.acknowledged(request)) {
      this.#kit.respond(transaction, request, 481);
      return undefined;
    }
    const body = this.#exchange(transaction, request);
    if (body !== 'refused') {
      this.#kit.respond(transaction, request, 200, body === undefined ? {} : { headers: [SDP], body });
      this.usage.aim();
    }
    if (this.#stage !== 'proceeding') return undefined;
    if (this.#answer !== undefined) return this.#accept(now);
    this.#provisionals.next(now);
    return undefined;
  }

  /** The PRACK's description: the answer to the offer in our provisional, or a new offer (RFC 3262 §5). */
  #exchange(transaction: string, request: SipRequest): Uint8Array | undefined | 'refused' {
    const { oa } = this.usage;
    const body = descriptionOf(request);
    if (oa.pending === 'us') {
      const answered = oa.hearAnswer(body);
      if (answered.ok) return undefined;
      this.usage.refuse(transaction, request, answered.error);
      return 'refused';
    }
    if (body.length === 0) return undefined;
    const heard = oa.hearOffer(body);
    const answered = heard.ok ? oa.answer() : heard;
    if (answered.ok) return answered.value;
    this.usage.refuse(transaction, request, answered.error);
    return 'refused';
  }

  /** Sends the 2xx, unless a description is still on its way under a PRACK (RFC 3262 §3). */
  #accept(now: Instant): Release | undefined {
    if (this.#answer === undefined || this.#provisionals.describing) return undefined;
    const { oa } = this.usage;
    let body = this.#provisionals.unsent;
    if (oa.pending === 'them') {
      const answered = oa.answer();
      if (!answered.ok) return this.#unsuitable(answered.error);
      body = answered.value;
    } else if (oa.agreed === undefined && oa.pending === undefined) body = oa.offer();
    else if (this.#unsure) body = oa.current;
    const { number, name } = this.#answer;
    const headers: HeaderPairs = [
      ...this.#kit.contact,
      ...this.#kit.abilities,
      ...this.usage.timer.accept(this.#invite, now),
      ...assertedFor(number, name, this.#kit.setup.side, 'called'),
      ...(body === undefined ? [] : [SDP]),
    ];
    this.usage.dialog = refreshed({ ...this.usage.dialog, confirmed: true }, this.#invite);
    this.#final(200, headers, body);
    this.usage.aim();
    return undefined;
  }

  #unsuitable(bad: BadSession): Release {
    this.#final(bad.status, this.usage.warning(bad));
    const origin = { protocol: 'sip', status: bad.status, reason: bad.why, headers: [] } as const;
    return { type: 'release', cause: CAUSE.bearerNotImplemented, location: 'private-local', origin };
  }

  #final(status: number, headers: HeaderPairs, body?: Uint8Array, reason?: string): void {
    const toTag = this.usage.dialog.localTag;
    const parts = {
      toTag,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(reason === undefined ? {} : { reason }),
    };
    this.#kit.respond(this.#transaction, this.#invite, status, parts);
    this.#kit.timers.stop('invitation');
    this.#stage = status < 300 ? 'answered' : 'refused';
    this.#provisionals.stop();
  }

  /** The call refuses. */
  refuse(release: Release): void {
    if (this.#stage !== 'proceeding') return;
    const { status, headers, reason } = refusalOf(release, this.#kit.setup.side.causes);
    this.#final(status, headers, undefined, reason);
  }

  /** The call knows better places (RFC 3261 §8.3); `status` is 300–399. */
  redirect(status: number, targets: readonly string[]): void {
    if (this.#stage !== 'proceeding') return;
    this.#final(
      status,
      targets.slice(0, 10).map((uri): readonly [string, string] => ['Contact', `<${uri}>`]),
    );
  }

  /** The caller gave up: by CANCEL, or by BYE in the early dialog (RFC 3261 §15.1.2). */
  terminate(): void {
    if (this.#stage === 'proceeding') this.#final(487, []);
  }
}

/** What the INVITE demands and we can't do, or the other way round. */
function unsupported(
  invite: SipRequest,
  side: SipSide,
): { readonly status: number; readonly headers: HeaderPairs } | undefined {
  const extensions = EXTENSIONS.filter((tag) => tag !== '100rel' || side.reliable !== 'off');
  const refusal = checkSupport(invite, { methods: METHODS, extensions, contentTypes: CONTENT_TYPES.slice(0, 2) });
  if (refusal !== undefined) return refusal;
  const tags = [...tagsOf(invite.headers, 'Supported'), ...tagsOf(invite.headers, 'Require')];
  if (side.reliable !== 'required' || tags.includes('100rel')) return undefined;
  return { status: 421, headers: [['Require', '100rel']] };
}
