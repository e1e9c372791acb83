/**
 * The only loop: one step, all its effects, then the next step. Everything that happens to a machine (a datagram, a media
 * event, a deadline) runs through here, so no machine is ever entered twice at once.
 */
import { Deadlines } from '../kernel/deadlines.ts';
import type { Clock, Instant } from '../kernel/time.ts';

/** What the reactor sleeps on; the composition root hands in the real one, a simulation its own. */
export interface Alarm {
  /** Calls `ring` once, at `at` or soon after; a later call replaces the earlier one. */
  set(at: Instant, ring: () => void): void;
  clear(): void;
}

/** Something with a deadline. Its key in the heap is the object itself. */
export interface Wakeable {
  readonly deadline: Instant | undefined;
  /** Handles what is due; the effects are the owner's business. */
  wake(now: Instant): void;
}

/** Steps handled without looking at the clock again; bounds what a flood can add to one turn. */
const STEPS_PER_TURN = 1000;

export class Reactor {
  readonly clock: Clock;
  readonly #alarm: Alarm;
  readonly #deadlines = new Deadlines<Wakeable>();
  readonly #queue: (() => void)[] = [];
  readonly #onFault: (error: unknown) => void;
  #running = false;
  #stopped = false;

  constructor(clock: Clock, alarm: Alarm, onFault: (error: unknown) => void) {
    this.clock = clock;
    this.#alarm = alarm;
    this.#onFault = onFault;
  }

  /** Runs `step` now, or after the step that is running with all its effects. */
  run(step: () => void): void {
    if (this.#stopped) return;
    this.#queue.push(step);
    if (!this.#running) this.#turn();
  }

  /** Takes a machine's deadline anew; call it after every step that may have moved it. */
  watch(machine: Wakeable): void {
    this.#deadlines.set(machine, machine.deadline);
    if (!this.#running) this.#arm();
  }

  forget(machine: Wakeable): void {
    this.#deadlines.set(machine, undefined);
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
    this.#alarm.clear();
  }

  #turn(): void {
    this.#running = true;
    try {
      for (let n = 0; n < STEPS_PER_TURN && !this.#stopped; n++) {
        const step = this.#queue.shift() ?? this.#due();
        if (step === undefined) break;
        try {
          step();
        } catch (error) {
          this.#onFault(error);
        }
      }
    } finally {
      this.#running = false;
    }
    this.#arm();
  }

  #due(): (() => void) | undefined {
    const now = this.clock.now();
    const machine = this.#deadlines.take(now);
    if (machine === undefined) return undefined;
    return () => {
      machine.wake(now);
      this.#deadlines.set(machine, machine.deadline);
    };
  }

  #arm(): void {
    if (this.#stopped) return;
    const at = this.#queue.length > 0 ? this.clock.now() : this.#deadlines.first;
    if (at === undefined) this.#alarm.clear();
    else this.#alarm.set(at, () => this.#turn());
  }
}
