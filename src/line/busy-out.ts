/** B-channels taken out of service by an operator: those that are idle at once, those with a call when it has ended. */

/** What becomes of a span that is busied out: `draining` while calls are left on it. */
export type ServiceState = 'in-service' | 'partly' | 'draining' | 'out-of-service';

/** What SERVICE is to say of a B-channel. */
export interface ServiceOrder {
  readonly slot: number;
  readonly inService: boolean;
}

/** A B-channel's state as the Q.931 group tells it. */
export interface SlotState {
  readonly slot: number;
  readonly state: 'idle' | 'busy' | 'restarting' | 'out-of-service';
}

/** Who is out of service by our own wish. Slots are 1–31, so the wish is one number that the store can keep. */
export class BusyOut {
  #out: ReadonlySet<number>;
  readonly #said = new Set<number>();

  /** @param mask Bit n stands for slot n: what a former life had taken out. */
  constructor(mask: number) {
    this.#out = new Set(Array.from({ length: 31 }, (_, i) => i + 1).filter((slot) => ((mask >>> slot) & 1) === 1));
  }

  /** Some slot is to be out of service. */
  get any(): boolean {
    return this.#out.size > 0;
  }

  get mask(): number {
    let mask = 0;
    for (const slot of this.#out) mask += 2 ** slot;
    return mask;
  }

  /** These slots are to go out of service, or to come back; every other stays as it is. */
  want(slots: readonly number[], inService: boolean, states: readonly SlotState[]): readonly ServiceOrder[] {
    const out = new Set(this.#out);
    for (const slot of slots) {
      if (inService) out.delete(slot);
      else out.add(slot);
    }
    this.#out = out;
    const back = [...this.#said].filter((slot) => !out.has(slot));
    for (const slot of back) this.#said.delete(slot);
    return [...back.map((slot) => ({ slot, inService: true })), ...this.follow(states)];
  }

  /** Channels have changed. One with a call is left alone: not every network lets a call go on that is on a channel out of service. */
  follow(states: readonly SlotState[]): readonly ServiceOrder[] {
    const due = states.filter(({ slot, state }) => state !== 'busy' && this.#out.has(slot) && !this.#said.has(slot));
    for (const { slot } of due) this.#said.add(slot);
    return due.map(({ slot }) => ({ slot, inService: false }));
  }

  state(states: readonly SlotState[]): ServiceState {
    const out = states.filter(({ slot }) => this.#out.has(slot));
    if (out.length === 0) return 'in-service';
    if (out.some(({ state }) => state === 'busy')) return 'draining';
    return out.length === states.length ? 'out-of-service' : 'partly';
  }
}
