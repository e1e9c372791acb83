/** What can be wrong with a simulated line besides its alarms, and what a framer would show of it. */
import type { Instant } from '../../kernel/time.ts';
import type { FarCounters, LineAlarm, LineCounters, LineReading, Loopback } from '../port.ts';

/** Counts are per second. */
export interface LineTrouble {
  /** What our receiver counts. */
  readonly near: LineCounters;
  /** What the far end reports of its own; undefined: it reports nothing. */
  readonly far: FarCounters | undefined;
  /** The far end has its D-channel in this timeslot instead of ours: neither end hears the other. */
  readonly dChannelIn: number | undefined;
}

const CALM: FarCounters = { pathCode: 0, outOfFrame: 0, slips: 0 };

export const NO_TROUBLE: LineTrouble = { near: { lineCode: 0, ...CALM }, far: CALM, dChannelIn: undefined };

/** The framer of a simulated line: its counters run on at the rates of the trouble that the line has. */
export class SimulatedFramer {
  #trouble = NO_TROUBLE;
  #near = NO_TROUBLE.near;
  #far: FarCounters = CALM;
  #at: Instant;

  constructor(now: Instant) {
    this.#at = now;
  }

  get trouble(): LineTrouble {
    return this.#trouble;
  }

  turn(trouble: LineTrouble, now: Instant): void {
    this.#run(now);
    this.#trouble = trouble;
  }

  read(alarms: readonly LineAlarm[], loopback: Loopback | undefined, now: Instant): LineReading {
    this.#run(now);
    const { far, dChannelIn } = this.#trouble;
    const whole = (counters: FarCounters): FarCounters => ({
      pathCode: Math.floor(counters.pathCode),
      outOfFrame: Math.floor(counters.outOfFrame),
      slips: Math.floor(counters.slips),
    });
    return {
      alarms,
      counters: { lineCode: Math.floor(this.#near.lineCode), ...whole(this.#near) },
      far: far === undefined ? undefined : whole(this.#far),
      loopback,
      flagsIn: dChannelIn === undefined ? [] : [dChannelIn],
    };
  }

  #run(now: Instant): void {
    const seconds = (now - this.#at) / 1000;
    this.#at = now;
    const { near, far = CALM } = this.#trouble;
    const more = (before: FarCounters, rate: FarCounters): FarCounters => ({
      pathCode: before.pathCode + rate.pathCode * seconds,
      outOfFrame: before.outOfFrame + rate.outOfFrame * seconds,
      slips: before.slips + rate.slips * seconds,
    });
    this.#near = { lineCode: this.#near.lineCode + near.lineCode * seconds, ...more(this.#near, near) };
    this.#far = more(this.#far, far);
  }
}
