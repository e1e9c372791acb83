/** One call at the interface: what is remembered of it, and what its steps need of the group. */
import type { Deadline, Deadlines } from '../../kernel/deadlines.ts';
import type { Instant } from '../../kernel/time.ts';
import { Timers } from '../../kernel/timers.ts';
import type { Channels, Entry } from './channels.ts';
import type { Element, SaidElement } from './element.ts';
import type { CauseElement } from './ie/cause.ts';
import type { CauseLocation } from './ie/location.ts';
import type { MessageName } from './message-table.ts';
import type { CallHandle, CallIndication, CallRecord, ProblemId, Side } from './primitives.ts';
import { type CallState, isClearing, stateValue, timerOf } from './states.ts';
import type { CallTimer, TimerTable, Variant } from './variants.ts';

/** What a call's steps may use of their group. */
export interface Desk {
  readonly side: Side;
  readonly variant: Variant;
  readonly times: TimerTable;
  readonly channels: Channels;
  /** Our own place in Q.850's terms. */
  readonly ownLocation: CauseLocation;
  readonly linkUp: boolean;
  /** Whether channel identification names the interface. */
  readonly explicitInterface: boolean;
  send(call: Call, name: MessageName, elements: readonly SaidElement[]): void;
  indicate(call: Call, indication: CallIndication): void;
  problem(id: ProblemId, what: string): void;
  /** Gives the channel to the call, taking it from its holder's hands if need be. */
  seize(call: Call, entry: Entry): void;
  /** Lets go of the call's channel. */
  vacate(call: Call): void;
  /** Takes the call out of the tables. Nothing may be said of it afterwards. */
  forget(call: Call): void;
  /** Asks for a RESTART of one channel. */
  restart(entry: Entry, now: Instant): void;
}

export class Call {
  readonly handle: CallHandle;
  /** The call reference value and who allotted it. */
  readonly reference: number;
  readonly outgoing: boolean;
  state: CallState;
  entry: Entry | undefined;
  /** SETUP asked for this channel and no other. */
  exclusive = false;
  /** The first answer to SETUP, which names the channel, was sent or heard. */
  answered = false;
  /** SETUP's elements, for the repeat after T303. */
  setup: readonly SaidElement[] = [];
  /** What SETUP ACKNOWLEDGE is to be answered with: digits that came since SETUP, or that there are no more. */
  waiting: { digits: string; complete: boolean } | undefined;
  /** Sent again so many times: SETUP, RELEASE or STATUS ENQUIRY. */
  repeats = 0;
  enquiries = 0;
  /** Our state when STATUS ENQUIRY went out; undefined: none is open. */
  enquired: CallState | undefined;
  /** Why the call is being cleared: the first cause that was given by either end. */
  cause: CauseElement | undefined;
  /** What DISCONNECT lacked: RELEASE says so (§5.8.6). */
  fault: CauseElement | undefined;
  /** A release that was asked for while the link is down. */
  postponed: { readonly cause: CauseElement; readonly elements: readonly Element[] } | undefined;
  /** A call of a process that died: it only waits to be released on the wire. */
  adopted = false;
  readonly #timers = new Timers<CallTimer>();
  /** Where the group looks for the call that is due first; this one's deadline stands in it while a timer runs. */
  readonly #deadlines: Deadlines<Call>;
  readonly #deadline: Deadline<Call> = { owner: this, at: 0 as Instant, place: -1 };

  constructor(handle: CallHandle, reference: number, outgoing: boolean, state: CallState, deadlines: Deadlines<Call>) {
    this.#deadlines = deadlines;
    this.handle = handle;
    this.reference = reference;
    this.outgoing = outgoing;
    this.state = state;
  }

  get clearing(): boolean {
    return isClearing(this.state);
  }

  /** Enters a state: its own timer starts, those of the state before stop. */
  enter(state: CallState, desk: Desk, now: Instant): void {
    this.#timers.stopAllBut(OUTLASTING);
    this.state = state;
    this.repeats = 0;
    const timer = timerOf(state);
    if (timer !== undefined) this.#timers.start(timer, now, desk.times[timer]);
    this.#watch();
  }

  start(timer: CallTimer, desk: Desk, now: Instant): void {
    this.#timers.start(timer, now, desk.times[timer]);
    this.#watch();
  }

  stop(timer: CallTimer): void {
    this.#timers.stop(timer);
    this.#watch();
  }

  stopAll(): void {
    this.#timers.stopAll();
    this.#watch();
  }

  runs(timer: CallTimer): boolean {
    return this.#timers.runs(timer);
  }

  /** A timer that has run out; call until it answers undefined. */
  due(now: Instant): CallTimer | undefined {
    const timer = this.#timers.take(now);
    if (timer !== undefined) this.#watch();
    return timer;
  }

  #watch(): void {
    this.#deadlines.move(this.#deadline, this.#timers.deadline);
  }

  record(side: Side): CallRecord {
    return {
      handle: this.handle,
      callRef: this.reference,
      outgoing: this.outgoing,
      span: this.entry?.channel.span,
      slot: this.entry?.channel.slot,
      state: stateValue(this.state, side),
    };
  }
}

/** Every other timer belongs to one state. */
const OUTLASTING: ReadonlySet<CallTimer> = new Set(['T309', 'T322']);
