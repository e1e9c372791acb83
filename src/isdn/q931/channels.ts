/** The B-channels of a group: who holds each, what is wrong with it, and how a free one is found. */
import type { Channel, ChannelChoice, ChannelState } from './primitives.ts';

/** A span of the group: its B-channels, and the interface identifier by which the peer names it (NFAS). */
export interface GroupSpan {
  readonly id: string;
  readonly interface: number;
  readonly slots: readonly number[];
}

type Block = 'here' | 'there' | 'failed' | 'line';

export interface Entry {
  readonly channel: Channel;
  readonly interface: number;
  /** The call that holds it. */
  holder: number | undefined;
  /** A RESTART of it is not acknowledged yet. */
  restarting: boolean;
  /** Out of service: by our SERVICE, by the peer's, because clearing or restarting it failed (T308, T316), its line is down. */
  blocked: Set<Block>;
  /** As last told. */
  told: ChannelState;
}

const idleEntry = (channel: Channel, face: number): Entry => ({
  channel,
  interface: face,
  holder: undefined,
  restarting: false,
  blocked: new Set(),
  told: 'idle',
});

export class Channels {
  readonly entries: readonly Entry[];
  /** The interface that is meant where none is named: the one whose D-channel carries the messages. */
  home: number | undefined;
  /** By slot, for each span by its id. */
  readonly #bySpan = new Map<string, readonly (Entry | undefined)[]>();
  /** By slot, for each span by its interface identifier. */
  readonly #byInterface = new Map<number, readonly (Entry | undefined)[]>();
  /** Where round robin goes on. */
  #next = 0;

  constructor(spans: readonly GroupSpan[]) {
    this.home = spans[0]?.interface;
    this.entries = spans.flatMap(({ id, interface: face, slots }) => {
      const bySlot: (Entry | undefined)[] = [];
      for (const slot of slots) bySlot[slot] = idleEntry({ span: id, slot }, face);
      this.#bySpan.set(id, bySlot);
      this.#byInterface.set(face, bySlot);
      return slots.flatMap((slot) => bySlot[slot] ?? []);
    });
  }

  /** By interface and slot; without an interface, on the span that carries the D-channel. */
  find(face: number | undefined, slot: number): Entry | undefined {
    const wanted = face ?? this.home;
    return wanted === undefined ? undefined : this.#byInterface.get(wanted)?.[slot];
  }

  at({ span, slot }: Channel): Entry | undefined {
    return this.#bySpan.get(span)?.[slot];
  }

  state(entry: Entry): ChannelState {
    if (entry.holder !== undefined) return 'busy';
    if (entry.restarting) return 'restarting';
    return entry.blocked.size > 0 ? 'out-of-service' : 'idle';
  }

  /** An idle channel for this choice, or undefined. */
  hunt(choice: ChannelChoice): Entry | undefined {
    if (choice.type === 'one') {
      const entry = this.at(choice.channel);
      return entry !== undefined && this.state(entry) === 'idle' ? entry : undefined;
    }
    const n = this.entries.length;
    for (let i = 0; i < n; i++) {
      const at = choice.order === 'ascending' ? i : choice.order === 'descending' ? n - 1 - i : (this.#next + i) % n;
      const entry = this.entries[at];
      if (entry === undefined || this.state(entry) !== 'idle') continue;
      if (choice.span !== undefined && entry.channel.span !== choice.span) continue;
      if (choice.order === 'round-robin') this.#next = (at + 1) % n;
      return entry;
    }
    return undefined;
  }
}
