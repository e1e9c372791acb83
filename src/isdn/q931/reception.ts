/** Where a message goes: Q.931 §5.8.3 (call references), §5.8.4 (types and sequence), §5.8.6–5.8.7 (elements), §5.7 (glare). */
import type { Instant } from '../../kernel/time.ts';
import type { Call, Desk } from './call.ts';
import type { Entry } from './channels.ts';
import { causeOf } from './compose.ts';
import type { HeardElement, SaidElement } from './element.ts';
import { examine, type Findings } from './examine.ts';
import { type Heard, STEPS, sendStatus } from './hearing.ts';
import { CAUSES, type CauseElement, causeElement } from './ie/cause.ts';
import { channelIdentification } from './ie/channel.ts';
import { element, first } from './ie/codec.ts';
import { callState } from './ie/simple.ts';
import { setupIn } from './interpret.ts';
import type { CallReference, Message } from './message.ts';
import { type MessageName, type MessageSpec, messageOf } from './message-table.ts';
import type { CallHandle, Side } from './primitives.ts';
import type { Restarter } from './restart.ts';
import { type CallState, NULL_STATE } from './states.ts';

/** What receiving needs of the group, beside what a call needs. */
export interface Hall extends Desk {
  readonly full: boolean;
  readonly restarter: Restarter;
  find(reference: CallReference): Call | undefined;
  holder(entry: Entry): Call | undefined;
  admit(handle: CallHandle, reference: number, outgoing: boolean, state: CallState): Call;
  allot(): CallHandle;
  sendTo(reference: CallReference, name: MessageName, elements: readonly SaidElement[]): void;
  sendGlobal(name: MessageName, elements: readonly SaidElement[]): void;
}

/** Global call reference states, §4.5.7. */
const RESTART_NULL = 0;
const RESTART_REQUEST = 0x3d;

/** Messages that clear; the clearing phase heeds no other but the status ones. */
const CLEARING_MESSAGES: ReadonlySet<MessageName> = new Set([
  'disconnect',
  'release',
  'release-complete',
  'status',
  'status-enquiry',
]);

const other = (side: Side): Side => (side === 'user' ? 'network' : 'user');

export class Reception {
  readonly #hall: Hall;

  constructor(hall: Hall) {
    this.#hall = hall;
  }

  hear(message: Message, now: Instant): void {
    const { reference } = message;
    if (reference === undefined) {
      this.#hall.problem('discarded', 'a message on the dummy call reference was ignored');
      return;
    }
    const spec = messageOf(message.type);
    if (reference.value === 0) {
      this.#global(message, spec, now);
      return;
    }
    const call = this.#hall.find(reference);
    if (call !== undefined) this.#forCall(call, message, spec, now);
    else this.#forNone(reference, message, spec);
  }

  /** §5.8.3.2 f: the global call reference is for RESTART and STATUS alone. */
  #global(message: Message, spec: MessageSpec | undefined, now: Instant): void {
    const { restarter } = this.#hall;
    const elements = spec === undefined ? [] : examine(message, spec.mandatory[other(this.#hall.side)]).elements;
    switch (spec?.name) {
      case 'restart':
        if (!restarter.heard(elements)) this.#globalStatus(CAUSES.noSuchChannel);
        return;
      case 'restart-acknowledge':
        restarter.acknowledged(now);
        return;
      case 'status':
        this.#hall.problem('status', 'the peer reports an error on the global call reference');
        return;
      default:
        this.#globalStatus(CAUSES.invalidCallReference);
    }
  }

  #globalStatus(cause: number): void {
    const state = this.#hall.restarter.waiting ? RESTART_REQUEST : RESTART_NULL;
    this.#hall.sendGlobal('status', [this.#cause(cause), element(callState, state)]);
  }

  #cause(cause: number, diagnostics?: Uint8Array): SaidElement {
    return causeOf(this.#causeElement(cause, diagnostics));
  }

  #causeElement(cause: number, diagnostics?: Uint8Array): CauseElement {
    return { cause, location: this.#hall.ownLocation, diagnostics };
  }

  /** §5.8.3.2: a reference that names no call. */
  #forNone(reference: CallReference, message: Message, spec: MessageSpec | undefined): void {
    const answer = { value: reference.value, fromOriginator: !reference.fromOriginator };
    const hall = this.#hall;
    switch (spec?.name) {
      case 'setup':
        // A SETUP with flag 1 is not the originator's: ignored.
        if (reference.fromOriginator) this.#setup(reference, message, spec);
        return;
      case 'release-complete':
        return;
      case 'status-enquiry':
        hall.sendTo(answer, 'status', [this.#cause(CAUSES.responseToEnquiry), element(callState, NULL_STATE)]);
        return;
      case 'status': {
        const { elements } = examine(message, spec.mandatory[other(hall.side)]);
        if ((first(elements, callState) ?? NULL_STATE) !== NULL_STATE)
          hall.sendTo(answer, 'release-complete', [this.#cause(CAUSES.messageNotCompatible)]);
        return;
      }
      default:
        hall.problem('unknown-call', `${spec?.name ?? `message ${message.type}`} for no call of ours`);
        hall.sendTo(answer, 'release-complete', [this.#cause(CAUSES.invalidCallReference)]);
    }
  }

  #forCall(call: Call, message: Message, spec: MessageSpec | undefined, now: Instant): void {
    const hall = this.#hall;
    if (spec === undefined || spec.name === 'restart' || spec.name === 'restart-acknowledge') {
      hall.problem('unknown-message', `message type ${message.type} is not known`);
      // §5.8.4: 97, with the type as diagnostics.
      if (call.state !== 'release-sent')
        sendStatus(call, hall, CAUSES.messageNotImplemented, Uint8Array.of(message.type));
      return;
    }
    // §5.8.3.2 e: SETUP for a call that is there is a repeat.
    if (spec.name === 'setup') return;
    if (call.clearing && !CLEARING_MESSAGES.has(spec.name)) return;
    if (spec.states !== undefined && !spec.states.has(call.state)) {
      // DISCONNECT that crossed our RELEASE needs no words.
      if (call.clearing) return;
      hall.problem('unexpected-message', `${spec.name} in state ${call.state}`);
      sendStatus(call, hall, CAUSES.messageNotCompatible, Uint8Array.of(message.type));
      return;
    }
    // §3.1.9: a cause must be in RELEASE where that is the first message to clear.
    const mandatory = spec.name === 'release' && !call.clearing ? [causeElement.id] : spec.mandatory[other(hall.side)];
    const findings = examine(message, mandatory);
    this.#examined(call, spec.name, findings, now);
  }

  #examined(
    call: Call,
    name: Exclude<MessageName, 'setup' | 'restart' | 'restart-acknowledge'>,
    findings: Findings,
    now: Instant,
  ): void {
    const hall = this.#hall;
    const { elements, grave, slight } = findings;
    let heard: Heard = { elements, fault: undefined };
    if (grave !== undefined) {
      hall.problem('missing-element', `${name} lacks what it must hold: cause ${grave.cause}`);
      const clears = name === 'disconnect' || name === 'release' || name === 'release-complete';
      if (!clears) {
        // STATUS is never answered by STATUS: two such peers would talk for ever.
        if (name !== 'status') sendStatus(call, hall, grave.cause, grave.ids);
        return;
      }
      heard = { elements, fault: this.#causeElement(grave.cause, grave.ids) };
    } else if (slight !== undefined) {
      hall.problem('bad-element', `${name} holds an element that counts for nothing: cause ${slight.cause}`);
    }
    STEPS[name](call, hall, heard, now);
    const reports = slight !== undefined && grave === undefined && hall.variant.reportsOptionalErrors;
    if (reports && !CLEARING_MESSAGES.has(name) && !call.clearing) sendStatus(call, hall, slight.cause, slight.ids);
  }

  #setup(reference: CallReference, message: Message, spec: MessageSpec): void {
    const hall = this.#hall;
    const { elements, grave, slight } = examine(message, spec.mandatory[other(hall.side)]);
    const refuse = (cause: number, diagnostics?: Uint8Array): void =>
      hall.sendTo({ value: reference.value, fromOriginator: false }, 'release-complete', [
        this.#cause(cause, diagnostics),
      ]);
    if (grave !== undefined) {
      hall.problem('missing-element', `SETUP lacks what it must hold: cause ${grave.cause}`);
      refuse(grave.cause, grave.ids);
      return;
    }
    const words = setupIn(elements, hall.variant);
    if (words === undefined) {
      refuse(CAUSES.invalidElement);
      return;
    }
    if (hall.full) {
      hall.problem('limit', 'a call was refused: too many at once');
      refuse(CAUSES.congestion);
      return;
    }
    const found = this.#channel(elements);
    if (typeof found === 'number') {
      refuse(found);
      return;
    }
    const call = hall.admit(hall.allot(), reference.value, false, 'setup-received');
    hall.seize(call, found);
    if (slight !== undefined && hall.variant.reportsOptionalErrors) sendStatus(call, hall, slight.cause, slight.ids);
    hall.indicate(call, { ...words, type: 'setup', channel: found.channel });
    hall.indicate(call, { type: 'channel', channel: found.channel });
  }

  /** The channel for an incoming call, or the cause that refuses it: §5.1.2, §5.2.3.1, §5.7. */
  #channel(elements: readonly HeardElement[]): Entry | number {
    const { channels } = this.#hall;
    const asked = first(elements, channelIdentification);
    const any = (): Entry | number =>
      channels.hunt({ type: 'any', order: 'ascending', exclusive: false }) ?? CAUSES.noChannel;
    if (asked === undefined || asked.slots === 'any') return any();
    if (asked.slots === 'none') return CAUSES.noChannel;
    const entry = channels.find(asked.interface, asked.slots[0] ?? 0);
    if (entry !== undefined && (channels.state(entry) === 'idle' || this.#yields(entry))) return entry;
    if (!asked.exclusive) return any();
    return entry === undefined ? CAUSES.noSuchChannel : CAUSES.channelUnavailable;
  }

  /** §5.7: when both ends take one channel at once, the network's call has it and the user's SETUP waits for another. */
  #yields(entry: Entry): boolean {
    const ours = this.#hall.holder(entry);
    return this.#hall.side === 'user' && ours?.state === 'setup-sent';
  }
}
