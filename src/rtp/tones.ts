/**
 * Call-progress tones of the North American plan: frequencies, cadences, levels (GR-506-CORE §17, T1.401); and the
 * generator that plays them, continuous in phase from block to block and exact to the sample in their cadence.
 */

import { type Law, ZERO_DBM0 } from './g711.ts';

/** Samples per second. */
export const RATE = 8000;

/** A part of a cadence, in milliseconds: tone, then silence. */
export interface CadenceStep {
  readonly on: number;
  readonly off: number;
}

export interface Tone {
  /** Up to two, in Hz below 4000. */
  readonly frequencies: readonly number[];
  /** dBm0 of each frequency. */
  readonly level: number;
  /** Played over and over, or `times` times; undefined: the tone is continuous. */
  readonly cadence?: CadenceStep;
  readonly times?: number;
}

export const TONES = {
  dial: { frequencies: [350, 440], level: -13 },
  ringback: { frequencies: [440, 480], level: -19, cadence: { on: 2000, off: 4000 } },
  busy: { frequencies: [480, 620], level: -24, cadence: { on: 500, off: 500 } },
  reorder: { frequencies: [480, 620], level: -24, cadence: { on: 250, off: 250 } },
  confirmation: { frequencies: [350, 440], level: -13, cadence: { on: 100, off: 100 }, times: 3 },
  /** The digital milliwatt is 1000 Hz; trunks are tested with 1004 Hz, which no sampling pattern repeats (IEEE 743). */
  milliwatt: { frequencies: [1004], level: 0 },
  silence: { frequencies: [], level: 0 },
} as const satisfies Readonly<Record<string, Tone>>;

/** Peak on the 16-bit scale of a sine of `level` dBm0 in `law`. */
export const peakOf = (law: Law, level: number): number => ZERO_DBM0[law] * 10 ** (level / 20);

/** One turn of a sine in steps of 1 Hz at 8 kHz, its first value again at the end for the interpolation. */
const SINE = Float64Array.from({ length: RATE + 1 }, (_, n) => Math.sin((2 * Math.PI * n) / RATE));

/** Two oscillators. Whole frequencies fall on the table's points; between them it is interpolated, 140 dB down. */
export class TonePair {
  readonly #phase = new Float64Array(2);
  readonly #step = new Float64Array(2);
  readonly #peak = new Float64Array(2);

  /** Sets frequencies in Hz and peaks on the 16-bit scale; a peak of 0 is no tone. Both begin at phase 0. */
  set(low: number, lowPeak: number, high: number, highPeak: number): void {
    this.#step[0] = low;
    this.#step[1] = high;
    this.#peak[0] = lowPeak;
    this.#peak[1] = highPeak;
    this.#phase.fill(0);
  }

  /** The next `count` samples. */
  fill(samples: Int16Array, at: number, count: number): void {
    samples.fill(0, at, at + count);
    this.#add(0, samples, at, count);
    this.#add(1, samples, at, count);
  }

  #add(which: 0 | 1, samples: Int16Array, at: number, count: number): void {
    const peak = this.#peak[which] as number;
    if (peak === 0) return;
    const step = this.#step[which] as number;
    let phase = this.#phase[which] as number;
    for (let i = at; i < at + count; i++) {
      const point = phase | 0;
      const here = SINE[point] as number;
      const value = here + ((SINE[point + 1] as number) - here) * (phase - point);
      const sum = Math.round((samples[i] as number) + peak * value);
      samples[i] = Math.max(-32_768, Math.min(32_767, sum));
      phase += step;
      if (phase >= RATE) phase -= RATE;
    }
    this.#phase[which] = phase;
  }
}

/** Plays one tone at a time into blocks of linear samples. */
export class ToneGenerator {
  readonly #pair = new TonePair();
  #on = 0;
  #off = 0;
  #left = 0;
  #times = 0;
  #isOn = false;
  #playing = false;

  get playing(): boolean {
    return this.#playing;
  }

  /** Begins `tone` anew, at levels of `law`. */
  play(tone: Tone, law: Law): void {
    const [low, high] = tone.frequencies;
    const peak = peakOf(law, tone.level);
    this.#pair.set(low ?? 0, low === undefined ? 0 : peak, high ?? 0, high === undefined ? 0 : peak);
    this.#on = tone.cadence === undefined ? Number.POSITIVE_INFINITY : Math.round((tone.cadence.on * RATE) / 1000);
    this.#off = tone.cadence === undefined ? 0 : Math.round((tone.cadence.off * RATE) / 1000);
    this.#times = tone.times ?? Number.POSITIVE_INFINITY;
    this.#left = this.#on;
    this.#isOn = true;
    this.#playing = true;
  }

  stop(): void {
    this.#playing = false;
  }

  /** The next `count` samples; false, with the samples untouched, when nothing plays. */
  fill(samples: Int16Array, at: number, count: number): boolean {
    if (!this.#playing) return false;
    for (let done = 0; done < count; ) {
      const run = Math.min(count - done, this.#left);
      if (this.#isOn && this.#playing) this.#pair.fill(samples, at + done, run);
      else samples.fill(0, at + done, at + done + run);
      done += run;
      this.#left -= run;
      if (this.#left <= 0) this.#turn();
    }
    return true;
  }

  /** The cadence's next part. After the last time the silence stays until the block is full. */
  #turn(): void {
    if (!this.#isOn) {
      this.#times--;
      this.#playing = this.#times > 0;
    }
    this.#isOn = !this.#isOn;
    this.#left = this.#isOn ? this.#on : this.#off;
  }
}
