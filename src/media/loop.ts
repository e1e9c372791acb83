import { setFlagsFromString } from 'node:v8';
import type { Log } from '../kernel/log.ts';
import type { Native } from '../native/native.ts';
import type { Counters } from './counters.ts';
import { PARTS } from './lines.ts';

/** One tick, in milliseconds. */
const TICK = 20;

/** Ticks that are made up for one after the other when the loop was held up; what is beyond is skipped and counted. */
const CATCH_UP = 10;

/** Above everything of normal priority, below the kernel's own interrupt threads (50). */
const PRIORITY = 20;

/** The body of the loop: one tick at `now`; false ends the loop. */
export type Body = (now: number) => boolean;

/**
 * The clock of the loop: when the next tick is due. A loop that was held up runs the missed ticks at once, so that the streams keep
 * their time; after CATCH_UP of them time is given up.
 */
export class TickClock {
  readonly #counters: Counters;
  readonly #ppm: () => number;
  due: number;

  /** @param ppm By how many parts per million a tick is to be shorter than 20 ms of the host's clock. */
  constructor(now: number, counters: Counters, ppm: () => number = () => 0) {
    this.#counters = counters;
    this.#ppm = ppm;
    this.due = now + TICK;
  }

  /** A tick begins at `now`; moves `due` on to the next. */
  begin(now: number): void {
    this.#counters.tick(Math.max(0, now - this.due));
    this.due += TICK * (1 - this.#ppm() * 1e-6);
    const behind = Math.floor((now - this.due) / TICK);
    if (behind <= CATCH_UP) return;
    this.due += behind * TICK;
    this.#counters.add('overruns', behind);
  }
}

/** What the loop needs of the addon. */
type LoopNative = Pick<Native, 'monotonic' | 'sleepUntil' | 'scheduleFifo'>;

/** What is done between two ticks while it is wanted. */
export interface Between {
  readonly paced: boolean;
  between(now: number): void;
}

/** The appliance's loop: blocks this thread, sleeps to the absolute time of each tick, under SCHED_FIFO where that is permitted. */
export function runNative(
  native: LoopNative,
  counters: Counters,
  log: Log,
  body: Body,
  lines: Between,
  ppm: () => number,
): void {
  // A scavenge shared with helper threads of normal priority makes this one wait for them, for 150 ms on a box that is busy.
  setFlagsFromString('--no-parallel-scavenge');
  const fifo = native.scheduleFifo(PRIORITY);
  counters.set('realTime', fifo.ok ? 1 : 0);
  if (fifo.ok) log.info({ priority: PRIORITY }, 'media loop runs under SCHED_FIFO');
  else
    log.warn({ error: fifo.error.code }, 'media loop runs without SCHED_FIFO: expect late ticks when the box is busy');
  const clock = new TickClock(native.monotonic(), counters, ppm);
  for (;;) {
    for (let part = 1; part < PARTS && lines.paced; part++) {
      native.sleepUntil(clock.due - TICK + (part * TICK) / PARTS);
      lines.between(native.monotonic());
    }
    native.sleepUntil(clock.due);
    const now = native.monotonic();
    clock.begin(now);
    if (!body(now)) return;
  }
}

/** The same loop on Node's timer, for development; resolves when the body ends it. */
export function runOnEventLoop(counters: Counters, body: Body): Promise<void> {
  const clock = new TickClock(performance.now(), counters);
  return new Promise((resolve, reject) => {
    const tick = (): void => {
      try {
        for (let now = performance.now(); now >= clock.due; now = performance.now()) {
          clock.begin(now);
          if (!body(now)) {
            resolve();
            return;
          }
        }
      } catch (error) {
        reject(error);
        return;
      }
      setTimeout(tick, Math.max(0, clock.due - performance.now()));
    };
    tick();
  });
}
