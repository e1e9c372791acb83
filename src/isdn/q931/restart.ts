/** RESTART both ways (Q.931 §5.5), on the global call reference, one of ours at a time. */
import type { Instant } from '../../kernel/time.ts';
import { Timers } from '../../kernel/timers.ts';
import type { Channels, Entry } from './channels.ts';
import { channelElement } from './compose.ts';
import type { HeardElement, SaidElement } from './element.ts';
import { type ChannelIdentification, channelIdentification } from './ie/channel.ts';
import { element, first } from './ie/codec.ts';
import { restartIndicator } from './ie/simple.ts';
import type { MessageName } from './message-table.ts';
import type { GroupEffect } from './primitives.ts';
import type { TimerTable, Variant } from './variants.ts';

/** §4.5.25. */
const INDICATED_CHANNELS = 0;
const SINGLE_INTERFACE = 6;
const ALL_INTERFACES = 7;

/** §5.5.1: RESTART is sent so often before its channels are out of service. */
const ATTEMPTS = 2;

/** What restarting needs of the group. */
export interface RestartDesk {
  readonly channels: Channels;
  readonly variant: Variant;
  readonly times: TimerTable;
  readonly linkUp: boolean;
  readonly explicitInterface: boolean;
  sendGlobal(name: MessageName, elements: readonly SaidElement[]): void;
  /** Clears the call on a channel without a word on the wire. */
  drop(entry: Entry): void;
  tell(entry: Entry): void;
  emit(effect: GroupEffect): void;
}

interface Job {
  readonly entries: readonly Entry[];
  readonly elements: readonly SaidElement[];
  attempts: number;
}

export class Restarter {
  readonly timers = new Timers<'T316'>();
  readonly #desk: RestartDesk;
  readonly #queue: Job[] = [];

  constructor(desk: RestartDesk) {
    this.#desk = desk;
  }

  /** True while a RESTART of ours is not acknowledged: call state REST 1 of the global call reference. */
  get waiting(): boolean {
    return this.#queue.length > 0;
  }

  /** The whole group in one message, or each channel in its own. */
  begin(which: readonly Entry[] | 'all', now: Instant): void {
    const { channels } = this.#desk;
    if (which === 'all') {
      const several = new Set(channels.entries.map((e) => e.interface)).size > 1;
      const indicator = element(restartIndicator, several ? ALL_INTERFACES : SINGLE_INTERFACE);
      this.#enqueue({ entries: channels.entries, elements: [indicator], attempts: 0 }, now);
      return;
    }
    for (const entry of which) {
      const elements = [channelElement(this.#desk, entry, true), element(restartIndicator, INDICATED_CHANNELS)];
      this.#enqueue({ entries: [entry], elements, attempts: 0 }, now);
    }
  }

  #enqueue(job: Job, now: Instant): void {
    // One waiting RESTART of a channel is enough.
    if (job.entries.length === 1 && this.#queue.some((other) => other.entries.includes(job.entries[0] as Entry)))
      return;
    for (const entry of job.entries) {
      this.#desk.drop(entry);
      entry.restarting = true;
      this.#desk.tell(entry);
    }
    this.#queue.push(job);
    if (this.#queue.length === 1) this.#send(now);
  }

  #send(now: Instant): void {
    const job = this.#queue[0];
    // Without a link it waits; `resume` sends it.
    if (job === undefined || !this.#desk.linkUp) return;
    job.attempts += 1;
    this.#desk.sendGlobal('restart', job.elements);
    this.timers.start('T316', now, this.#desk.times.T316);
  }

  /** The link is back: what was being restarted is restarted again. */
  resume(now: Instant): void {
    const job = this.#queue[0];
    if (job === undefined) return;
    job.attempts = 0;
    this.#send(now);
  }

  pause(): void {
    this.timers.stopAll();
  }

  wake(now: Instant): void {
    while (this.timers.take(now) !== undefined) {
      const job = this.#queue[0];
      if (job === undefined) return;
      if (job.attempts < ATTEMPTS) this.#send(now);
      else this.#end(false, now);
    }
  }

  /** RESTART ACKNOWLEDGE: it answers the one that is out. */
  acknowledged(now: Instant): void {
    if (this.timers.runs('T316')) this.#end(true, now);
  }

  #end(acknowledged: boolean, now: Instant): void {
    const job = this.#queue.shift();
    this.timers.stop('T316');
    if (job === undefined) return;
    for (const entry of job.entries) {
      entry.restarting = false;
      if (acknowledged) entry.blocked.delete('failed');
      else entry.blocked.add('failed');
      this.#desk.tell(entry);
    }
    const channels = job.entries.map((e) => e.channel);
    if (!acknowledged) {
      this.#desk.emit({
        type: 'problem',
        id: 'restart-failed',
        what: `no answer to RESTART of ${channels.length} channels`,
      });
    }
    this.#desk.emit({ type: 'restarted', channels, acknowledged });
    this.#send(now);
  }

  /** The peer's RESTART, §5.5.2: calls go, channels come back idle, the answer repeats what was asked. False: no such channel. */
  heard(elements: readonly HeardElement[]): boolean {
    const { channels } = this.#desk;
    const indicator = first(elements, restartIndicator) ?? INDICATED_CHANNELS;
    const named = first(elements, channelIdentification);
    const entries = this.#named(indicator, named);
    if (entries.length === 0) return false;
    for (const entry of entries) {
      this.#desk.drop(entry);
      entry.blocked.delete('failed');
      this.#desk.tell(entry);
    }
    const all = entries.length === channels.entries.length && named === undefined;
    this.#desk.sendGlobal('restart-acknowledge', [
      ...(all || named === undefined ? [] : [element(channelIdentification, named)]),
      element(restartIndicator, indicator),
    ]);
    return true;
  }

  #named(indicator: number, named: ChannelIdentification | undefined): readonly Entry[] {
    const { channels } = this.#desk;
    if (indicator === ALL_INTERFACES) return channels.entries;
    if (indicator === SINGLE_INTERFACE) {
      return channels.entries.filter((e) => e.interface === (named?.interface ?? channels.home));
    }
    if (indicator !== INDICATED_CHANNELS || named === undefined || typeof named.slots === 'string') return [];
    return named.slots.flatMap((slot) => channels.find(named.interface, slot) ?? []);
  }
}
