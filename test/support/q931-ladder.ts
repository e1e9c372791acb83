/**
 * One Q.931 group against a scripted peer, as text: `< 08 02 …` is a message from the peer, `> …` one of ours, `! type` an
 * indication, `? id` a problem. Messages are written by name where the call reference is the usual one.
 */
import assert from 'node:assert/strict';
import { Q931Group } from '../../src/isdn/q931/group.ts';
import type { GroupConfig } from '../../src/isdn/q931/group-config.ts';
import { parseMessage } from '../../src/isdn/q931/message.ts';
import { messageOf } from '../../src/isdn/q931/message-table.ts';
import type { CallHandle, CallRequest, GroupEffect, GroupEvent, Side } from '../../src/isdn/q931/primitives.ts';
import { VARIANTS } from '../../src/isdn/q931/variants.ts';
import { fromHex, toHex } from '../../src/kernel/bytes.ts';
import type { Instant } from '../../src/kernel/time.ts';
import { SETUP, SPAN } from './q931-pair.ts';

/** A message of ours by name and its elements in hex: `setup 04:8090a2 18:a98381`. */
function textOf(data: Uint8Array): string {
  const message = parseMessage(data);
  assert.ok(message.ok);
  const { type, elements, reference, discriminator } = message.value;
  const name = discriminator === 8 ? (messageOf(type)?.name ?? toHex(Uint8Array.of(type))) : `service:${type}`;
  const whose = reference === undefined ? '-' : `${reference.fromOriginator ? '' : '~'}${reference.value}`;
  const parts = elements.map((e) => {
    const id = `${e.codeset === 0 ? '' : `${e.codeset}/`}${e.id.toString(16).padStart(2, '0')}`;
    return e.contents.length === 0 ? id : `${id}:${toHex(e.contents)}`;
  });
  return [whose, name, ...parts].join(' ');
}

export class Ladder {
  readonly group: Q931Group;
  now = 0 as Instant;
  #lines: string[] = [];

  constructor(side: Side, config: Partial<GroupConfig> = {}) {
    this.group = new Q931Group({ side, variant: VARIANTS.ni2, spans: [SPAN], ...config });
    this.feed({ type: 'dl-established' });
    this.lines();
  }

  feed(event: GroupEvent): this {
    this.#take(this.group.feed(event, this.now));
    return this;
  }

  /** The peer says this, in hex. */
  hear(hex: string): this {
    return this.feed({ type: 'dl-data', data: fromHex(hex), at: 0 });
  }

  ask(handle: CallHandle, request: CallRequest): this {
    return this.feed({ type: 'request', handle, request });
  }

  call(setup: Partial<Extract<CallRequest, { type: 'setup' }>> = {}): CallHandle {
    const handle = this.group.allot();
    const channel = { type: 'any', order: 'ascending', exclusive: true } as const;
    this.ask(handle, { type: 'setup', channel, ...SETUP, ...setup });
    return handle;
  }

  /** Lets time pass up to `seconds` from now; each timer fires at its own time. */
  wait(seconds: number): this {
    const end = this.now + seconds * 1000;
    for (let due = this.group.deadline; due !== undefined && due <= end; due = this.group.deadline) {
      this.now = due;
      this.#take(this.group.wake(due));
    }
    this.now = end as Instant;
    return this;
  }

  #take(effects: readonly GroupEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'dl-data') this.#lines.push(`> ${textOf(effect.data.slice(effect.at))}`);
      else if (effect.type === 'problem') this.#lines.push(`? ${effect.id}`);
      else if (effect.type === 'call') {
        const { indication } = effect;
        const cause = 'cause' in indication && indication.cause !== undefined ? ` ${indication.cause.cause}` : '';
        this.#lines.push(`! ${indication.type}${cause}`);
      }
    }
  }

  /** What happened since the last look. */
  lines(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  state(slot: number): string | undefined {
    return this.group.channelStates().find(({ channel }) => channel.slot === slot)?.state;
  }
}
