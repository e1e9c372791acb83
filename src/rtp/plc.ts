/**
 * Packet loss concealment after ITU-T G.711 Appendix I: a lost frame of 10 ms is filled with the last pitch periods before it,
 * joined by overlap-add at both ends, fading after the first frame. Samples come out 3.75 ms late, so that the join may begin
 * before the loss (I.2.1).
 */

import type { Taken } from './jitter.ts';

/** Samples of a frame: 10 ms. */
const FRAME = 80;
/** Pitch from 66 to 200 Hz (I.2.3). */
const PITCH_MIN = 40;
const PITCH_MAX = 120;
/** The longest overlap, a quarter of the longest pitch, and thus the delay (I.2.1). */
const OVERLAP_MAX = PITCH_MAX / 4;
/** Samples by which what comes out is late. */
export const CONCEALER_DELAY = OVERLAP_MAX;
/** 48.75 ms: three of the longest pitch periods and an overlap (I.2.2). */
const HISTORY = 3 * PITCH_MAX + OVERLAP_MAX;
/** The last 20 ms are what earlier samples are compared with (I.2.3). */
const COMPARED = 160;
/** Below this energy of the samples compared the correlation says nothing and isn't divided by it. */
const LEAST_ENERGY = 250;
/** A frame that is lost after the first one fades by a fifth; after six frames there is silence (I.2.7). */
const FADE = 0.2;
const FADED = 6;
/** Each lost frame after the first makes the overlap into good speech 4 ms longer, up to a frame (I.2.8). */
const OVERLAP_GROWTH = 32;

export class Concealer {
  /** The last samples played or to be played; the newest OVERLAP_MAX haven't been handed out yet. */
  readonly #history = new Int16Array(HISTORY);
  /** The history as it was at the loss; synthetic speech is read from its last #length samples, round and round. */
  readonly #source = new Int16Array(HISTORY);
  /** What stood in the quarter period before the loss, and the tail of synthetic speech when its source grows. */
  readonly #quarter = new Int16Array(OVERLAP_MAX);
  readonly #tail = new Int16Array(FRAME);
  #lost = 0;
  #pitch = 0;
  #overlap = 0;
  #length = 0;
  #offset = 0;

  /** Forgets all that was heard, before another call's stream. */
  clear(): void {
    this.#history.fill(0);
    this.#lost = 0;
  }

  /** Takes a block of two frames in place: the halves named in `taken` hold speech, the others are made up. */
  block(samples: Int16Array, at: number, taken: Taken): void {
    if (taken > 0 && taken & 1) this.good(samples, at);
    else this.lost(samples, at);
    if (taken > 0 && taken & 2) this.good(samples, at + FRAME);
    else this.lost(samples, at + FRAME);
  }

  /** A frame that arrived: blended with the synthetic speech before it, and delayed, in place. */
  good(samples: Int16Array, at: number): void {
    if (this.#lost > 0) {
      const overlap = Math.min(FRAME, this.#overlap + (this.#lost - 1) * OVERLAP_GROWTH);
      const gain = Math.max(0, 1 - (this.#lost - 1) * FADE);
      this.#synthesise(this.#tail, 0, overlap);
      for (let i = 0; i < overlap; i++) {
        const share = (i + 1) / overlap;
        const old = (1 - share) * gain * (this.#tail[i] as number);
        samples[at + i] = Math.round(old + share * (samples[at + i] as number));
      }
      this.#lost = 0;
    }
    this.#pass(samples, at);
  }

  /** A frame that is missing: made up in place. */
  lost(samples: Int16Array, at: number): void {
    if (this.#lost >= FADED) samples.fill(0, at, at + FRAME);
    else {
      if (this.#lost === 0) this.#begin();
      else if (this.#lost < 3) this.#lengthen();
      this.#synthesise(samples, at, FRAME);
      if (this.#lost === 1 || this.#lost === 2) blend(this.#tail, 0, samples, at, samples, at, this.#overlap);
      if (this.#lost > 0) fade(samples, at, 1 - (this.#lost - 1) * FADE);
      this.#lost++;
    }
    this.#pass(samples, at);
  }

  /** The first lost frame: finds the pitch and turns the last period into one that repeats without a seam (I.2.4). */
  #begin(): void {
    this.#source.set(this.#history);
    this.#pitch = findPitch(this.#source);
    this.#overlap = this.#pitch >> 2;
    this.#length = this.#pitch;
    this.#offset = 0;
    const seam = HISTORY - this.#overlap;
    for (let i = 0; i < this.#overlap; i++) this.#quarter[i] = this.#source[seam + i] as number;
    this.#join();
    for (let i = seam; i < HISTORY; i++) this.#history[i] = this.#source[i] as number;
  }

  /** The second and the third lost frame repeat one period more each, so that it doesn't buzz (I.2.6). */
  #lengthen(): void {
    const offset = this.#offset;
    this.#synthesise(this.#tail, 0, this.#overlap);
    this.#offset = offset % this.#pitch;
    this.#length += this.#pitch;
    this.#join();
  }

  /** Leads the end of the source over into what precedes its beginning. */
  #join(): void {
    const end = HISTORY - this.#overlap;
    blend(this.#quarter, 0, this.#source, end - this.#length, this.#source, end, this.#overlap);
  }

  #synthesise(samples: Int16Array, at: number, count: number): void {
    const start = HISTORY - this.#length;
    for (let i = 0; i < count; i++) {
      samples[at + i] = this.#source[start + this.#offset] as number;
      if (++this.#offset === this.#length) this.#offset = 0;
    }
  }

  /** Puts the frame at the end of the history and hands out what is OVERLAP_MAX older. */
  #pass(samples: Int16Array, at: number): void {
    const history = this.#history;
    history.copyWithin(0, FRAME);
    for (let i = 0; i < FRAME; i++) {
      history[HISTORY - FRAME + i] = samples[at + i] as number;
      samples[at + i] = history[HISTORY - FRAME - OVERLAP_MAX + i] as number;
    }
  }
}

/** Overlap-add with triangular windows: `from` goes, `to` comes. `into` may be one of the two. */
function blend(
  from: Int16Array,
  fromAt: number,
  to: Int16Array,
  toAt: number,
  into: Int16Array,
  at: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const share = (i + 1) / count;
    into[at + i] = Math.round((1 - share) * (from[fromAt + i] as number) + share * (to[toAt + i] as number));
  }
}

/** Fades a frame from `gain` to a fifth less. */
function fade(samples: Int16Array, at: number, gain: number): void {
  for (let i = 0; i < FRAME; i++) {
    samples[at + i] = Math.round((gain - (FADE * i) / FRAME) * (samples[at + i] as number));
  }
}

/** The lag whose samples resemble the last 20 ms most: every other lag with every other sample, then the neighbours (I.2.3). */
function findPitch(history: Int16Array): number {
  let best = PITCH_MAX;
  let highest = Number.NEGATIVE_INFINITY;
  for (let lag = PITCH_MAX; lag >= PITCH_MIN; lag -= 2) {
    const likeness = correlation(history, lag, 2);
    if (likeness >= highest) {
      highest = likeness;
      best = lag;
    }
  }
  let finest = best;
  highest = Number.NEGATIVE_INFINITY;
  for (let lag = Math.min(PITCH_MAX, best + 1); lag >= Math.max(PITCH_MIN, best - 1); lag--) {
    const likeness = correlation(history, lag, 1);
    if (likeness > highest) {
      highest = likeness;
      finest = lag;
    }
  }
  return finest;
}

/** Cross-correlation of the last 20 ms with those `lag` samples earlier, normalised by the energy of the earlier ones. */
function correlation(history: Int16Array, lag: number, step: number): number {
  let product = 0;
  let energy = 0;
  for (let i = HISTORY - COMPARED; i < HISTORY; i += step) {
    const earlier = history[i - lag] as number;
    product += earlier * (history[i] as number);
    energy += earlier * earlier;
  }
  return product / Math.sqrt(Math.max(energy, LEAST_ENERGY));
}
