/** DTMF as tones in the audio: the keypad and the generator. */

import type { Law } from './g711.ts';
import { peakOf, TonePair } from './tones.ts';

/** Hz, Q.23. */
export const LOW = [697, 770, 852, 941] as const;
export const HIGH = [1209, 1336, 1477, 1633] as const;
/** Row by row, as on the keypad (Q.23). */
export const KEYPAD = '123A456B789C*0#D';

/** Levels that we send, dBm0: −7 with 2 dB of twist, the usual sender's (Q.23; the high group loses more on the line). */
const LOW_LEVEL = -9;
const HIGH_LEVEL = -7;

/** The shortest digit and the shortest pause sent, in samples: 50 ms, where 40 must be heard. */
const SHORTEST = 400;
/** The longest digit: 10 s, should its end never be told. */
const LONGEST = 80_000;
/** Digits that may wait for their turn. */
const QUEUE = 64;

/** Plays digits one after another, with pauses between them, in place of the audio. */
export class DtmfGenerator {
  readonly #pair = new TonePair();
  readonly #law: Law;
  readonly #digits = new Uint8Array(QUEUE);
  readonly #durations = new Int32Array(QUEUE);
  #next = 0;
  #waiting = 0;
  #isOn = false;
  /** Samples played of the digit or of the pause before the next one. */
  #played = SHORTEST;

  constructor(law: Law) {
    this.#law = law;
  }

  /** Whether `fill` has anything to say: a digit, or the pause after one. */
  get busy(): boolean {
    return this.#waiting > 0 || this.#played < SHORTEST;
  }

  /** Queues a digit of `duration` samples; without it the digit lasts until `release`. False: no digit, or too many wait. */
  press(digit: string, duration = LONGEST): boolean {
    const key = digit.length === 1 ? KEYPAD.indexOf(digit) : -1;
    if (key < 0 || this.#waiting === QUEUE) return false;
    const slot = (this.#next + this.#waiting) % QUEUE;
    this.#digits[slot] = key;
    this.#durations[slot] = Math.max(SHORTEST, Math.min(LONGEST, duration));
    this.#waiting++;
    return true;
  }

  /** The digit pressed last lasts `duration` samples, or as long as it has sounded if that is longer. */
  release(duration: number): void {
    if (this.#waiting === 0) return;
    const slot = (this.#next + this.#waiting - 1) % QUEUE;
    this.#durations[slot] = Math.max(SHORTEST, Math.min(this.#durations[slot] as number, duration));
  }

  /** The next `count` samples; false, with the samples untouched, when nothing is to be played. */
  fill(samples: Int16Array, at: number, count: number): boolean {
    if (!this.busy) return false;
    for (let done = 0; done < count; ) {
      if (!this.#isOn && this.#waiting > 0 && this.#played >= SHORTEST) this.#strike();
      const whole = this.#isOn ? (this.#durations[this.#next] as number) : SHORTEST;
      const run = this.busy ? Math.max(0, Math.min(count - done, whole - this.#played)) : count - done;
      if (this.#isOn) this.#pair.fill(samples, at + done, run);
      else samples.fill(0, at + done, at + done + run);
      done += run;
      this.#played += run;
      if (this.#isOn && this.#played >= whole) this.#lift();
    }
    return true;
  }

  #strike(): void {
    const key = this.#digits[this.#next] as number;
    const low = LOW[key >> 2] as number;
    const high = HIGH[key & 3] as number;
    this.#pair.set(low, peakOf(this.#law, LOW_LEVEL), high, peakOf(this.#law, HIGH_LEVEL));
    this.#isOn = true;
    this.#played = 0;
  }

  #lift(): void {
    this.#isOn = false;
    this.#played = 0;
    this.#next = (this.#next + 1) % QUEUE;
    this.#waiting--;
  }
}
