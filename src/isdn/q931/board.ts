import { Deadlines } from '../../kernel/deadlines.ts';
import { assert } from '../../kernel/machine.ts';
import { earlier, type Instant } from '../../kernel/time.ts';
import { I_HEAD } from '../q921/frame.ts';
import { Call } from './call.ts';
import { Channels, type Entry } from './channels.ts';
import { finish } from './clearing.ts';
import type { SaidElement } from './element.ts';
import type { GroupConfig } from './group-config.ts';
import { CAUSES } from './ie/cause.ts';
import type { CauseLocation } from './ie/location.ts';
import type { MaintenanceDesk } from './maintenance.ts';
import { CALL_CONTROL, type CallReference, printMessage } from './message.ts';
import { codeOf, type MessageName } from './message-table.ts';
import type { CallHandle, CallIndication, GroupEffect, ProblemId, Side } from './primitives.ts';
import type { Hall } from './reception.ts';
import { type RestartDesk, Restarter } from './restart.ts';
import type { CallState } from './states.ts';
import type { TimerTable, Variant } from './variants.ts';

const NOTHING: GroupEffect[] = [];

type CallKey = number;
/** Both ends allot from the same numbers, so who allotted it is part of the name. */
const keyOf = (reference: number, outgoing: boolean): CallKey => (outgoing ? 0x10000 : 0) | reference;

/** What all steps of a group share: its tables of calls and channels, and the way out for messages and indications. */
export class Board implements Hall, RestartDesk, MaintenanceDesk {
  readonly side: Side;
  readonly variant: Variant;
  readonly times: TimerTable;
  readonly channels: Channels;
  readonly explicitInterface: boolean;
  readonly ownLocation: CauseLocation;
  readonly restarter: Restarter;
  linkUp = false;
  readonly #lastReference: number;
  readonly #maxCalls: number;
  readonly #calls = new Map<CallKey, Call>();
  readonly #handles = new Map<CallHandle, Call>();
  readonly #deadlines = new Deadlines<Call>();
  #nextHandle = 1;
  #nextReference: number;
  #out = NOTHING;

  constructor(config: GroupConfig) {
    assert(config.spans.length > 0, 'a group has a span');
    const { side, variant } = config;
    this.side = side;
    this.variant = config.overlap === undefined ? variant : { ...variant, overlap: config.overlap };
    this.times = { ...variant.timers[side], ...config.timers };
    this.channels = new Channels(config.spans);
    this.explicitInterface = config.explicitInterface ?? config.spans.length > 1;
    this.ownLocation = side === 'user' ? 'user' : 'public-local';
    this.#lastReference = variant.callReferenceLength === 1 ? 0x7f : 0x7fff;
    // Fewer calls than references, so that one can always be allotted.
    this.#maxCalls = Math.min(config.maxCalls ?? 2 * this.channels.entries.length, this.#lastReference);
    this.#nextReference = config.firstCallReference ?? 1;
    this.restarter = new Restarter(this);
  }

  /** Everything that came out since the last time. */
  take(): readonly GroupEffect[] {
    const out = this.#out;
    this.#out = NOTHING;
    return out;
  }

  /** Every call; it may be changed while the list is walked. */
  calls(): readonly Call[] {
    return [...this.#calls.values()];
  }

  get deadline(): Instant | undefined {
    return earlier(this.restarter.timers.deadline, this.#deadlines.first);
  }

  allot(): CallHandle {
    return this.#nextHandle++;
  }

  /** Whether a handle was allotted and names no call yet. */
  fresh(handle: CallHandle): boolean {
    return handle < this.#nextHandle && !this.#handles.has(handle);
  }

  call(handle: CallHandle): Call | undefined {
    return this.#handles.get(handle);
  }

  /** A call reference that none of our calls has; only while the group isn't full. */
  allotReference(): number {
    for (;;) {
      const reference = this.#nextReference;
      this.#nextReference = reference >= this.#lastReference ? 1 : reference + 1;
      if (reference <= this.#lastReference && !this.#calls.has(keyOf(reference, true))) return reference;
    }
  }

  get full(): boolean {
    return this.#calls.size >= this.#maxCalls;
  }

  /** The call that a received reference names: flag 0 means that the peer allotted it. */
  find(reference: CallReference): Call | undefined {
    return this.#calls.get(keyOf(reference.value, !reference.fromOriginator));
  }

  holder(entry: Entry): Call | undefined {
    return entry.holder === undefined ? undefined : this.#handles.get(entry.holder);
  }

  /** A new call, in the tables. */
  admit(handle: CallHandle, reference: number, outgoing: boolean, state: CallState): Call {
    const call = new Call(handle, reference, outgoing, state, this.#deadlines);
    this.#calls.set(keyOf(reference, outgoing), call);
    this.#handles.set(handle, call);
    return call;
  }

  forget(call: Call): void {
    this.#calls.delete(keyOf(call.reference, call.outgoing));
    this.#handles.delete(call.handle);
  }

  seize(call: Call, entry: Entry): void {
    const before = this.holder(entry);
    if (before !== undefined) before.entry = undefined;
    entry.holder = call.handle;
    call.entry = entry;
    this.tell(entry);
  }

  vacate(call: Call): void {
    const { entry } = call;
    call.entry = undefined;
    if (entry === undefined) return;
    entry.holder = undefined;
    this.tell(entry);
  }

  tell(entry: Entry): void {
    const state = this.channels.state(entry);
    if (state === entry.told) return;
    entry.told = state;
    this.emit({ type: 'channel', channel: entry.channel, state });
  }

  line(span: string, up: boolean): void {
    for (const entry of this.channels.entries) {
      if (entry.channel.span !== span) continue;
      if (up) entry.blocked.delete('line');
      else entry.blocked.add('line');
      this.tell(entry);
    }
  }

  /** What is said without an interface is meant of this span from now on. */
  moveTo(span: string): void {
    this.channels.home = this.channels.entries.find(({ channel }) => channel.span === span)?.interface;
  }

  drop(entry: Entry): void {
    const call = this.holder(entry);
    if (call === undefined) return;
    finish(call, this, { cause: CAUSES.temporaryFailure, location: this.ownLocation, diagnostics: undefined });
  }

  restart(entry: Entry, now: Instant): void {
    this.restarter.begin([entry], now);
  }

  indicate(call: Call, indication: CallIndication): void {
    if (!call.adopted) this.emit({ type: 'call', handle: call.handle, indication });
  }

  problem(id: ProblemId, what: string): void {
    this.emit({ type: 'problem', id, what });
  }

  emit(effect: GroupEffect): void {
    // Most steps say one thing, and a list that is made with it takes a third of the room of one that grows.
    if (this.#out === NOTHING) this.#out = [effect];
    else this.#out.push(effect);
  }

  send(call: Call, name: MessageName, elements: readonly SaidElement[]): void {
    this.sendTo({ value: call.reference, fromOriginator: call.outgoing }, name, elements);
  }

  sendGlobal(name: MessageName, elements: readonly SaidElement[]): void {
    this.sendTo({ value: 0, fromOriginator: name !== 'restart-acknowledge' }, name, elements);
  }

  sendTo(reference: CallReference, name: MessageName, elements: readonly SaidElement[]): void {
    this.sendRaw(CALL_CONTROL, reference, codeOf(name), elements);
  }

  /** Without a link nothing can be said: what must be is said again when it is back. */
  sendRaw(discriminator: number, reference: CallReference, type: number, elements: readonly SaidElement[]): void {
    if (!this.linkUp) return;
    const message = { discriminator, reference, type, elements };
    this.emit({ type: 'dl-data', data: printMessage(message, this.variant.callReferenceLength, I_HEAD), at: I_HEAD });
  }
}
