/**
 * One call: an A-leg, and attempts to reach somebody for it. It knows neither ISDN nor SIP; legs speak signals to it and it
 * speaks signals to them. Everything that moves a call's state is in this file.
 */
import { impossible, type Machine } from '../kernel/machine.ts';
import type { Instant } from '../kernel/time.ts';
import { Timers } from '../kernel/timers.ts';
import {
  type CallEffect,
  type CallEvent,
  type Caller,
  type CallLimits,
  DEFAULT_LIMITS,
  type Ending,
  type ReleasedBy,
  type Step,
} from './call-words.ts';
import { CallerSide } from './caller-side.ts';
import { CAUSE, type Cause } from './cause.ts';
import { endingOf, mayTryNext, moreTelling } from './next-hop.ts';
import type { Offer, Release, Signal } from './signal.ts';

/** More digits than any numbering plan has; what is dialled beyond is refused as an invalid number. */
const MAX_DIGITS = 64;

/** `transferring`: one of the two has been lent to another call. */
type State = 'new' | 'collecting' | 'deciding' | 'dialling' | 'talking' | 'transferring' | 'ending' | 'over';
type TimerName = 'digits' | 'ring' | 'step' | 'duration';

interface Attempt {
  readonly leg: string;
  heardProvisional: boolean;
  live: boolean;
}

/**
 * One call: its events in, its effects out. It knows neither ISDN nor SIP; time and the ids of legs come with the events.
 */
export class Call implements Machine<CallEvent, CallEffect> {
  readonly id: string;
  readonly #caller: CallerSide;
  readonly #limits: CallLimits;
  readonly #timers = new Timers<TimerName>();
  readonly #attempts = new Map<string, Attempt>();
  readonly #legs = new Set<string>();
  #state: State = 'new';
  #offer: Offer | undefined;
  #steps: Step[] = [];
  /** Hops of this decision that have been dialled: none is tried twice. */
  readonly #tried = new Set<string>();
  /** The step under way. */
  #step: Step | undefined;
  #count = 0;
  #askedForDigits = false;
  #failure: Release | undefined;
  /** Other places that an attempt has named. */
  #redirect: Signal | undefined;
  /** Who has the other on hold. */
  readonly #holding = new Set<string>();
  #lent: string | undefined;

  constructor(id: string, caller: Caller, limits: CallLimits = DEFAULT_LIMITS) {
    this.id = id;
    this.#caller = new CallerSide(caller);
    this.#limits = limits;
    this.#legs.add(caller.leg);
  }

  get deadline(): Instant | undefined {
    return this.#timers.deadline;
  }

  /** For the status page: where the call stands. */
  get state(): State {
    return this.#state;
  }

  /** The offer as it stands, with the digits collected so far. */
  get offer(): Offer | undefined {
    return this.#offer;
  }

  /** The leg that the caller talks to or hears; undefined before that. */
  get other(): string | undefined {
    return this.#caller.ear;
  }

  /** What a leg is in this call: one who talks, the caller for whom somebody is sought, or one who is rung. */
  standing(leg: string): 'talks' | 'calls' | 'rings' | undefined {
    if (this.#state === 'talking' && (leg === this.#caller.leg || leg === this.#caller.ear)) return 'talks';
    if (this.#state !== 'dialling' && this.#state !== 'deciding') return undefined;
    if (leg === this.#caller.leg) return 'calls';
    return this.#attempts.get(leg)?.live ? 'rings' : undefined;
  }

  feed(event: CallEvent, now: Instant): readonly CallEffect[] {
    switch (event.type) {
      case 'heard':
        return event.leg === this.#caller.leg
          ? this.#heardCaller(event.signal, now)
          : this.#heardCalled(event.leg, event.signal, now);
      case 'gone':
        return this.#gone(event.leg, now);
      case 'decided':
        return this.#decided(event.steps, now);
      case 'collect':
        return this.#collect(now);
      case 'refused':
        return this.#state === 'deciding' ? this.#end(event.release, 'us') : [];
      case 'end':
        // Nobody is given back: that would begin another call.
        this.#caller.caller = { ...this.#caller.caller, inCall: false };
        return this.#end(ourRelease(event.cause), 'us');
      case 'lend':
        return this.#lend(event.leg);
      case 'returned':
        return this.#returned(event.leg);
      case 'parted':
        return this.#lent === event.leg ? this.#end(event.release, event.by, event.leg) : [];
      case 'replace':
        return this.#replace(event.leg, event.by, now);
      default:
        return impossible(event);
    }
  }

  wake(now: Instant): readonly CallEffect[] {
    const effects: CallEffect[] = [];
    for (let name = this.#timers.take(now); name !== undefined; name = this.#timers.take(now)) {
      switch (name) {
        case 'digits':
          effects.push(...this.#digitsComplete());
          break;
        case 'ring':
          effects.push(...this.#end(ourRelease(CAUSE.noAnswer), 'us'));
          break;
        case 'step':
          effects.push(...this.#rungOut(now));
          break;
        case 'duration':
          effects.push(...this.#end(ourRelease(CAUSE.normalClearing), 'us'));
          break;
        default:
          impossible(name);
      }
    }
    return effects;
  }

  #heardCaller(signal: Signal, now: Instant): readonly CallEffect[] {
    switch (signal.type) {
      case 'offer':
        return this.#offered(signal, now);
      case 'digits':
        return this.#digits(signal.digits, signal.complete);
      case 'release':
        return this.#end(signal, 'caller');
      default:
        return this.#pass(this.#caller.leg, signal);
    }
  }

  #offered(offer: Offer, now: Instant): readonly CallEffect[] {
    if (this.#state !== 'new') return [];
    this.#offer = offer;
    this.#state = 'deciding';
    if (offer.complete) return [{ type: 'decide', offer }];
    // The pause counts from now on, whatever is decided about the first digits.
    this.#timers.start('digits', now, this.#limits.digitPause);
    return [{ type: 'decide', offer }];
  }

  #collect(now: Instant): readonly CallEffect[] {
    if (this.#state !== 'deciding') return [];
    this.#state = 'collecting';
    this.#timers.start('digits', now, this.#limits.digitPause);
    return this.#askForDigits();
  }

  /** Once: after that the caller knows that we listen. */
  #askForDigits(): readonly CallEffect[] {
    if (this.#askedForDigits) return [];
    this.#askedForDigits = true;
    return [{ type: 'tell', leg: this.#caller.leg, signal: { type: 'need-digits' } }];
  }

  #digits(digits: string, complete: boolean): readonly CallEffect[] {
    if (this.#state === 'dialling') return this.#overlapOn(digits, complete);
    if (this.#state !== 'collecting' || this.#offer === undefined) return [];
    const all = this.#offer.called.digits + digits;
    if (all.length > MAX_DIGITS) return this.#end(ourRelease(CAUSE.invalidNumber), 'us');
    this.#offer = { ...this.#offer, called: { ...this.#offer.called, digits: all } };
    if (complete || all.endsWith('#')) return this.#digitsComplete();
    this.#state = 'deciding';
    return [{ type: 'decide', offer: this.#offer }];
  }

  /** Digits after we have dialled belong to the attempts that asked for more. */
  #overlapOn(digits: string, complete: boolean): readonly CallEffect[] {
    const signal: Signal = { type: 'digits', digits, complete };
    return [...this.#attempts.values()].filter((a) => a.live).map((a) => ({ type: 'tell', leg: a.leg, signal }));
  }

  #digitsComplete(): readonly CallEffect[] {
    if (this.#state !== 'collecting' || this.#offer === undefined) return [];
    this.#timers.stop('digits');
    const digits = this.#offer.called.digits.replace(/#$/, '');
    this.#offer = { ...this.#offer, complete: true, called: { ...this.#offer.called, digits } };
    this.#state = 'deciding';
    return [{ type: 'decide', offer: this.#offer }];
  }

  #decided(steps: readonly Step[], now: Instant): readonly CallEffect[] {
    if (this.#state !== 'deciding') return [];
    this.#state = 'dialling';
    this.#timers.stop('digits');
    this.#steps = [...steps];
    this.#tried.clear();
    this.#timers.start('ring', now, this.#limits.ring);
    return [...(this.#offer?.complete ? this.#caller.proceed() : this.#askForDigits()), ...this.#dialNext(now)];
  }

  /** `otherwise`: why the last step came to nothing, which the caller is told where none is left. */
  #dialNext(now: Instant, otherwise = ourRelease(CAUSE.noRouteToDestination)): readonly CallEffect[] {
    const step = this.#steps.shift();
    const offer = this.#offer;
    this.#step = step;
    this.#timers.stop('step');
    if (step?.ring !== undefined) this.#timers.start('step', now, step.ring);
    if (step === undefined || offer === undefined) {
      return this.#end(otherwise, 'called');
    }
    const hops = step.hops.filter((hop) => !this.#tried.has(hop));
    if (hops.length === 0) {
      this.#turn('any');
      return this.#dialNext(now, otherwise);
    }
    return hops.map((hop) => {
      this.#tried.add(hop);
      const leg = `${this.id}.b${++this.#count}`;
      this.#attempts.set(leg, { leg, heardProvisional: false, live: true });
      this.#legs.add(leg);
      return { type: 'dial', leg, hop, offer } as const;
    });
  }

  #heardCalled(leg: string, signal: Signal, now: Instant): readonly CallEffect[] {
    const attempt = this.#attempts.get(leg);
    if (attempt === undefined || !attempt.live) return [];
    if (signal.type === 'release') return this.#attemptEnded(attempt, signal, now);
    attempt.heardProvisional = true;
    if (this.#inConversation) return this.#pass(leg, signal);
    if (this.#state !== 'dialling') return [];
    switch (signal.type) {
      case 'alert':
        return this.#alerting(leg, signal.inBand);
      case 'progress':
        return this.#progress(attempt, signal, now);
      case 'answer':
        return this.#answered(leg, signal, now);
      case 'proceed':
        return this.#caller.proceed();
      case 'need-digits':
        return [];
      case 'redirect':
        // Others may still answer: the caller hears of it only when it is how the call ends.
        this.#redirect = signal;
        return [];
      default:
        return this.#caller.tell(signal);
    }
  }

  #alerting(leg: string, inBand: boolean): readonly CallEffect[] {
    return inBand ? this.#caller.hear(leg, { type: 'alert', inBand: true }) : this.#caller.alerting(leg);
  }

  #progress(
    attempt: Attempt,
    { inBand, cause }: Extract<Signal, { type: 'progress' }>,
    now: Instant,
  ): readonly CallEffect[] {
    if (cause !== undefined && this.#steps.length > 0) {
      const failure: Release = { type: 'release', cause, location: 'public-local', origin: undefined };
      if (mayTryNext(failure, true)) {
        return [{ type: 'tell', leg: attempt.leg, signal: failure }, ...this.#attemptEnded(attempt, failure, now)];
      }
    }
    if (!inBand) return [];
    return this.#caller.hear(attempt.leg, { type: 'progress', inBand: true, cause });
  }

  #answered(leg: string, answer: Signal, now: Instant): readonly CallEffect[] {
    this.#state = 'talking';
    this.#timers.stop('ring');
    this.#timers.stop('step');
    if (this.#limits.duration !== undefined) this.#timers.start('duration', now, this.#limits.duration);
    const effects: CallEffect[] = [];
    for (const other of this.#attempts.values()) {
      if (!other.live || other.leg === leg) continue;
      other.live = false;
      // 26, non-selected user clearing: somebody else has answered (Q.850 §2.2.7.1.17; RFC 3326 in the CANCEL).
      effects.push({ type: 'tell', leg: other.leg, signal: ourRelease(26 as Cause) });
    }
    effects.push(...this.#caller.answered(leg, answer));
    effects.push({ type: 'answered', leg });
    return effects;
  }

  /** Between two legs that talk, a signal goes across as it is. */
  #pass(from: string, signal: Signal): readonly CallEffect[] {
    if (signal.type === 'hold') this.#holding.add(from);
    if (signal.type === 'resume') this.#holding.delete(from);
    const to = this.#state === 'talking' ? this.#otherThan(from) : undefined;
    if (signal.type === 'transfer') {
      if (to !== undefined) return [{ type: 'transfer', by: from, of: to, wanted: signal }];
      return [{ type: 'tell', leg: from, signal: { type: 'transferred', failure: ourRelease(CAUSE.rejected) } }];
    }
    return to === undefined ? [] : [{ type: 'tell', leg: to, signal }];
  }

  /** Of the two who talk, or would if one of them were not lent, the one that is not this. */
  #otherThan(leg: string): string | undefined {
    if (leg === this.#caller.leg) return this.#caller.ear;
    return leg === this.#caller.ear ? this.#caller.leg : undefined;
  }

  #lend(leg: string): readonly CallEffect[] {
    const other = this.#state === 'talking' ? this.#otherThan(leg) : undefined;
    if (other === undefined) return [];
    this.#state = 'transferring';
    this.#lent = leg;
    this.#legs.delete(leg);
    return [this.#caller.media('part'), ...this.#heldBy(other, leg, 'resume')];
  }

  #returned(leg: string): readonly CallEffect[] {
    const other = this.#lent === leg && this.#state === 'transferring' ? this.#otherThan(leg) : undefined;
    if (other === undefined) return [];
    this.#state = 'talking';
    this.#lent = undefined;
    this.#legs.add(leg);
    return [this.#caller.media('join'), ...this.#heldBy(other, leg, 'hold')];
  }

  /** Whoever is on hold is told when that changes without a word from who holds. */
  #heldBy(holder: string, held: string, signal: 'hold' | 'resume'): readonly CallEffect[] {
    return this.#holding.has(holder) ? [{ type: 'tell', leg: held, signal: { type: signal } }] : [];
  }

  #replace(old: string, by: string, now: Instant): readonly CallEffect[] {
    const standing = this.standing(old);
    if (standing === undefined) return [];
    this.#legs.add(by);
    if (standing === 'rings') {
      this.#attempts.set(by, { leg: by, heardProvisional: true, live: true });
      const connected = { number: undefined, name: undefined };
      return this.#answered(by, { type: 'answer', connected, origin: undefined }, now);
    }
    const other = this.#otherThan(old);
    const resumed = other === undefined ? [] : this.#heldBy(old, other, 'resume');
    this.#holding.delete(old);
    const moved = old === this.#caller.leg ? this.#caller.replace(by) : this.#replaceCalled(old, by);
    return [{ type: 'tell', leg: old, signal: ourRelease(CAUSE.normalClearing) }, ...moved, ...resumed];
  }

  #replaceCalled(old: string, by: string): readonly CallEffect[] {
    const attempt = this.#attempts.get(old);
    if (attempt !== undefined) attempt.live = false;
    this.#attempts.set(by, { leg: by, heardProvisional: true, live: true });
    const parted = this.#caller.media('part');
    this.#caller.ear = by;
    return [parted, this.#caller.media('join')];
  }

  #attemptEnded(attempt: Attempt, release: Release, now: Instant): readonly CallEffect[] {
    attempt.live = false;
    if (this.#inConversation) return attempt.leg === this.#caller.ear ? this.#end(release, 'called') : [];
    if (this.#state !== 'dialling') return [];
    this.#failure = moreTelling(this.#failure, release);
    const effects = this.#caller.ear === attempt.leg ? this.#caller.unhear() : [];
    if ([...this.#attempts.values()].some((a) => a.live)) return effects;
    const tryNext = this.#steps.length > 0 && mayTryNext(this.#failure, attempt.heardProvisional);
    const failure = this.#failure;
    if (!this.#turn(endingOf(failure)) && !tryNext) return [...effects, ...this.#end(failure, 'called')];
    this.#failure = undefined;
    return [...effects, ...this.#dialNext(now, failure)];
  }

  /** Puts what is to follow such an ending of the step before the others; false where nothing is. */
  #turn(ending: Ending): boolean {
    const next = this.#step?.after?.[ending] ?? this.#step?.after?.any;
    if (next === undefined || next.length === 0) return false;
    this.#steps.unshift(...next);
    return true;
  }

  /** The step has rung for as long as it may: what follows `no answer` takes its place, and it rings on where nothing does. */
  #rungOut(now: Instant): readonly CallEffect[] {
    if (this.#state !== 'dialling' || !this.#turn('noAnswer')) return [];
    const effects: CallEffect[] = [];
    for (const attempt of this.#attempts.values()) {
      if (!attempt.live) continue;
      attempt.live = false;
      effects.push({ type: 'tell', leg: attempt.leg, signal: ourRelease(CAUSE.noAnswer) });
    }
    return [...effects, ...this.#caller.unhear(), ...this.#dialNext(now, ourRelease(CAUSE.noAnswer))];
  }

  get #inConversation(): boolean {
    return this.#state === 'talking' || this.#state === 'transferring';
  }

  /** `untold`: the leg that need not be told, since it has said so itself or is not here. */
  #end(
    release: Release,
    by: ReleasedBy,
    untold = by === 'caller' ? this.#caller.leg : this.#lent,
  ): readonly CallEffect[] {
    if (this.#state === 'ending' || this.#state === 'over') return [];
    const returns = this.#caller.caller.inCall === true && !this.#inConversation && by !== 'caller';
    const apart = this.#caller.ear !== undefined && this.#lent === undefined ? [this.#caller.media('part')] : [];
    const effects: CallEffect[] = [...this.#caller.hush(), ...apart];
    this.#state = 'ending';
    this.#timers.stopAll();
    for (const attempt of this.#attempts.values()) {
      if (!attempt.live) continue;
      attempt.live = false;
      if (attempt.leg !== untold && attempt.leg !== this.#lent)
        effects.push({ type: 'tell', leg: attempt.leg, signal: release });
    }
    const { leg } = this.#caller;
    if (this.#redirect !== undefined && by === 'called' && isRedirection(release)) {
      effects.push(...this.#caller.tell(this.#redirect));
    }
    if (!returns && leg !== untold && leg !== this.#lent) effects.push({ type: 'tell', leg, signal: release });
    effects.push({ type: 'released', release, by });
    if (returns) {
      this.#legs.delete(leg);
      effects.push({ type: 'given-back', leg, release });
    }
    if (this.#legs.size === 0) effects.push(...this.#over());
    return effects;
  }

  #over(): readonly CallEffect[] {
    if (this.#state === 'over') return [];
    this.#state = 'over';
    return [{ type: 'over' }];
  }

  #gone(leg: string, now: Instant): readonly CallEffect[] {
    if (!this.#legs.delete(leg)) return [];
    const effects: CallEffect[] = [];
    const attempt = this.#attempts.get(leg);
    // A leg that goes without a word is our own fault; the other side must not hang on it.
    if (leg === this.#caller.leg) effects.push(...this.#end(ourRelease(CAUSE.temporaryFailure), 'caller'));
    else if (attempt?.live) effects.push(...this.#attemptEnded(attempt, ourRelease(CAUSE.temporaryFailure), now));
    if (this.#legs.size === 0) effects.push(...this.#over());
    return effects;
  }
}

const isRedirection = ({ origin }: Release): boolean =>
  origin?.protocol === 'sip' && origin.status !== undefined && origin.status >= 300 && origin.status < 400;

/** A release that this box decides on. */
export function ourRelease(cause: Cause): Release {
  return { type: 'release', cause, location: 'private-local', origin: undefined };
}
