/** What the RTP room's work on one block of 20 ms costs, in µs: the median of several interleaved rounds. */

import { DtmfDetector } from '../../src/rtp/dtmf-detector.ts';
import { BLOCK, convert, decode, encode } from '../../src/rtp/g711.ts';
import { JitterBuffer } from '../../src/rtp/jitter.ts';
import { Concealer } from '../../src/rtp/plc.ts';
import { TONES, ToneGenerator } from '../../src/rtp/tones.ts';
import { median, report } from './lib/figures.ts';

const ROUNDS = 7;
const BLOCKS = 20_000;
const SOURCES = 64;

const samples = new Int16Array(BLOCK);
const octets = new Uint8Array(BLOCK);
const out = new Uint8Array(BLOCK);
/** Vowel-like sound with noise, in turn, so that nothing is the same block over and over. */
const voice = Array.from({ length: SOURCES }, (_, block) =>
  Int16Array.from({ length: BLOCK }, (_, n) => {
    const t = (block * BLOCK + n) / 8000;
    return 5000 * Math.sin(880 * t) + 3000 * Math.sin(4400 * t + Math.sin(9 * t)) + 900 * (Math.random() - 0.5);
  }),
);

const jitter = new JitterBuffer();
const concealer = new Concealer();
const lossy = new Concealer();
const detector = new DtmfDetector();
const tone = new ToneGenerator();
tone.play({ frequencies: [350, 440], level: TONES.dial.level }, 'ulaw');

const WORK: Readonly<Record<string, (n: number) => void>> = {
  'decode µ-law': () => decode('ulaw', octets, 0, samples, 0, BLOCK),
  'encode µ-law': (n) => encode('ulaw', voice[n % SOURCES] ?? samples, 0, octets, 0, BLOCK),
  'convert µ-law to A-law': () => convert('ulaw', octets, 0, 'alaw', out, 0, BLOCK),
  'jitter buffer, in and out': (n) => {
    jitter.put(1, n & 0xffff, (n * BLOCK) >>> 0, octets, 0, BLOCK);
    jitter.take(out, 0);
  },
  'concealer, nothing lost': (n) => {
    samples.set(voice[n % SOURCES] ?? samples);
    concealer.block(samples, 0, 3);
  },
  'concealer, every tenth lost': (n) => {
    samples.set(voice[n % SOURCES] ?? samples);
    lossy.block(samples, 0, n % 10 === 0 ? 0 : 3);
  },
  'digit detector on voice': (n) => {
    detector.block(voice[n % SOURCES] ?? samples, 0);
  },
  'tone of two frequencies': () => {
    tone.fill(samples, 0, BLOCK);
  },
};

const times = new Map<string, number[]>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, work] of Object.entries(WORK)) {
    const start = process.hrtime.bigint();
    for (let n = 0; n < BLOCKS; n++) work(round * BLOCKS + n);
    const spent = Number(process.hrtime.bigint() - start) / 1000 / BLOCKS;
    times.set(name, [...(times.get(name) ?? []), spent]);
  }
}
for (const [name, spent] of times) {
  report({ name, unit: 'µs per block', ours: median(spent) });
}
