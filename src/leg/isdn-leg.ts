import { CAUSE } from '../call/cause.ts';
import type { CallLeg, LegEffect } from '../call/leg.ts';
import type { Law, LegMediaEvent } from '../call/media.ts';
import type { Offer, Release, Signal } from '../call/signal.ts';
import { promisesName } from '../isdn/q931/ie/facility.ts';
import { inBand } from '../isdn/q931/ie/progress.ts';
import type { CallIndication, CallRequest, ChannelChoice } from '../isdn/q931/primitives.ts';
import { impossible } from '../kernel/machine.ts';
import { type Instant, type Millis, seconds } from '../kernel/time.ts';
import { Timers } from '../kernel/timers.ts';
import {
  answerOf,
  clearingOf,
  connectOf,
  IN_BAND,
  notificationOf,
  notifyOf,
  offerOf,
  progressOf,
  releaseOf,
  setupOf,
} from './isdn-leg-words.ts';

/** What a trunk says of its legs; all of it has a default. */
/** What a leg is made with beside its call. */
export interface IsdnLegSettings {
  /** What an outgoing call asks for; an incoming one has its channel from SETUP. */
  readonly channel: ChannelChoice;
  readonly law: Law;
  /** How long an announcement that comes with DISCONNECT is heard before we clear: T306's time (Q.931 §5.4.2). */
  readonly announcement: Millis;
  /** How long a call that comes in waits for the caller's name when SETUP promises that it follows. */
  readonly name: Millis;
}

const ISDN_LEG_DEFAULTS: IsdnLegSettings = {
  channel: { type: 'any', order: 'ascending', exclusive: true },
  law: 'ulaw',
  announcement: seconds(30),
  name: seconds(2),
};

type Effect = LegEffect<CallRequest>;

/**
 * A call's side on the ISDN: the indications of one call handle heard, requests for it sent. The Q.931 group absorbs glare
 * and sequence errors; here words are translated, and audio is opened as soon as the B-channel is agreed.
 */
export class IsdnLeg implements CallLeg<CallIndication, CallRequest> {
  readonly #settings: IsdnLegSettings;
  readonly #timers = new Timers<'announcement' | 'name'>();
  /** `idle`: nothing heard or sent. `ending`: the call is told, or told us; the wire isn't done. */
  #state: 'idle' | 'open' | 'answered' | 'ending' | 'gone' = 'idle';
  #tdm = false;
  #alerted = false;
  #proceeded = false;
  /** An offer that waits for the caller's name. */
  #nameless: Offer | undefined;
  /** What the far end said when it began to clear with an announcement. */
  #farewell: Release | undefined;

  constructor(settings: Partial<IsdnLegSettings> = {}) {
    this.#settings = { ...ISDN_LEG_DEFAULTS, ...settings };
  }

  get deadline(): Instant | undefined {
    return this.#timers.deadline;
  }

  tell(signal: Signal, _now: Instant): readonly Effect[] {
    if (this.#state === 'ending' || this.#state === 'gone') return [];
    switch (signal.type) {
      case 'offer':
        if (this.#state !== 'idle') return [];
        this.#state = 'open';
        return [wire(setupOf(signal, this.#settings.channel, this.#settings.law))];
      case 'proceed':
        return this.#proceed();
      case 'need-digits':
        return [wire({ type: 'setup-acknowledge' })];
      case 'digits':
        return [wire({ type: 'information', digits: signal.digits, complete: signal.complete })];
      case 'alert':
        return this.#alert();
      case 'progress':
        return signal.inBand ? [wire(progressRequest(signal))] : [];
      case 'answer':
        this.#state = 'answered';
        return [wire(connectOf(signal))];
      case 'identity':
        return signal.connected.name === undefined ? [] : [wire({ type: 'identity', name: signal.connected.name })];
      case 'notify':
        return [wire(notifyOf(signal.what))];
      case 'hold':
        return [wire(notifyOf('remote-hold'))];
      case 'resume':
        return [wire(notifyOf('remote-retrieval'))];
      case 'tone':
        return [media({ type: 'send-digit', digit: signal.digit, duration: signal.duration })];
      case 'update':
        // A B-channel carries G.711 whatever the other side prefers.
        return [say({ type: 'accepted', codecs: signal.codecs })];
      case 'release':
        return this.#release(signal);
      case 'confirm':
      case 'accepted':
      case 'refused':
      case 'transfer':
      case 'transferring':
      case 'transferred':
      case 'redirect':
        // The ISDN has no word for these; what can be done about them is the call's to do.
        return [];
      default:
        return impossible(signal);
    }
  }

  /** Once: it may have gone out while a name was awaited. */
  #proceed(): readonly Effect[] {
    if (this.#proceeded) return [];
    this.#proceeded = true;
    return [wire({ type: 'proceeding' })];
  }

  /** Our ring-back or the far end's is in the channel either way, so ALERTING always says so. A second one would say nothing new. */
  #alert(): readonly Effect[] {
    if (this.#alerted) return [];
    this.#alerted = true;
    return [wire({ type: 'alerting', progress: IN_BAND })];
  }

  #release(signal: Release): readonly Effect[] {
    this.#timers.stopAll();
    if (this.#state === 'idle') return this.#goneNow();
    this.#state = 'ending';
    return [wire(clearingOf(signal))];
  }

  hear(indication: CallIndication, now: Instant): readonly Effect[] {
    if (this.#state === 'gone') return [];
    switch (indication.type) {
      case 'release':
        return [...this.#offer(), ...this.#over(releaseOf(indication.cause, indication.elements))];
      case 'channel': {
        this.#tdm = true;
        return [media({ type: 'open-tdm', channel: indication.channel, law: this.#settings.law })];
      }
      case 'identity':
        if (this.#nameless !== undefined) return this.#offer({ ...this.#nameless, callerName: indication.name });
        break;
      default:
        break;
    }
    return this.#state === 'ending' ? [] : [...this.#offer(), ...this.#translate(indication, now)];
  }

  /**
   * An offer that was held back is said: with the name that has come, or without it once something else has.
   */
  #offer(offer = this.#nameless): readonly Effect[] {
    if (offer === undefined) return [];
    this.#nameless = undefined;
    this.#timers.stop('name');
    return [say(offer)];
  }

  /** Of a caller whose name is promised: CALL PROCEEDING at once, since the network sends the name behind it, and the offer after. */
  #setup(setup: Extract<CallIndication, { type: 'setup' }>, now: Instant): readonly Effect[] {
    this.#state = 'open';
    const offer = offerOf(setup);
    const awaited = setup.complete && setup.callerName === undefined && setup.elements.some(promisesName);
    if (!awaited) return [say(offer)];
    this.#nameless = offer;
    this.#timers.start('name', now, this.#settings.name);
    return this.#proceed();
  }

  #translate(
    indication: Exclude<CallIndication, { type: 'release' } | { type: 'channel' }>,
    now: Instant,
  ): readonly Effect[] {
    switch (indication.type) {
      case 'setup':
        return this.#setup(indication, now);
      case 'setup-acknowledge':
        return [say({ type: 'need-digits' }), ...heardInBand(indication)];
      case 'information':
        return [say({ type: 'digits', digits: indication.digits, complete: indication.complete })];
      case 'proceeding':
        return [say({ type: 'proceed' }), ...heardInBand(indication)];
      case 'alerting':
        return [say({ type: 'alert', inBand: inBand(indication.progress) })];
      case 'progress':
        return [say(progressOf(indication.progress, indication.cause))];
      case 'connect':
        this.#state = 'answered';
        return [say(answerOf(indication))];
      case 'connected':
        return [say({ type: 'confirm' })];
      case 'notify': {
        const signal = notificationOf(indication.indicator);
        return signal === undefined ? [] : [say(signal)];
      }
      case 'identity':
        return [say({ type: 'identity', connected: { number: undefined, name: indication.name } })];
      case 'disconnect':
        return this.#disconnected(indication, now);
      default:
        return impossible(indication);
    }
  }

  /** Before the answer, DISCONNECT with something to hear lets it be heard (§5.4.2); otherwise we clear with it. */
  #disconnected(
    { cause, progress, elements }: Extract<CallIndication, { type: 'disconnect' }>,
    now: Instant,
  ): readonly Effect[] {
    const release = releaseOf(cause, elements);
    if (this.#state === 'open' && this.#tdm && inBand(progress)) {
      this.#farewell = release;
      this.#timers.start('announcement', now, this.#settings.announcement);
      return [say(progressOf(progress, cause))];
    }
    return this.#end(release);
  }

  /** Says the release, and clears on the wire. */
  #end(release: Release): readonly Effect[] {
    this.#timers.stopAll();
    this.#state = 'ending';
    return [wire(clearingOf(release)), say(release)];
  }

  /** The wire is done. */
  #over(release: Release): readonly Effect[] {
    const said = this.#state === 'ending' ? [] : [say(this.#farewell ?? release)];
    return [...said, ...this.#goneNow()];
  }

  #goneNow(): readonly Effect[] {
    this.#timers.stopAll();
    this.#state = 'gone';
    const closed: readonly Effect[] = this.#tdm ? [media({ type: 'close' })] : [];
    return [...closed, { type: 'gone' }];
  }

  media(event: LegMediaEvent, _now: Instant): readonly Effect[] {
    if (this.#state === 'ending' || this.#state === 'gone') return [];
    switch (event.type) {
      case 'failed':
        return this.#end({
          type: 'release',
          cause: CAUSE.temporaryFailure,
          location: 'private-local',
          origin: undefined,
        });
      case 'ready':
      case 'digit':
      case 'silent':
      case 'played':
        // The plane passes digits on by itself. A B-channel is never silent in the sense of RTP: the circuit runs as long as the call.
        return [];
      default:
        return impossible(event);
    }
  }

  wake(now: Instant): readonly Effect[] {
    switch (this.#timers.take(now)) {
      case 'name':
        return this.#offer();
      case 'announcement':
        return this.#farewell === undefined ? [] : this.#end(this.#farewell);
      case undefined:
        return [];
    }
  }
}

const say = (signal: Signal): Effect => ({ type: 'say', signal });
const wire = (message: CallRequest): Effect => ({ type: 'wire', message });
const media = (command: Extract<Effect, { type: 'media' }>['command']): Effect => ({ type: 'media', command });

/** In-band information that comes with a message which itself means something else. */
function heardInBand({ progress }: Extract<CallIndication, { type: 'proceeding' | 'setup-acknowledge' }>): Effect[] {
  return inBand(progress) ? [say(progressOf(progress, undefined))] : [];
}

function progressRequest({ cause }: Extract<Signal, { type: 'progress' }>): CallRequest {
  if (cause === undefined) return { type: 'progress', progress: IN_BAND };
  return { type: 'progress', progress: IN_BAND, cause: { cause, location: 'private-local', diagnostics: undefined } };
}
