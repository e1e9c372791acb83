/**
 * Digits heard in the audio, after the limits of Q.24 (the AT&T column): each tone 0 to −25 dBm0, the high one up to 4 dB above and
 * 8 dB below the low one, ±1.5 % off frequency taken, ±3.5 % not; 40 ms of tone and of pause are enough, 23 ms of tone
 * aren't, a gap of 10 ms doesn't part a digit.
 *
 * Windows of 20 ms follow each other every 10 ms. In each, the eight tones are measured; how far the phases of the two strongest
 * went on from the window before says their frequencies to a hertz. What isn't nearly all of the window's energy, in two tones at
 * their places, is speech.
 */

import { type DigitChange, NO_CHANGE } from './digit.ts';
import { HIGH, KEYPAD, LOW } from './dtmf.ts';
import { BLOCK } from './g711.ts';
import { peakOf, RATE } from './tones.ts';

const HOP = BLOCK / 2;
const TURN = 2 * Math.PI;

/** The Hann window: its side lobes keep the groups apart, 268 Hz or 5 bins, by 50 dB. */
const WINDOW = Float64Array.from({ length: BLOCK }, (_, n) => 0.5 - 0.5 * Math.cos((TURN * (n + 0.5)) / BLOCK));
const WINDOW_SUM = BLOCK / 2;
const WINDOW_ENERGY = (BLOCK * 3) / 8;

/** Taken from −25 dBm0 a tone, with room for what a tone off its frequency and a window half full lose. */
const LEAST_PEAK = peakOf('ulaw', -29);
const LEAST_POWER = (LEAST_PEAK * WINDOW_SUM) ** 2 / 4;

/** Between the limits to take, 1.5 % + 2 Hz, and to refuse, 3.5 %, on either side of it. */
const OFF_FREQUENCY = 0.025;

/** High over low, in power: 4 dB, low over high 8 dB, each with 1.5 dB for the measurement. */
const HIGH_OVER_LOW = 10 ** 0.55;
const LOW_OVER_HIGH = 10 ** 0.95;

/** The share of the window's energy that the two tones must have: before their frequencies are known, and after. */
const SHARE_ROUGH = 0.45;
const SHARE = 0.78;
/** And the low tone alone, which is 5.5 dB below the high one at worst: most voice needn't be looked at further. */
const SHARE_LOW = 0.12;

/** Windows in a row that agree until it is a digit, and that don't until it is over: 40 ms of tone give 3, a gap of 10 ms 2. */
const ENOUGH = 3;
const OVER = 3;

const NONE = -1;

/** The Goertzel filters of one group: the four tones side by side over the window. */
class Group {
  readonly frequencies: readonly number[];
  readonly #cosine: Float64Array;
  readonly #sine: Float64Array;
  /** How far each tone's phase goes on in a hop. */
  readonly #advance: Float64Array;
  readonly #re = new Float64Array(4);
  readonly #im = new Float64Array(4);
  readonly #phase = new Float64Array(4);
  /** The strongest tone of this window, its power and its deviation in Hz as its phase tells it. */
  strongest = 0;
  power = 0;
  deviation = 0;

  constructor(frequencies: readonly number[]) {
    this.frequencies = frequencies;
    this.#cosine = Float64Array.from(frequencies, (f) => Math.cos((TURN * f) / RATE));
    this.#sine = Float64Array.from(frequencies, (f) => Math.sin((TURN * f) / RATE));
    this.#advance = Float64Array.from(frequencies, (f) => (TURN * f * HOP) / RATE);
  }

  measure(windowed: Float64Array): void {
    // Four filters in one loop: each sample's four steps don't wait for each other.
    const c0 = 2 * (this.#cosine[0] as number);
    const c1 = 2 * (this.#cosine[1] as number);
    const c2 = 2 * (this.#cosine[2] as number);
    const c3 = 2 * (this.#cosine[3] as number);
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let b0 = 0;
    let b1 = 0;
    let b2 = 0;
    let b3 = 0;
    for (let i = 0; i < BLOCK; i++) {
      const x = windowed[i] as number;
      const n0 = x + c0 * a0 - b0;
      const n1 = x + c1 * a1 - b1;
      const n2 = x + c2 * a2 - b2;
      const n3 = x + c3 * a3 - b3;
      b0 = a0;
      b1 = a1;
      b2 = a2;
      b3 = a3;
      a0 = n0;
      a1 = n1;
      a2 = n2;
      a3 = n3;
    }
    this.#finish(0, a0, b0);
    this.#finish(1, a1, b1);
    this.#finish(2, a2, b2);
    this.#finish(3, a3, b3);
    this.#choose();
  }

  #finish(tone: number, last: number, before: number): void {
    this.#re[tone] = last - before * (this.#cosine[tone] as number);
    this.#im[tone] = before * (this.#sine[tone] as number);
  }

  #choose(): void {
    this.power = NONE;
    for (let tone = 0; tone < 4; tone++) {
      const power = (this.#re[tone] as number) ** 2 + (this.#im[tone] as number) ** 2;
      if (power <= this.power) continue;
      this.power = power;
      this.strongest = tone;
    }
    const tone = this.strongest;
    const phase = Math.atan2(this.#im[tone] as number, this.#re[tone] as number);
    const turns = (phase - (this.#phase[tone] as number) - (this.#advance[tone] as number)) / TURN;
    this.deviation = ((turns - Math.round(turns)) * RATE) / HOP;
    this.#phase.fill(Number.NaN);
    this.#phase[tone] = phase;
  }

  /** Whether the tone stands near enough to its place; only the window after one with the same tone can tell. */
  get isInTune(): boolean {
    return Math.abs(this.deviation) <= OFF_FREQUENCY * (this.frequencies[this.strongest] as number);
  }

  /** The power as it would be measured at the tone's own frequency: the Hann window's response undone. */
  get truePower(): number {
    const bins = (this.deviation * BLOCK) / RATE;
    const angle = Math.PI * bins;
    const response = Math.abs(bins) < 1e-6 ? 1 : Math.sin(angle) / angle / (1 - bins * bins);
    return this.power / (response * response);
  }
}

export class DtmfDetector {
  readonly #low = new Group(LOW);
  readonly #high = new Group(HIGH);
  readonly #before = new Float64Array(HOP);
  readonly #windowed = new Float64Array(BLOCK);
  #candidate = NONE;
  #agreed = 0;
  #open = NONE;
  #windows = 0;
  #missed = 0;

  /**
   * A digit sounds or seems to begin: who carries digits as events keeps this block's audio back. Two windows have agreed by
   * then, which voice hardly ever does, and less than 20 ms have passed, which no receiver takes for a digit.
   */
  get suspect(): boolean {
    return this.#open !== NONE || this.#agreed > 1;
  }

  /** Listens to one block. A digit's begin is told when 40 ms of it have been heard. */
  block(samples: Int16Array, at: number): readonly DigitChange[] {
    const first = this.#hop(samples, at);
    const second = this.#hop(samples, at + HOP);
    if (first === NO_CHANGE) return second;
    return second === NO_CHANGE ? first : [...first, ...second];
  }

  #hop(samples: Int16Array, at: number): readonly DigitChange[] {
    let energy = 0;
    for (let i = 0; i < HOP; i++) {
      const older = (this.#before[i] as number) * (WINDOW[i] as number);
      const sample = samples[at + i] as number;
      const newer = sample * (WINDOW[HOP + i] as number);
      this.#before[i] = sample;
      this.#windowed[i] = older;
      this.#windowed[HOP + i] = newer;
      energy += older * older + newer * newer;
    }
    return this.#judge(this.#digitIn(energy));
  }

  /** The digit that this window holds, or NONE. */
  #digitIn(energy: number): number {
    const low = this.#low;
    const high = this.#high;
    // 2·|X|²/ΣW² is the energy of a tone through the window; the two together need their share of all there is.
    const scale = (2 * WINDOW_ENERGY) / WINDOW_SUM ** 2;
    if (energy < 2 * LEAST_POWER * scale) return this.#forget();
    low.measure(this.#windowed);
    if (low.power * scale < SHARE_LOW * energy) return this.#forget();
    high.measure(this.#windowed);
    if ((low.power + high.power) * scale < SHARE_ROUGH * energy) return this.#forget();
    const digit = low.strongest * 4 + high.strongest;
    if (digit !== this.#candidate) {
      this.#forget();
      this.#candidate = digit;
      return digit;
    }
    if (!low.isInTune || !high.isInTune) return this.#forget();
    const lowPower = low.truePower;
    const highPower = high.truePower;
    if (lowPower < LEAST_POWER || highPower < LEAST_POWER) return this.#forget();
    if (highPower > lowPower * HIGH_OVER_LOW || lowPower > highPower * LOW_OVER_HIGH) return this.#forget();
    if ((lowPower + highPower) * scale < SHARE * energy) return this.#forget();
    return digit;
  }

  #forget(): typeof NONE {
    this.#candidate = NONE;
    this.#agreed = 0;
    return NONE;
  }

  #judge(digit: number): readonly DigitChange[] {
    if (digit !== NONE) this.#agreed++;
    if (this.#open !== NONE) {
      this.#windows++;
      if (digit === this.#open) this.#missed = 0;
      else if (++this.#missed >= OVER) return [this.#end()];
      else if (digit === NONE || this.#agreed < ENOUGH) return NO_CHANGE;
    }
    if (digit === NONE || digit === this.#open || this.#agreed < ENOUGH) return NO_CHANGE;
    const begin: DigitChange = { type: 'begin', digit: KEYPAD.charAt(digit) };
    const changes = this.#open === NONE ? [begin] : [this.#end(), begin];
    this.#open = digit;
    this.#windows = this.#agreed;
    this.#missed = 0;
    return changes;
  }

  #end(): DigitChange {
    const digit = KEYPAD.charAt(this.#open);
    const duration = (this.#windows - this.#missed) * HOP;
    this.#open = NONE;
    return { type: 'end', digit, duration };
  }
}
