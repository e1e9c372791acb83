import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, type Law } from '../../../src/rtp/g711.ts';
import { MEASURED, measureLevel, measureTones } from '../../../src/rtp/measure.ts';
import { TONES, type Tone, ToneGenerator } from '../../../src/rtp/tones.ts';

const LAWS: readonly Law[] = ['ulaw', 'alaw'];

/** `count` samples of `tone`, made in blocks, as a line of `law` carries them. */
function line(tone: Tone, law: Law, count: number): Int16Array {
  const generator = new ToneGenerator();
  generator.play(tone, law);
  const samples = new Int16Array(count);
  const octets = new Uint8Array(160);
  for (let at = 0; at < count; at += 160) {
    generator.fill(samples, at, 160);
    encode(law, samples, at, octets, 0, 160);
    decode(law, octets, 0, samples, at, 160);
  }
  return samples;
}

for (const law of LAWS) {
  test(`every tone has its frequencies and levels on a line of ${law}`, () => {
    for (const [name, tone] of Object.entries<Tone>(TONES)) {
      if (name === 'confirmation') continue;
      const measured = measureTones(line(tone, law, 2080), 0, law, 3, -60).slice(0, 3);
      const strong = measured.filter(({ level }) => level > tone.level - 20);
      assert.equal(strong.length, tone.frequencies.length, `${name}: ${JSON.stringify(measured)}`);
      strong.forEach(({ frequency, level }, n) => {
        assert.ok(Math.abs(frequency - (tone.frequencies[n] ?? 0)) < 0.1, `${name}: ${frequency} Hz`);
        assert.ok(Math.abs(level - tone.level) < 0.1, `${name}: ${level} dBm0`);
      });
    }
  });
}

/** The eight octets of the digital milliwatt, G.711 tables 5 and 6: they define 0 dBm0. */
const MILLIWATT: Readonly<Record<Law, readonly number[]>> = {
  ulaw: [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e],
  alaw: [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4],
};

test('the digital milliwatt of G.711 measures 0 dBm0 at 1000 Hz', () => {
  for (const law of LAWS) {
    const octets = Uint8Array.from({ length: MEASURED }, (_, n) => MILLIWATT[law][n % 8] ?? 0);
    const samples = new Int16Array(MEASURED);
    decode(law, octets, 0, samples, 0, MEASURED);
    const [tone] = measureTones(samples, 0, law, 1);
    assert.ok(tone && Math.abs(tone.level) < 0.01 && Math.abs(tone.frequency - 1000) < 0.001, JSON.stringify(tone));
    assert.ok(Math.abs(measureLevel(samples, 0, MEASURED, law)) < 0.01);
  }
});

/** Lengths of the runs of sound and silence, in samples; a run of fewer than 40 quiet samples is part of a sound. */
function runs(samples: Int16Array): number[] {
  const lengths: number[] = [];
  let start = 0;
  let on = true;
  for (let n = 0; n < samples.length; n++) {
    const isOn = samples.subarray(n, n + 40).some((sample) => sample !== 0);
    if (isOn === on) continue;
    lengths.push(n - start);
    start = n;
    on = isOn;
  }
  return lengths;
}

test('cadences are kept, also where they end inside a block', () => {
  const cases: [Tone, number, number, number][] = [
    [TONES.busy, 4000, 4000, 24_000],
    [TONES.reorder, 2000, 2000, 24_000],
    [TONES.ringback, 16_000, 32_000, 112_000],
  ];
  for (const [tone, on, off, count] of cases) {
    const lengths = runs(line(tone, 'ulaw', count));
    assert.ok(lengths.length >= 3);
    lengths.forEach((length, n) => {
      assert.ok(Math.abs(length - (n % 2 === 0 ? on : off)) <= 45, `${lengths}`);
    });
  }
});

test('the confirmation tone sounds three times and is over, so that what follows is heard', () => {
  const generator = new ToneGenerator();
  generator.play(TONES.confirmation, 'ulaw');
  const samples = new Int16Array(160);
  let blocks = 0;
  while (generator.fill(samples, 0, 160)) blocks++;
  assert.equal(blocks, 30);
  assert.equal(generator.fill(samples, 0, 160), false);
});

test('a continuous tone makes no step from block to block', () => {
  const generator = new ToneGenerator();
  generator.play(TONES.milliwatt, 'ulaw');
  const samples = new Int16Array(1600);
  for (let at = 0; at < 1600; at += 160) generator.fill(samples, at, 160);
  for (let n = 0; n < 1600; n++) {
    assert.ok(Math.abs((samples[n] ?? 0) - 22_657 * Math.sin((2 * Math.PI * 1004 * n) / 8000)) < 1.5, `sample ${n}`);
  }
});
