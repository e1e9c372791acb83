import type { Random } from '../../kernel/random.ts';
import { after, type Instant, type Millis } from '../../kernel/time.ts';

export interface LineKnobs {
  /** How long a frame takes, each way. */
  readonly delay: Millis;
  /** The share of frames that are lost, 0–1. */
  readonly loss: number;
}

/** Frames under way at once, at most: far more than a window of Q.921 can send in the longest delay. */
const LIMIT = 4096;

/** One way of a D-channel: frames go in, and come out later in the same order, or not at all. */
export class ImpairedLine {
  readonly #random: Random;
  #knobs: LineKnobs;
  #frames: { readonly due: Instant; readonly frame: Uint8Array }[] = [];

  constructor(knobs: LineKnobs, random: Random) {
    this.#knobs = knobs;
    this.#random = random;
  }

  get deadline(): Instant | undefined {
    return this.#frames[0]?.due;
  }

  /** For the frames from now on; those under way keep their order. */
  turn(knobs: LineKnobs): void {
    this.#knobs = knobs;
  }

  put(frame: Uint8Array, now: Instant): void {
    if (this.#frames.length >= LIMIT || this.#lost()) return;
    const due = after(now, this.#knobs.delay);
    const last = this.#frames.at(-1)?.due ?? due;
    this.#frames.push({ due: Math.max(due, last) as Instant, frame });
  }

  /** The frames that have arrived. */
  take(now: Instant): readonly Uint8Array[] {
    const arrived = this.#frames.findIndex(({ due }) => due > now);
    return this.#frames.splice(0, arrived === -1 ? this.#frames.length : arrived).map(({ frame }) => frame);
  }

  /** A cut line loses what was on it. */
  cut(): void {
    this.#frames = [];
  }

  #lost(): boolean {
    if (this.#knobs.loss <= 0) return false;
    const [high = 0, low = 0] = this.#random.bytes(2);
    return (high * 256 + low) / 65536 < this.#knobs.loss;
  }
}
