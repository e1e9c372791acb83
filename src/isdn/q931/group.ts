import type { Machine } from '../../kernel/machine.ts';
import { assert, impossible } from '../../kernel/machine.ts';
import type { Instant } from '../../kernel/time.ts';
import { Board } from './board.ts';
import { linkBack, linkLost } from './clearing.ts';
import { expire } from './expiry.ts';
import type { GroupConfig } from './group-config.ts';
import { CAUSES } from './ie/cause.ts';
import { Maintenance } from './maintenance.ts';
import { CALL_CONTROL, parseMessage } from './message.ts';
import type {
  CallHandle,
  CallRecord,
  CallRequest,
  Channel,
  ChannelState,
  GroupEffect,
  GroupEvent,
  Side,
} from './primitives.ts';
import { Reception } from './reception.ts';
import { ask, sendSetup } from './requests.ts';
import type { Variant } from './variants.ts';

/**
 * The Q.931 layer of one D-channel group: its link, its calls, its B-channels, user or network side. A pure machine: layer 2,
 * the users and the clock feed it, and it answers with messages and indications.
 */
export class Q931Group implements Machine<GroupEvent, GroupEffect> {
  readonly #board: Board;
  readonly #reception: Reception;
  readonly #maintenance: Maintenance;
  #restartDue: boolean;

  constructor(config: GroupConfig) {
    this.#board = new Board(config);
    this.#reception = new Reception(this.#board);
    this.#maintenance = new Maintenance(this.#board);
    this.#restartDue = config.restartAtStart ?? false;
  }

  get side(): Side {
    return this.#board.side;
  }

  get variant(): Variant {
    return this.#board.variant;
  }

  get linkUp(): boolean {
    return this.#board.linkUp;
  }

  get deadline(): Instant | undefined {
    return this.#board.deadline;
  }

  /** A handle for an outgoing call's `setup`. */
  allot(): CallHandle {
    return this.#board.allot();
  }

  /** Every call, as plain data that a later life can clear by `adopt`. */
  records(): readonly CallRecord[] {
    return this.#board.calls().map((call) => call.record(this.#board.side));
  }

  record(handle: CallHandle): CallRecord | undefined {
    return this.#board.call(handle)?.record(this.#board.side);
  }

  /** What every channel is doing, in the order of the spans. */
  channelStates(): readonly { readonly channel: Channel; readonly state: ChannelState }[] {
    return this.#board.channels.entries.map((e) => ({ channel: e.channel, state: this.#board.channels.state(e) }));
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
        this.#data(event.data, event.at, now);
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
      case 'line':
        this.#board.line(event.span, event.up);
        break;
      case 'home':
        this.#board.moveTo(event.span);
        break;
      case 'adopt':
        this.#adopt(event.records, now);
        break;
      default:
        impossible(event);
    }
    return this.#board.take();
  }

  wake(now: Instant): readonly GroupEffect[] {
    this.#board.restarter.wake(now);
    for (const call of this.#board.calls()) {
      for (let timer = call.due(now); timer !== undefined; timer = call.due(now)) expire(call, this.#board, timer, now);
    }
    return this.#board.take();
  }

  #established(now: Instant): void {
    this.#board.linkUp = true;
    // Before RESTART: it clears the channels, yet not every peer lets go of the calls on them.
    for (const call of this.#board.calls()) linkBack(call, this.#board, now);
    if (this.#restartDue) {
      this.#restartDue = false;
      this.#board.restarter.begin('all', now);
    } else {
      this.#board.restarter.resume(now);
    }
    this.#maintenance.resume();
  }

  #released(now: Instant): void {
    this.#board.linkUp = false;
    this.#board.restarter.pause();
    for (const call of this.#board.calls()) linkLost(call, this.#board, now);
  }

  #data(data: Uint8Array, at: number, now: Instant): void {
    const message = parseMessage(data, at);
    if (!message.ok) {
      this.#board.problem('discarded', `a message was ignored: ${message.error}`);
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
    const call = this.#board.call(handle);
    if (call === undefined || !ask(call, this.#board, request, now)) {
      this.#board.problem('late-request', `${request.type} came too late for call ${handle}`);
    }
  }

  #setup(handle: CallHandle, request: Extract<CallRequest, { type: 'setup' }>, now: Instant): void {
    assert(this.#board.fresh(handle), 'a handle comes from allot() and is used once');
    const refusal = this.#refusal();
    const entry = refusal === undefined ? this.#board.channels.hunt(request.channel) : undefined;
    const cause = refusal ?? (entry !== undefined ? undefined : this.#noChannel(request));
    if (entry === undefined || cause !== undefined) {
      this.#board.emit({
        type: 'call',
        handle,
        indication: {
          type: 'release',
          cause: { cause: cause ?? CAUSES.noChannel, location: this.#board.ownLocation, diagnostics: undefined },
          elements: [],
        },
      });
      return;
    }
    const call = this.#board.admit(handle, this.#board.allotReference(), true, 'setup-sent');
    call.exclusive = request.channel.exclusive;
    this.#board.seize(call, entry);
    sendSetup(call, this.#board, request, now);
  }

  #refusal(): number | undefined {
    if (!this.#board.linkUp) return CAUSES.destinationOutOfOrder;
    return this.#board.full ? CAUSES.congestion : undefined;
  }

  #noChannel({ channel }: Extract<CallRequest, { type: 'setup' }>): number {
    return channel.type === 'one' ? CAUSES.channelUnavailable : CAUSES.noChannel;
  }

  #restart(which: readonly Channel[] | 'all', now: Instant): void {
    if (which === 'all') this.#board.restarter.begin('all', now);
    else
      this.#board.restarter.begin(
        which.flatMap((channel) => this.#board.channels.at(channel) ?? []),
        now,
      );
  }

  #adopt(records: readonly CallRecord[], now: Instant): void {
    for (const record of records) {
      if (this.#board.find({ value: record.callRef, fromOriginator: !record.outgoing }) !== undefined) continue;
      const call = this.#board.admit(this.#board.allot(), record.callRef, record.outgoing, 'release-sent');
      call.adopted = true;
      const { span, slot } = record;
      const entry = span === undefined || slot === undefined ? undefined : this.#board.channels.at({ span, slot });
      if (entry !== undefined && entry.holder === undefined) this.#board.seize(call, entry);
      if (this.#board.linkUp) linkBack(call, this.#board, now);
    }
  }
}
