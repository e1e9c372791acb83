/** How gateways have fared of late: what ranking goes by. Old calls count less and less. */
import type { Standing } from './query.ts';
import type { HopOutcome } from './throttle.ts';

/** The weight of the newest call: after some 16 calls what was before hardly counts. */
const WEIGHT = 1 / 16;

/** The running figures of all gateways; who has carried nothing has none. */
export class Standings {
  readonly #of = new Map<string, Standing>();

  get all(): ReadonlyMap<string, Standing> {
    return this.#of;
  }

  outcome(gateway: string, outcome: HopOutcome): void {
    if (outcome === 'neither') return;
    const { availability, quality } = this.#at(gateway);
    this.#of.set(gateway, { availability: blend(availability, outcome === 'good' ? 1 : 0), quality });
  }

  /** `share` of the packets of a call that could be played as they were sent, 0–1. */
  quality(gateway: string, share: number): void {
    const { availability, quality } = this.#at(gateway);
    this.#of.set(gateway, { availability, quality: quality === undefined ? share : blend(quality, share) });
  }

  #at(gateway: string): Standing {
    return this.#of.get(gateway) ?? { availability: 1, quality: undefined };
  }
}

const blend = (before: number, now: number): number => before + (now - before) * WEIGHT;
