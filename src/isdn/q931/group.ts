/**
 * The Q.931 layer of one D-channel group: its link, its calls, its B-channels, user or network side. A pure machine: layer 2,
 * the users and the clock feed it, and it answers with messages and indications.
 */
import type { Machine } from '../../kernel/machine.ts';
import { assert, impossible } from '../../kernel/machine.ts';
import { earlier, type Instant } from '../../kernel/time.ts';
import { Call, type Desk } from './call.ts';
import { Channels, type Entry, type GroupSpan } from './channels.ts';
import { finish, linkBack, linkLost } from './clearing.ts';
import type { Element } from './element.ts';
import { expire } from './expiry.ts';
import { CAUSES } from './ie/cause.ts';
import type { CauseLocation } from './ie/location.ts';
import { Maintenance } from './maintenance.ts';
import { CALL_CONTROL, type CallReference, parseMessage, printMessage } from './message.ts';
import { codeOf, type MessageName } from './message-table.ts';
import type {
  CallHandle,
  CallIndication,
  CallRecord,
  CallRequest,
  Channel,
  ChannelState,
  GroupEffect,
  GroupEvent,
  ProblemId,
  Side,
} from './primitives.ts';
import { Reception } from './reception.ts';
import { ask, sendSetup } from './requests.ts';
import { Restarter } from './restart.ts';
import type { CallTimer, TimerTable, Variant } from './variants.ts';

export interface GroupConfig {
  readonly side: Side;
  readonly variant: Variant;
  /** The first one carries the D-channel. */
  readonly spans: readonly GroupSpan[];
  /** Channel identification names the interface; by default where there is more than one span. */
  readonly explicitInterface?: boolean;
  /** Calls at once, in any state; by default twice the channels. */
  readonly maxCalls?: number;
  /** Timers that differ from the variant's. */
  readonly timers?: Partial<TimerTable>;
  /** Whether SETUP may leave digits to INFORMATION; by default the variant's habit. */
  readonly overlap?: boolean;
  /** RESTART everything when the link first comes up: calls that another life of this box left behind are cleared. */
  readonly restartAtStart?: boolean;
  /** The call reference to begin with, so that a new life doesn't repeat the last one's. */
  readonly firstCallReference?: number;
}

type CallKey = number;
/** Both ends allot from the same numbers, so who allotted it is part of the name. */
const keyOf = (reference: number, outgoing: boolean): CallKey => (outgoing ? 0x10000 : 0) | reference;

export class Q931Group implements Machine<GroupEvent, GroupEffect>, Desk {
  readonly side: Side;
  readonly variant: Variant;
  readonly times: TimerTable;
  readonly channels: Channels;
  readonly explicitInterface: boolean;
  readonly ownLocation: CauseLocation;
  readonly #maxCalls: number;
  readonly #restarter: Restarter;
  readonly #reception: Reception;
  readonly #maintenance: Maintenance;
  readonly #calls = new Map<CallKey, Call>();
  readonly #handles = new Map<CallHandle, Call>();
  #linkUp = false;
  #restartDue: boolean;
  #nextHandle = 1;
  #nextReference: number;
  #out: GroupEffect[] = [];

  constructor(config: GroupConfig) {
    assert(config.spans.length > 0, 'a group has a span');
    const { side, variant } = config;
    this.side = side;
    this.variant = config.overlap === undefined ? variant : { ...variant, overlap: config.overlap };
    this.times = { ...variant.timers[side], ...config.timers };
    this.channels = new Channels(config.spans);
    this.explicitInterface = config.explicitInterface ?? config.spans.length > 1;
    this.ownLocation = side === 'user' ? 'user' : 'public-local';
    this.#maxCalls = config.maxCalls ?? 2 * this.channels.entries.length;
    this.#restartDue = config.restartAtStart ?? false;
    this.#nextReference = config.firstCallReference ?? 1;
    this.#restarter = new Restarter(this);
    this.#reception = new Reception(this);
    this.#maintenance = new Maintenance(this);
  }

  /** A handle for an outgoing call's `setup`. */
  allot(): CallHandle {
    return this.#nextHandle++;
  }

  get linkUp(): boolean {
    return this.#linkUp;
  }

  get deadline(): Instant | undefined {
    let first = this.#restarter.timers.deadline;
    for (const call of this.#calls.values()) first = earlier(first, call.timers.deadline);
    return first;
  }

  /** Every call, as plain data that a later life can clear by `adopt`. */
  records(): readonly CallRecord[] {
    return [...this.#calls.values()].map((call) => call.record(this.side));
  }

  record(handle: CallHandle): CallRecord | undefined {
    return this.#handles.get(handle)?.record(this.side);
  }

  /** What every channel is doing, in the order of the spans. */
  channelStates(): readonly { readonly channel: Channel; readonly state: ChannelState }[] {
    return this.channels.entries.map((e) => ({ channel: e.channel, state: this.channels.state(e) }));
  }

  feed(event: GroupEvent, now: Instant): readonly GroupEffect[] {
    switch (event.type) {
      case 'dl-established':
        this.#established(now);
        break;
      case 'dl-released':
        this.#released(now);
        break;
      case 'dl-data':
        this.#data(event.data, now);
        break;
      case 'request':
        this.#request(event.handle, event.request, now);
        break;
      case 'restart':
        this.#restart(event.channels, now);
        break;
      case 'service':
        this.#maintenance.ask(event.channel, event.inService);
        break;
      case 'adopt':
        this.#adopt(event.records, now);
        break;
      default:
        impossible(event);
    }
    return this.#take();
  }

  wake(now: Instant): readonly GroupEffect[] {
    this.#restarter.wake(now);
    for (const call of [...this.#calls.values()]) {
      let timer: CallTimer | undefined = call.timers.take(now);
      while (timer !== undefined) {
        expire(call, this, timer, now);
        timer = call.timers.take(now);
      }
    }
    return this.#take();
  }

  #take(): readonly GroupEffect[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  #established(now: Instant): void {
    this.#linkUp = true;
    // Before RESTART: it clears the channels, yet not every peer lets go of the calls on them.
    for (const call of [...this.#calls.values()]) linkBack(call, this, now);
    if (this.#restartDue) {
      this.#restartDue = false;
      this.#restarter.begin('all', now);
    } else {
      this.#restarter.resume(now);
    }
    this.#maintenance.resume();
  }

  #released(now: Instant): void {
    this.#linkUp = false;
    this.#restarter.pause();
    for (const call of [...this.#calls.values()]) linkLost(call, this, now);
  }

  #data(data: Uint8Array, now: Instant): void {
    const message = parseMessage(data);
    if (!message.ok) {
      this.problem('discarded', `a message was ignored: ${message.error}`);
      return;
    }
    if (message.value.discriminator === CALL_CONTROL) this.#reception.hear(message.value, now);
    else this.#maintenance.hear(message.value);
  }

  #request(handle: CallHandle, request: CallRequest, now: Instant): void {
    if (request.type === 'setup') {
      this.#setup(handle, request, now);
      return;
    }
    const call = this.#handles.get(handle);
    if (call === undefined || !ask(call, this, request, now)) {
      this.problem('late-request', `${request.type} came too late for call ${handle}`);
    }
  }

  #setup(handle: CallHandle, request: Extract<CallRequest, { type: 'setup' }>, now: Instant): void {
    assert(handle < this.#nextHandle && !this.#handles.has(handle), 'a handle comes from allot() and is used once');
    const refusal = this.#refusal();
    const entry = refusal === undefined ? this.channels.hunt(request.channel) : undefined;
    const cause = refusal ?? (entry !== undefined ? undefined : this.#noChannel(request));
    if (entry === undefined || cause !== undefined) {
      this.emit({
        type: 'call',
        handle,
        indication: {
          type: 'release',
          cause: { cause: cause ?? CAUSES.noChannel, location: this.ownLocation, diagnostics: undefined },
          elements: [],
        },
      });
      return;
    }
    const call = new Call(handle, this.#allotReference(), true, 'setup-sent');
    call.exclusive = request.channel.exclusive;
    this.admit(call);
    this.seize(call, entry);
    sendSetup(call, this, request, now);
  }

  #refusal(): number | undefined {
    if (!this.#linkUp) return CAUSES.destinationOutOfOrder;
    return this.full ? CAUSES.congestion : undefined;
  }

  #noChannel({ channel }: Extract<CallRequest, { type: 'setup' }>): number {
    return channel.type === 'one' ? CAUSES.channelUnavailable : CAUSES.noChannel;
  }

  #restart(which: readonly Channel[] | 'all', now: Instant): void {
    if (which === 'all') this.#restarter.begin('all', now);
    else
      this.#restarter.begin(
        which.flatMap((channel) => this.channels.at(channel) ?? []),
        now,
      );
  }

  #adopt(records: readonly CallRecord[], now: Instant): void {
    for (const record of records) {
      if (this.find({ value: record.callRef, fromOriginator: !record.outgoing }) !== undefined) continue;
      const call = new Call(this.allot(), record.callRef, record.outgoing, 'release-sent');
      call.adopted = true;
      this.admit(call);
      const { span, slot } = record;
      const entry = span === undefined || slot === undefined ? undefined : this.channels.at({ span, slot });
      if (entry !== undefined && entry.holder === undefined) this.seize(call, entry);
      if (this.#linkUp) linkBack(call, this, now);
    }
  }

  #allotReference(): number {
    const last = this.variant.callReferenceLength === 1 ? 0x7f : 0x7fff;
    // There are always fewer calls than references.
    for (;;) {
      const reference = this.#nextReference;
      this.#nextReference = reference >= last ? 1 : reference + 1;
      if (reference <= last && !this.#calls.has(keyOf(reference, true))) return reference;
    }
  }

  // What follows is the desk at which the steps of calls, restarting and reception work.

  get full(): boolean {
    return this.#calls.size >= this.#maxCalls;
  }

  get restarter(): Restarter {
    return this.#restarter;
  }

  /** The call that a received reference names: flag 0 means that the peer allotted it. */
  find(reference: CallReference): Call | undefined {
    return this.#calls.get(keyOf(reference.value, !reference.fromOriginator));
  }

  holder(entry: Entry): Call | undefined {
    return entry.holder === undefined ? undefined : this.#handles.get(entry.holder);
  }

  admit(call: Call): void {
    this.#calls.set(keyOf(call.reference, call.outgoing), call);
    this.#handles.set(call.handle, call);
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

  drop(entry: Entry): void {
    const call = this.holder(entry);
    if (call === undefined) return;
    finish(call, this, { cause: CAUSES.temporaryFailure, location: this.ownLocation, diagnostics: undefined });
  }

  restart(entry: Entry, now: Instant): void {
    this.#restarter.begin([entry], now);
  }

  indicate(call: Call, indication: CallIndication): void {
    if (!call.adopted) this.emit({ type: 'call', handle: call.handle, indication });
  }

  problem(id: ProblemId, what: string): void {
    this.emit({ type: 'problem', id, what });
  }

  emit(effect: GroupEffect): void {
    this.#out.push(effect);
  }

  send(call: Call, name: MessageName, elements: readonly Element[]): void {
    this.sendTo({ value: call.reference, fromOriginator: call.outgoing }, name, elements);
  }

  sendGlobal(name: MessageName, elements: readonly Element[]): void {
    this.sendTo({ value: 0, fromOriginator: name !== 'restart-acknowledge' }, name, elements);
  }

  sendTo(reference: CallReference, name: MessageName, elements: readonly Element[]): void {
    this.sendRaw(CALL_CONTROL, reference, codeOf(name), elements);
  }

  /** Without a link nothing can be said: what must be is said again when it is back. */
  sendRaw(discriminator: number, reference: CallReference, type: number, elements: readonly Element[]): void {
    if (!this.#linkUp) return;
    const message = { discriminator, reference, type, elements };
    this.emit({ type: 'dl-data', data: printMessage(message, this.variant.callReferenceLength) });
  }
}
