import type { Log } from '../kernel/log.ts';

/** What a fault of our own is confined to: a leg, a call. */
export type Confined = 'leg' | 'call' | 'step';

/**
 * A fault of ours, an assertion that failed, ends the one call in which it happened and nothing else. The peers' faults never
 * come here: they are values.
 */
export class Supervisor {
  readonly #log: Log;
  #faults = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** How many there have been: anything but 0 is to be reported. */
  get faults(): number {
    return this.#faults;
  }

  /** Notes a fault; `where` names the call or leg. */
  fault(confined: Confined, where: string, error: unknown): void {
    this.#faults++;
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.error({ confined, where, why }, 'fault');
  }

  /** Runs a step; when it throws, `drop` gives up what the fault is confined to. */
  guard(confined: Confined, where: string, step: () => void, drop: () => void): void {
    try {
      step();
    } catch (error) {
      this.fault(confined, where, error);
      drop();
    }
  }
}
