/** Our end of a span (Q.921 and Q.931, user side) before the simulated carrier, in simulated time; all that happens is written down. */
import { Q921Link } from '../../src/isdn/q921/link.ts';
import type { LinkEffect } from '../../src/isdn/q921/primitives.ts';
import { Q931Group } from '../../src/isdn/q931/group.ts';
import type { GroupConfig } from '../../src/isdn/q931/group-config.ts';
import type {
  CallHandle,
  CallIndication,
  CallRequest,
  GroupEffect,
  GroupEvent,
} from '../../src/isdn/q931/primitives.ts';
import { VARIANTS } from '../../src/isdn/q931/variants.ts';
import type { Instant } from '../../src/kernel/time.ts';
import type { FarAudio } from '../../src/span/port.ts';
import { Carrier, type CarrierEffect, type CarrierEvent, type CarrierLine } from '../../src/span/virtual/carrier.ts';
import type { CarrierSettings } from '../../src/span/virtual/carrier-plan.ts';
import { SETUP, SPAN } from './q931-pair.ts';

export interface CarrierRigOptions {
  readonly settings?: Partial<CarrierSettings>;
  readonly line?: Partial<CarrierLine>;
  readonly group?: Partial<GroupConfig>;
  /** What our end does on an indication, beyond releasing when the far end disconnects. */
  readonly react?: (rig: CarrierRig, handle: CallHandle, indication: CallIndication) => void;
}

export class CarrierRig {
  /** `milliseconds what`, from when the link was up. */
  readonly log: string[] = [];
  readonly group: Q931Group;
  readonly carrier: Carrier;
  /** Indications of all calls. */
  readonly heard: { readonly handle: CallHandle; readonly indication: CallIndication }[] = [];
  readonly #link = new Q921Link({ side: 'user' });
  readonly #react: NonNullable<CarrierRigOptions['react']>;
  #now = 0 as Instant;

  constructor({ settings = {}, line = {}, group = {}, react = () => {} }: CarrierRigOptions = {}) {
    this.carrier = new Carrier(
      { span: SPAN.id, side: 'network', variant: 'ni2', slots: SPAN.slots, ...line },
      settings,
    );
    this.group = new Q931Group({ side: 'user', variant: VARIANTS[line.variant ?? 'ni2'], spans: [SPAN], ...group });
    this.#react = react;
    this.#links(this.#link.feed({ type: 'dl-establish' }, this.#now));
  }

  tell(event: CarrierEvent): void {
    this.#carriers(this.carrier.feed(event, this.#now));
  }

  feed(event: GroupEvent): void {
    this.#groups(this.group.feed(event, this.#now));
  }

  request(handle: CallHandle, request: CallRequest): void {
    this.feed({ type: 'request', handle, request });
  }

  call(digits: string, words: Partial<Extract<CallRequest, { type: 'setup' }>> = {}): CallHandle {
    const handle = this.group.allot();
    const channel = { type: 'any', order: 'ascending', exclusive: true } as const;
    const called = { digits, type: 'national', plan: 'isdn' } as const;
    this.request(handle, { type: 'setup', channel, ...SETUP, called, ...words });
    return handle;
  }

  /** Lets `milliseconds` pass. */
  run(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [this.carrier.deadline, this.#link.deadline, this.group.deadline].filter((at) => at !== undefined);
      const next = Math.min(...due);
      if (due.length === 0 || next > end) break;
      this.#now = next as Instant;
      this.#carriers(this.carrier.wake(this.#now));
      this.#links(this.#link.wake(this.#now));
      this.#groups(this.group.wake(this.#now));
    }
    this.#now = end as Instant;
  }

  /** No call is left at our end, and no channel taken. */
  get idle(): boolean {
    return this.group.records().length === 0 && this.group.channelStates().every(({ state }) => state === 'idle');
  }

  #carriers(effects: readonly CarrierEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'frame') this.#links(this.#link.feed(effect, this.#now));
      else this.log.push(`${this.#now} far ${effect.slot}: ${audioText(effect.audio)}`);
    }
  }

  #links(effects: readonly LinkEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'frame') this.tell(effect);
      else if (effect.type === 'dl-data') this.feed({ type: 'dl-data', data: effect.message, at: effect.at });
      else if (effect.type === 'dl-established' || effect.type === 'dl-released') this.feed({ type: effect.type });
    }
  }

  #groups(effects: readonly GroupEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'dl-data') {
        this.#links(this.#link.feed({ type: 'dl-data', message: effect.data, at: effect.at }, this.#now));
      } else if (effect.type === 'call') {
        const { handle, indication } = effect;
        this.heard.push(effect);
        this.log.push(`${this.#now} ${indicationText(indication)}`);
        this.#react(this, handle, indication);
        if (indication.type === 'disconnect' && indication.progress.length === 0) {
          this.request(handle, { type: 'release', cause: indication.cause.cause });
        }
      }
    }
  }
}

function audioText(audio: FarAudio): string {
  return audio.type === 'tone' ? `${audio.frequency} Hz at ${audio.level} dBm0` : audio.type;
}

function indicationText(indication: CallIndication): string {
  switch (indication.type) {
    case 'setup': {
      const { channel, caller, callerName, called } = indication;
      return `setup on ${channel.slot} to ${called.digits} from ${caller?.digits} ${caller?.presentation} ${callerName?.text ?? ''}`.trim();
    }
    case 'disconnect':
    case 'release':
      return `${indication.type} ${indication.cause.cause}${inBandText(indication)}`;
    case 'proceeding':
    case 'alerting':
    case 'progress':
      return `${indication.type}${inBandText(indication)}`;
    case 'channel':
      return `channel ${indication.channel.slot}`;
    default:
      return indication.type;
  }
}

const inBandText = (indication: CallIndication): string =>
  'progress' in indication && indication.progress.some(({ description }) => description === 8) ? ' with tones' : '';
