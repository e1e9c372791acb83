/** SERVICE and SERVICE ACKNOWLEDGE: channels taken out of service and back (TR 41459, SR-4994). */
import type { Channels, Entry } from './channels.ts';
import { channelElement } from './compose.ts';
import type { HeardElement, SaidElement } from './element.ts';
import { examine } from './examine.ts';
import { channelIdentification } from './ie/channel.ts';
import { element, first } from './ie/codec.ts';
import { changeStatus } from './ie/simple.ts';
import type { CallReference, Message } from './message.ts';
import { MAINTENANCE_TYPES, SERVICE_MANDATORY } from './message-table.ts';
import type { Channel, ProblemId } from './primitives.ts';
import type { Variant } from './variants.ts';

const IN_SERVICE = 0;
const OUT_OF_SERVICE = 2;

export interface MaintenanceDesk {
  readonly channels: Channels;
  readonly variant: Variant;
  readonly explicitInterface: boolean;
  tell(entry: Entry): void;
  problem(id: ProblemId, what: string): void;
  sendRaw(discriminator: number, reference: CallReference, type: number, elements: readonly SaidElement[]): void;
}

/** Where the variant has none, only our own table changes. */
export class Maintenance {
  readonly #desk: MaintenanceDesk;
  /** Channels that we said are back and whose peer has not acknowledged it: a reset of the link swallows what is on its way. */
  readonly #back = new Set<Entry>();

  constructor(desk: MaintenanceDesk) {
    this.#desk = desk;
  }

  ask(channel: Channel, inService: boolean): void {
    const entry = this.#desk.channels.at(channel);
    if (entry === undefined) return;
    if (inService) {
      entry.blocked.delete('here');
      this.#back.add(entry);
    } else {
      entry.blocked.add('here');
      this.#back.delete(entry);
    }
    this.#desk.tell(entry);
    this.#send(entry, inService);
  }

  /** The link is back: the peer may have forgotten what is out of service, and not have heard what is back. */
  resume(): void {
    for (const entry of this.#desk.channels.entries) {
      if (entry.blocked.has('here')) this.#send(entry, false);
      else if (this.#back.has(entry)) this.#send(entry, true);
    }
  }

  #send(entry: Entry, inService: boolean): void {
    const { maintenance } = this.#desk.variant;
    const types = maintenance === undefined ? undefined : MAINTENANCE_TYPES[maintenance];
    if (maintenance === undefined || types === undefined) return;
    this.#desk.sendRaw(maintenance, { value: 0, fromOriginator: true }, types.service, [
      element(changeStatus, inService ? IN_SERVICE : OUT_OF_SERVICE),
      channelElement(this.#desk, entry, true),
    ]);
  }

  /** The peer's SERVICE: a call on the channel goes on; when it ends, the channel isn't used again until it is back. */
  hear(message: Message): void {
    const types = MAINTENANCE_TYPES[message.discriminator];
    if (types === undefined) return;
    const { elements, grave } = examine(message, SERVICE_MANDATORY);
    if (message.type === types.acknowledge) {
      this.#acknowledged(elements);
      return;
    }
    if (message.type !== types.service || grave !== undefined || message.reference === undefined) {
      this.#desk.problem('discarded', `maintenance message ${message.type} was ignored`);
      return;
    }
    const status = first(elements, changeStatus);
    const named = first(elements, channelIdentification);
    if (named === undefined || typeof named.slots === 'string') return;
    for (const slot of named.slots) {
      const entry = this.#desk.channels.find(named.interface, slot);
      if (entry === undefined) continue;
      if (status === IN_SERVICE) entry.blocked.delete('there');
      else entry.blocked.add('there');
      this.#desk.tell(entry);
    }
    const answer = { value: message.reference.value, fromOriginator: !message.reference.fromOriginator };
    this.#desk.sendRaw(message.discriminator, answer, types.acknowledge, elements);
  }

  #acknowledged(elements: readonly HeardElement[]): void {
    const named = first(elements, channelIdentification);
    if (named === undefined || typeof named.slots === 'string' || first(elements, changeStatus) !== IN_SERVICE) return;
    for (const slot of named.slots) {
      const entry = this.#desk.channels.find(named.interface, slot);
      if (entry !== undefined) this.#back.delete(entry);
    }
  }
}
