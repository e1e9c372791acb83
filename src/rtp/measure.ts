/** Measures a recording: the frequencies and levels of its tones, and its level in all. Not for the media loop. */

import { type Law, ZERO_DBM0 } from './g711.ts';
import { RATE } from './tones.ts';

/** The window that is looked at, in samples: 200 ms, 5 Hz a bin. */
const WINDOW = 1600;
/** A second window begins so much later; the phase between the two gives the frequency to a hundredth of a hertz. */
const HOP = 400;
/** A Hann window's main lobe: a tone shows in two bins on either side of its own. */
const LOBE = 3;

export const MEASURED = WINDOW + HOP;

export interface MeasuredTone {
  /** Hz. */
  readonly frequency: number;
  /** dBm0. */
  readonly level: number;
}

/**
 * The `count` strongest tones in `samples[at, at + MEASURED)`, which were decoded from `law`, by frequency. Tones want 20 Hz between them;
 * what is below `floor` dBm0 isn't one.
 */
export function measureTones(samples: Int16Array, at: number, law: Law, count: number, floor = -50): MeasuredTone[] {
  if (at + MEASURED > samples.length) return [];
  const bins = WINDOW / 2;
  const powers = Float64Array.from({ length: bins }, (_, bin) => transform(samples, at, (bin * RATE) / WINDOW).power);
  const tones: MeasuredTone[] = [];
  while (tones.length < count) {
    let bin = LOBE;
    for (let other = LOBE; other < bins - LOBE; other++) {
      if ((powers[other] as number) > (powers[bin] as number)) bin = other;
    }
    const frequency = refine(samples, at, (bin * RATE) / WINDOW);
    const level = levelOf(Math.sqrt(transform(samples, at, frequency).power), law);
    if (level < floor) break;
    tones.push({ frequency, level });
    powers.fill(0, bin - LOBE, bin + LOBE + 1);
  }
  return tones.sort((a, b) => a.frequency - b.frequency);
}

/** The level of all that is in `samples[at, at + count)`, in dBm0: that of a sine of the same power. */
export function measureLevel(samples: Int16Array, at: number, count: number, law: Law): number {
  let energy = 0;
  for (let i = at; i < at + count; i++) energy += (samples[i] as number) ** 2;
  return levelOf(Math.sqrt((2 * energy) / count), law);
}

/** dBm0 of a sine of that peak. */
const levelOf = (peak: number, law: Law): number => 20 * Math.log10(peak / ZERO_DBM0[law]);

function refine(samples: Int16Array, at: number, frequency: number): number {
  const here = transform(samples, at, frequency).phase;
  const later = transform(samples, at + HOP, frequency).phase;
  const turns = (later - here) / (2 * Math.PI) - (frequency * HOP) / RATE;
  return frequency + ((turns - Math.round(turns)) * RATE) / HOP;
}

/** One frequency of the windowed samples by Goertzel's filter: the squared peak of a tone there, and its phase at the end. */
function transform(samples: Int16Array, at: number, frequency: number): { power: number; phase: number } {
  const angle = (2 * Math.PI * frequency) / RATE;
  const cosine = Math.cos(angle);
  let last = 0;
  let before = 0;
  for (let i = 0; i < WINDOW; i++) {
    const next = (HANN[i] as number) * (samples[at + i] as number) + 2 * cosine * last - before;
    before = last;
    last = next;
  }
  const re = last - before * cosine;
  const im = before * Math.sin(angle);
  // The Hann window's samples sum to half its length, and a sine's peak shows halved.
  return { power: (re * re + im * im) * (4 / WINDOW) ** 2, phase: Math.atan2(im, re) };
}

const HANN = Float64Array.from({ length: WINDOW }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 0.5)) / WINDOW));
