import { Q921Link } from '../../isdn/q921/link.ts';
import type { LinkEffect } from '../../isdn/q921/primitives.ts';
import { Q931Group } from '../../isdn/q931/group.ts';
import type { Presentation, PresentedNumber } from '../../isdn/q931/ie/number.ts';
import type { Progress } from '../../isdn/q931/ie/progress.ts';
import type { CallHandle, CallIndication, CallRequest, GroupEffect, Side } from '../../isdn/q931/primitives.ts';
import { VARIANTS, type VariantName } from '../../isdn/q931/variants.ts';
import { impossible, type Machine } from '../../kernel/machine.ts';
import { after, earlier, type Instant, type Millis, seconds } from '../../kernel/time.ts';
import type { FarAudio } from '../port.ts';
import { CARRIER_DEFAULTS, type CarrierSettings, type CarrierStep, stepsFor } from './carrier-plan.ts';

export interface CarrierLine {
  /** The span's id, as in the channels of its Q.931 group. */
  readonly span: string;
  /** The carrier's own side: the other one than ours. */
  readonly side: Side;
  readonly variant: VariantName;
  /** Timeslots of the B-channels. */
  readonly slots: readonly number[];
}

/** A call that comes from the network. */
export interface InboundCall {
  /** National digits, as a carrier delivers them. */
  readonly called: string;
  readonly calling: string;
  readonly name?: string;
  readonly presentation?: Presentation;
  /** What the caller's end does once we have answered; an echo where it is left out. */
  readonly audio?: FarAudio;
  /** How long the caller lets it ring, and how long he talks; `CarrierSettings.hold` where it is left out. */
  readonly patience?: Millis;
  readonly talk?: Millis;
  /** Exactly this B-channel; otherwise the carrier hunts. */
  readonly slot?: number;
}

export type CarrierEvent =
  | { readonly type: 'frame'; readonly frame: Uint8Array }
  | { readonly type: 'place'; readonly call: InboundCall }
  /** RESTART of these timeslots, or of all. */
  | { readonly type: 'restart'; readonly slots: readonly number[] | 'all' }
  /** From the next call on. */
  | { readonly type: 'configure'; readonly settings: Partial<CarrierSettings> };

export type CarrierEffect =
  | { readonly type: 'frame'; readonly frame: Uint8Array }
  | { readonly type: 'far'; readonly slot: number; readonly audio: FarAudio };

interface CarrierCall {
  /** Who called the carrier. */
  readonly caller: PresentedNumber | undefined;
  slot: number | undefined;
  /** Something is to be heard on its channel. */
  audible: boolean;
  /** The number dialled as far as it has come, and whether more of it is expected. */
  digits: string;
  collecting: boolean;
  /** What is still to be done, the first step at `due`; none where the far party has to act. */
  steps: readonly CarrierStep[];
  due: Instant | undefined;
  /** What an inbound call does when it is answered. */
  readonly answered: readonly CarrierStep[];
}

/** A number in the North American plan is complete with ten digits; shorter ones end by sending complete or T302. */
const WHOLE_NUMBER = 10;
/** How long a caller from the network lets it ring. */
const PATIENCE = seconds(60);
/** Calls back that may wait for their time. */
const MOST_PLANNED = 100;
const IN_BAND: readonly Progress[] = [{ location: 'public-local', description: 8 }];
const IDLE: FarAudio = { type: 'idle' };

/**
 * The network's end of a virtual span, as a pure machine: a data link, a Q.931 group, and for each call a list of steps from
 * the table of numbers. It answers with frames and with what is to be heard on the B-channels. It leaves it to us to call the
 * data link up, as a network does that finds nobody there.
 */
export class Carrier implements Machine<CarrierEvent, CarrierEffect> {
  readonly #line: CarrierLine;
  readonly #link: Q921Link;
  readonly #group: Q931Group;
  readonly #calls = new Map<CallHandle, CarrierCall>();
  /** Calls that the carrier makes later on. */
  #planned: { readonly due: Instant; readonly call: InboundCall }[] = [];
  #settings: CarrierSettings;
  #out: CarrierEffect[] = [];

  constructor(line: CarrierLine, settings: Partial<CarrierSettings> = {}) {
    this.#line = line;
    this.#settings = { ...CARRIER_DEFAULTS, ...settings };
    this.#link = new Q921Link({ side: line.side });
    this.#group = new Q931Group({
      side: line.side,
      // The number with an announcement is there to be tested against, also where the variant's networks make none.
      variant: { ...VARIANTS[line.variant], announcesInDisconnect: line.side === 'network' },
      spans: [{ id: line.span, interface: 0, slots: line.slots }],
      // An announcement ends by itself soon enough for a demonstration.
      timers: { T306: seconds(6) },
    });
  }

  get deadline(): Instant | undefined {
    let first = earlier(this.#link.deadline, this.#group.deadline);
    for (const { due } of this.#calls.values()) first = earlier(first, due);
    for (const { due } of this.#planned) first = earlier(first, due);
    return first;
  }

  feed(event: CarrierEvent, now: Instant): readonly CarrierEffect[] {
    switch (event.type) {
      case 'frame':
        this.#linkSays(this.#link.feed(event, now), now);
        break;
      case 'place':
        this.#place(event.call, now);
        break;
      case 'restart':
        this.#restart(event.slots, now);
        break;
      case 'configure':
        this.#settings = { ...this.#settings, ...event.settings };
        if (event.settings.callsUp === true) this.#linkSays(this.#link.feed({ type: 'dl-establish' }, now), now);
        break;
      default:
        impossible(event);
    }
    return this.#take();
  }

  wake(now: Instant): readonly CarrierEffect[] {
    this.#linkSays(this.#link.wake(now), now);
    this.#groupSays(this.#group.wake(now), now);
    for (const [handle, call] of [...this.#calls]) {
      if (call.due !== undefined && call.due <= now) this.#act(handle, call, now);
    }
    const due = this.#planned.filter((plan) => plan.due <= now);
    this.#planned = this.#planned.filter((plan) => plan.due > now);
    for (const { call } of due) this.#place(call, now);
    return this.#take();
  }

  #take(): readonly CarrierEffect[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  #linkSays(effects: readonly LinkEffect[], now: Instant): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'frame':
          this.#out.push(effect);
          break;
        case 'dl-established':
        case 'dl-released':
          this.#groupSays(this.#group.feed({ type: effect.type }, now), now);
          break;
        case 'dl-data':
          this.#groupSays(this.#group.feed({ type: 'dl-data', data: effect.message, at: effect.at }, now), now);
          break;
        // A simulator keeps no log: what goes wrong here shows at our end of the span.
        case 'dl-refused':
        case 'mdl-error':
          break;
        default:
          impossible(effect);
      }
    }
  }

  #groupSays(effects: readonly GroupEffect[], now: Instant): void {
    for (const effect of effects) {
      if (effect.type === 'dl-data') {
        this.#linkSays(this.#link.feed({ type: 'dl-data', message: effect.data, at: effect.at }, now), now);
      } else if (effect.type === 'call') this.#hear(effect.handle, effect.indication, now);
    }
  }

  #request(handle: CallHandle, request: CallRequest, now: Instant): void {
    this.#groupSays(this.#group.feed({ type: 'request', handle, request }, now), now);
  }

  #hear(handle: CallHandle, indication: CallIndication, now: Instant): void {
    if (indication.type === 'setup') {
      this.#incoming(handle, indication, now);
      return;
    }
    const call = this.#calls.get(handle);
    if (call === undefined) return;
    switch (indication.type) {
      case 'channel':
        call.slot = indication.channel.slot;
        break;
      case 'information':
        if (call.collecting) this.#digits(handle, call, indication.digits, indication.complete, now);
        break;
      case 'connect':
        this.#follow(handle, call, call.answered, now);
        break;
      case 'disconnect':
        this.#end(call);
        this.#request(handle, { type: 'release', cause: indication.cause.cause }, now);
        break;
      case 'release':
        this.#end(call);
        this.#calls.delete(handle);
        break;
      // What is said on the way to an answer, or in the middle of a call, changes nothing in the plan.
      case 'setup-acknowledge':
      case 'proceeding':
      case 'alerting':
      case 'progress':
      case 'connected':
      case 'notify':
      case 'identity':
        break;
      default:
        impossible(indication);
    }
  }

  // Calls that come to the carrier

  #incoming(handle: CallHandle, setup: Extract<CallIndication, { type: 'setup' }>, now: Instant): void {
    const call: CarrierCall = {
      caller: setup.caller,
      slot: setup.channel.slot,
      audible: false,
      digits: '',
      collecting: !setup.complete,
      steps: [],
      due: undefined,
      answered: [],
    };
    this.#calls.set(handle, call);
    const { notUnderstood } = this.#settings;
    if (notUnderstood !== undefined) return this.#request(handle, { type: 'release', cause: notUnderstood }, now);
    if (call.collecting) this.#request(handle, { type: 'setup-acknowledge' }, now);
    this.#digits(handle, call, setup.called.digits, setup.complete, now);
  }

  #digits(handle: CallHandle, call: CarrierCall, digits: string, complete: boolean, now: Instant): void {
    call.digits += digits;
    const whole = complete || call.digits.length >= WHOLE_NUMBER;
    if (!whole) return;
    call.collecting = false;
    this.#follow(handle, call, stepsFor(call.digits, this.#settings), now);
  }

  // Calls that the carrier makes

  #place(inbound: InboundCall, now: Instant): void {
    const { hold, clearingCause, hunting } = this.#settings;
    const { presentation = 'allowed', audio = { type: 'echo', delay: 0 }, patience = PATIENCE, slot } = inbound;
    const handle = this.#group.allot();
    const clear: CarrierStep = { type: 'clear', cause: clearingCause, announced: false };
    const call: CarrierCall = {
      caller: undefined,
      slot: undefined,
      audible: false,
      digits: '',
      collecting: false,
      steps: [],
      due: undefined,
      answered: [{ type: 'play', audio }, { type: 'wait', for: inbound.talk ?? hold }, clear],
    };
    this.#calls.set(handle, call);
    this.#request(
      handle,
      {
        type: 'setup',
        channel:
          slot === undefined
            ? { type: 'any', order: hunting, exclusive: true }
            : { type: 'one', channel: { span: this.#line.span, slot }, exclusive: true },
        bearer: { capability: 'speech', law: this.#group.variant.law },
        called: { digits: inbound.called, type: 'national', plan: 'isdn' },
        complete: true,
        caller: { digits: inbound.calling, type: 'national', plan: 'isdn', presentation, screening: 'network' },
        callerName: inbound.name === undefined ? undefined : { text: inbound.name, presentation },
        redirecting: [],
        progress: [],
        elements: [],
      },
      now,
    );
    this.#follow(handle, call, [{ type: 'wait', for: patience }, clear], now);
  }

  #restart(slots: readonly number[] | 'all', now: Instant): void {
    const channels = slots === 'all' ? slots : slots.map((slot) => ({ span: this.#line.span, slot }));
    this.#groupSays(this.#group.feed({ type: 'restart', channels }, now), now);
  }

  // The plan of a call

  /** Begins these steps in place of what was left of others. */
  #follow(handle: CallHandle, call: CarrierCall, steps: readonly CarrierStep[], now: Instant): void {
    call.steps = steps;
    call.due = now;
    this.#act(handle, call, now);
  }

  /** Does what is due of a call's steps. A step may end the call, and with it its plan. */
  #act(handle: CallHandle, call: CarrierCall, now: Instant): void {
    while (call.due !== undefined && call.due <= now) {
      const [step, ...rest] = call.steps;
      call.steps = rest;
      if (step === undefined) call.due = undefined;
      else if (step.type === 'wait') call.due = after(now, step.for);
      else this.#step(handle, call, step, now);
    }
  }

  #step(handle: CallHandle, call: CarrierCall, step: Exclude<CarrierStep, { type: 'wait' }>, now: Instant): void {
    switch (step.type) {
      case 'proceed':
        return this.#request(handle, { type: 'proceeding' }, now);
      case 'alert':
        return this.#request(handle, { type: 'alerting' }, now);
      case 'answer':
        return this.#request(handle, { type: 'connect' }, now);
      case 'progress':
        return this.#request(handle, { type: 'progress', progress: IN_BAND }, now);
      case 'play':
        return this.#play(call, step.audio);
      case 'clear': {
        const { cause, announced } = step;
        if (!announced) this.#end(call);
        return this.#request(handle, { type: 'release', cause, ...(announced ? { progress: IN_BAND } : {}) }, now);
      }
      case 'call-back': {
        const called = call.caller === undefined ? undefined : nationalDigits(call.caller);
        if (called === undefined || this.#planned.length >= MOST_PLANNED) return;
        const calling = call.digits.slice(-WHOLE_NUMBER);
        this.#planned.push({ due: after(now, step.in), call: { called, calling, name: 'SIMULATED CALLER' } });
        return;
      }
      default:
        return impossible(step);
    }
  }

  #end(call: CarrierCall): void {
    call.steps = [];
    call.due = undefined;
    if (call.audible) this.#play(call, IDLE);
  }

  #play(call: CarrierCall, audio: FarAudio): void {
    call.audible = audio.type !== 'idle';
    if (call.slot !== undefined) this.#out.push({ type: 'far', slot: call.slot, audio });
  }
}

/** As the carrier delivers it: national, without the country code; undefined where there is no number to call. */
function nationalDigits({ digits, type }: PresentedNumber): string | undefined {
  if (digits === '') return undefined;
  return type === 'international' && digits.length === 11 && digits.startsWith('1') ? digits.slice(1) : digits;
}
