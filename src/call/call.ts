/**
 * One call: an A-leg, and attempts to reach somebody for it. It knows neither ISDN nor SIP; legs speak signals to it and it
 * speaks signals to them. Everything that moves a call's state is in this file.
 */
import { impossible, type Machine } from '../kernel/machine.ts';
import { type Instant, type Millis, seconds } from '../kernel/time.ts';
import { Timers } from '../kernel/timers.ts';
import { CAUSE, type Cause } from './cause.ts';
import type { CallMediaCommand } from './media.ts';
import { endingOf, mayTryNext, moreTelling } from './next-hop.ts';
import type { Offer, Release, Signal } from './signal.ts';

/** Hops that ring together; the next step is tried when all of them have failed for reasons of their own. */
export interface Step {
  /** Names that the gateway gave; the call only hands them back in `dial`. */
  readonly hops: readonly string[];
  /** How long they may ring before `after` takes over; undefined: as long as any call may. */
  readonly ring?: Millis;
  /** What comes next, before the rest of the steps, when this one has ended so: a diversion, a ring list. */
  readonly after?: { readonly [E in Ending]?: readonly Step[] };
}

/** How a step ended; `any`: in whatever way, where none of the others says better. */
export type Ending = 'busy' | 'noAnswer' | 'any';

export type CallEvent =
  | { readonly type: 'heard'; readonly leg: string; readonly signal: Signal; readonly branch?: string }
  | { readonly type: 'gone'; readonly leg: string }
  | { readonly type: 'decided'; readonly steps: readonly Step[] }
  /** The digits so far lead nowhere yet, but more may come. */
  | { readonly type: 'collect' }
  | { readonly type: 'refused'; readonly release: Release }
  /** The box itself ends the call: cut-off, an operator, a fault of ours. */
  | { readonly type: 'end'; readonly cause: Cause };

/** Who ended a call. */
export type ReleasedBy = 'caller' | 'called' | 'us';

export type CallEffect =
  | { readonly type: 'decide'; readonly offer: Offer }
  | { readonly type: 'dial'; readonly leg: string; readonly hop: string; readonly offer: Offer }
  | { readonly type: 'tell'; readonly leg: string; readonly signal: Signal }
  | { readonly type: 'media'; readonly command: CallMediaCommand }
  /** The caller hears progress, somebody answered, or the call has ended: once each. */
  | { readonly type: 'progressed'; readonly leg: string; readonly inBand: boolean }
  | { readonly type: 'answered'; readonly leg: string }
  | { readonly type: 'released'; readonly release: Release; readonly by: ReleasedBy }
  /** No leg is left; nothing follows. */
  | { readonly type: 'over' };

export interface CallLimits {
  /** T302, Q.931 §9.6: how long the caller may pause between digits. */
  readonly digitPause: Millis;
  /** T301, Q.931 §9.6: how long we let the called side ring. */
  readonly ring: Millis;
  /** Cut-off of an answered call; undefined: none. */
  readonly duration: Millis | undefined;
}

export const DEFAULT_LIMITS: CallLimits = { digitPause: seconds(15), ring: seconds(180), duration: undefined };

/** More digits than any numbering plan has; what is dialled beyond is refused as an invalid number. */
const MAX_DIGITS = 64;

/** The A-leg: its id, and whether its party hears our tones (a T1) or makes its own ring-back (a SIP phone). */
export interface Caller {
  readonly leg: string;
  readonly tones: 'ours' | 'its own';
}

type State = 'new' | 'collecting' | 'deciding' | 'dialling' | 'talking' | 'ending' | 'over';
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
  readonly #caller: Caller;
  readonly #limits: CallLimits;
  readonly #timers = new Timers<TimerName>();
  readonly #attempts = new Map<string, Attempt>();
  readonly #legs = new Set<string>();
  #state: State = 'new';
  #offer: Offer | undefined;
  #steps: Step[] = [];
  /** The step under way. */
  #step: Step | undefined;
  #count = 0;
  #askedForDigits = false;
  /** The attempt whose media the caller hears. */
  #ear: string | undefined;
  #toldProceed = false;
  #toldAlert = false;
  #toldInBand = false;
  #ringing = false;
  #failure: Release | undefined;

  constructor(id: string, caller: Caller, limits: CallLimits = DEFAULT_LIMITS) {
    this.id = id;
    this.#caller = caller;
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
    return this.#ear;
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
        return this.#end(ourRelease(event.cause), 'us');
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
    this.#timers.start('ring', now, this.#limits.ring);
    return [...(this.#offer?.complete ? this.#proceed() : this.#askForDigits()), ...this.#dialNext(now)];
  }

  /** Once. It ends the caller's digits (Q.931 §5.1.5.2), so while more may come it waits until somebody has enough of them. */
  #proceed(): readonly CallEffect[] {
    if (this.#toldProceed) return [];
    this.#toldProceed = true;
    return [{ type: 'tell', leg: this.#caller.leg, signal: { type: 'proceed' } }];
  }

  #dialNext(now: Instant): readonly CallEffect[] {
    const step = this.#steps.shift();
    const offer = this.#offer;
    this.#step = step;
    this.#timers.stop('step');
    if (step?.ring !== undefined) this.#timers.start('step', now, step.ring);
    if (step === undefined || offer === undefined) {
      return this.#end(this.#failure ?? ourRelease(CAUSE.noRouteToDestination), 'called');
    }
    return step.hops.map((hop) => {
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
    if (this.#state === 'talking') return this.#pass(leg, signal);
    if (this.#state !== 'dialling') return [];
    switch (signal.type) {
      case 'alert':
        return this.#alerting(leg, signal.inBand);
      case 'progress':
        return this.#progress(attempt, signal, now);
      case 'answer':
        return this.#answered(leg, signal, now);
      case 'proceed':
        return this.#proceed();
      case 'need-digits':
        return [];
      default:
        return [{ type: 'tell', leg: this.#caller.leg, signal }];
    }
  }

  #alerting(leg: string, inBand: boolean): readonly CallEffect[] {
    if (inBand) return this.#hear(leg, { type: 'alert', inBand: true });
    if (this.#ear !== undefined) return [];
    const ours = this.#caller.tones === 'ours' || this.#toldInBand;
    const effects: CallEffect[] = [];
    if (!this.#toldAlert) {
      this.#toldAlert = true;
      this.#toldInBand ||= ours;
      effects.push(
        { type: 'tell', leg: this.#caller.leg, signal: { type: 'alert', inBand: ours } },
        { type: 'progressed', leg, inBand: false },
      );
    }
    if (ours && !this.#ringing) {
      this.#ringing = true;
      effects.push({ type: 'media', command: { type: 'play', leg: this.#caller.leg, tone: 'ringback' } });
    }
    return effects;
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
    return this.#hear(attempt.leg, { type: 'progress', inBand: true, cause });
  }

  /** The first attempt with in-band media gets the caller's ear; others go on unheard. */
  #hear(leg: string, signal: Signal): readonly CallEffect[] {
    if (this.#ear !== undefined) return [];
    this.#ear = leg;
    this.#toldInBand = true;
    if (signal.type === 'alert') this.#toldAlert = true;
    return [
      { type: 'tell', leg: this.#caller.leg, signal },
      ...this.#hush(),
      { type: 'media', command: { type: 'join', a: this.#caller.leg, b: leg } },
      { type: 'progressed', leg, inBand: true },
    ];
  }

  #hush(): readonly CallEffect[] {
    if (!this.#ringing) return [];
    this.#ringing = false;
    return [{ type: 'media', command: { type: 'hush', leg: this.#caller.leg } }];
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
    const heard = this.#ear;
    if (heard !== undefined && heard !== leg) {
      effects.push({ type: 'media', command: { type: 'part', a: this.#caller.leg, b: heard } });
    }
    effects.push({ type: 'tell', leg: this.#caller.leg, signal: answer }, ...this.#hush());
    if (heard !== leg) effects.push({ type: 'media', command: { type: 'join', a: this.#caller.leg, b: leg } });
    this.#ear = leg;
    effects.push({ type: 'answered', leg });
    return effects;
  }

  /** Between two legs that talk, a signal goes across as it is. */
  #pass(from: string, signal: Signal): readonly CallEffect[] {
    if (this.#state !== 'talking' || this.#ear === undefined) return [];
    const to = from === this.#caller.leg ? this.#ear : from === this.#ear ? this.#caller.leg : undefined;
    return to === undefined ? [] : [{ type: 'tell', leg: to, signal }];
  }

  #attemptEnded(attempt: Attempt, release: Release, now: Instant): readonly CallEffect[] {
    attempt.live = false;
    if (this.#state === 'talking') return attempt.leg === this.#ear ? this.#end(release, 'called') : [];
    if (this.#state !== 'dialling') return [];
    this.#failure = moreTelling(this.#failure, release);
    const effects: CallEffect[] = [];
    if (this.#ear === attempt.leg) {
      this.#ear = undefined;
      effects.push({ type: 'media', command: { type: 'part', a: this.#caller.leg, b: attempt.leg } });
    }
    if ([...this.#attempts.values()].some((a) => a.live)) return effects;
    const tryNext = this.#steps.length > 0 && mayTryNext(this.#failure, attempt.heardProvisional);
    if (this.#turn(endingOf(this.#failure)) || tryNext) {
      this.#failure = undefined;
      return [...effects, ...this.#dialNext(now)];
    }
    return [...effects, ...this.#end(this.#failure, 'called')];
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
    if (this.#ear !== undefined) {
      effects.push({ type: 'media', command: { type: 'part', a: this.#caller.leg, b: this.#ear } });
      this.#ear = undefined;
    }
    return [...effects, ...this.#dialNext(now)];
  }

  #end(release: Release, by: ReleasedBy): readonly CallEffect[] {
    if (this.#state === 'ending' || this.#state === 'over') return [];
    this.#state = 'ending';
    this.#timers.stopAll();
    const effects: CallEffect[] = [...this.#hush()];
    if (this.#ear !== undefined) {
      effects.push({ type: 'media', command: { type: 'part', a: this.#caller.leg, b: this.#ear } });
    }
    for (const attempt of this.#attempts.values()) {
      if (!attempt.live) continue;
      attempt.live = false;
      effects.push({ type: 'tell', leg: attempt.leg, signal: release });
    }
    if (by !== 'caller') effects.push({ type: 'tell', leg: this.#caller.leg, signal: release });
    effects.push({ type: 'released', release, by });
    return effects;
  }

  #gone(leg: string, now: Instant): readonly CallEffect[] {
    if (!this.#legs.delete(leg)) return [];
    const effects: CallEffect[] = [];
    const attempt = this.#attempts.get(leg);
    // A leg that goes without a word is our own fault; the other side must not hang on it.
    if (leg === this.#caller.leg) effects.push(...this.#end(ourRelease(CAUSE.temporaryFailure), 'caller'));
    else if (attempt?.live) effects.push(...this.#attemptEnded(attempt, ourRelease(CAUSE.temporaryFailure), now));
    if (this.#legs.size === 0 && this.#state !== 'over') {
      this.#state = 'over';
      effects.push({ type: 'over' });
    }
    return effects;
  }
}

/** A release that this box decides on. */
export function ourRelease(cause: Cause): Release {
  return { type: 'release', cause, location: 'private-local', origin: undefined };
}
