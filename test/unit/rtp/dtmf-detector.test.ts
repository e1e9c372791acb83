import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { seeded } from '../../../src/kernel/random.ts';
import type { DigitChange } from '../../../src/rtp/digit.ts';
import { DtmfGenerator, HIGH, KEYPAD, LOW } from '../../../src/rtp/dtmf.ts';
import { DtmfDetector } from '../../../src/rtp/dtmf-detector.ts';
import { decode, encode } from '../../../src/rtp/g711.ts';
import { peakOf } from '../../../src/rtp/tones.ts';

interface Sound {
  readonly key: number;
  /** dBm0 of the low tone, dB of the high one over it, shares off frequency, turns of phase, samples. */
  readonly level: number;
  readonly twist: number;
  readonly offLow: number;
  readonly offHigh: number;
  readonly phases: readonly [number, number];
  readonly before: number;
  readonly length: number;
}

const plain: Sound = {
  key: 5,
  level: -10,
  twist: 0,
  offLow: 0,
  offHigh: 0,
  phases: [0, 0],
  before: 400,
  length: 800,
};

/** One tone pair in silence, as it comes out of a G.711 line. `hz` shifts both tones by so much more. */
function sound(s: Sound, hz = 0): Int16Array {
  const samples = new Int16Array(160 * Math.ceil((s.before + s.length + 800) / 160));
  const tones = [
    {
      f: (LOW[s.key >> 2] ?? 0) * (1 + s.offLow) + hz * Math.sign(s.offLow),
      peak: peakOf('ulaw', s.level),
      phase: s.phases[0],
    },
    {
      f: (HIGH[s.key & 3] ?? 0) * (1 + s.offHigh) + hz * Math.sign(s.offHigh),
      peak: peakOf('ulaw', s.level + s.twist),
      phase: s.phases[1],
    },
  ];
  for (let n = 0; n < s.length; n++) {
    let sum = 0;
    for (const { f, peak, phase } of tones) sum += peak * Math.sin(2 * Math.PI * ((f * n) / 8000 + phase));
    samples[s.before + n] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
  return onLine(samples);
}

function onLine(samples: Int16Array): Int16Array {
  const octets = new Uint8Array(samples.length);
  encode('ulaw', samples, 0, octets, 0, samples.length);
  decode('ulaw', octets, 0, samples, 0, samples.length);
  return samples;
}

function listen(samples: Int16Array): DigitChange[] {
  const detector = new DtmfDetector();
  const changes: DigitChange[] = [];
  for (let at = 0; at + 160 <= samples.length; at += 160) changes.push(...detector.block(samples, at));
  return changes;
}

const begun = (changes: readonly DigitChange[]): string =>
  changes.map((change) => (change.type === 'begin' ? change.digit : '')).join('');

const anyPhase = fc.double({ min: 0, max: 1, noNaN: true });
const anySound = fc.record({
  key: fc.integer({ min: 0, max: 15 }),
  level: fc.double({ min: -17, max: -4, noNaN: true }),
  twist: fc.double({ min: -8, max: 4, noNaN: true }),
  offLow: fc.double({ min: -0.015, max: 0.015, noNaN: true }),
  offHigh: fc.double({ min: -0.015, max: 0.015, noNaN: true }),
  phases: fc.tuple(anyPhase, anyPhase),
  before: fc.integer({ min: 160, max: 480 }),
  length: fc.integer({ min: 320, max: 2000 }),
});

test('every digit within the limits of Q.24 is heard once, for as long as it sounded', () => {
  fc.assert(
    fc.property(anySound, (s) => {
      const changes = listen(sound(s, 2));
      const [begin, end] = changes;
      assert.equal(changes.length, 2, JSON.stringify(changes));
      assert.deepEqual(begin, { type: 'begin', digit: KEYPAD.charAt(s.key) });
      assert.ok(
        end?.type === 'end' && Math.abs(end.duration - s.length) <= 120,
        `${JSON.stringify(end)} for ${s.length}`,
      );
    }),
    { seed: 1, numRuns: 400 },
  );
});

test('what is 3.5 % off frequency is no digit', () => {
  for (let key = 0; key < 16; key++) {
    for (const off of [-0.06, -0.045, -0.035, 0.035, 0.045, 0.06]) {
      assert.equal(begun(listen(sound({ ...plain, key, offLow: off, length: 1600 }))), '', `low ${key} ${off}`);
      assert.equal(begun(listen(sound({ ...plain, key, offHigh: off, length: 1600 }))), '', `high ${key} ${off}`);
    }
  }
});

test('a tone of 23 ms is no digit, wherever it falls', () => {
  for (let before = 160; before < 320; before++) {
    for (const key of [0, 5, 15]) assert.equal(begun(listen(sound({ ...plain, key, before, length: 184 }))), '');
  }
});

test('too much twist, one tone alone and a tone too weak are no digit', () => {
  assert.equal(begun(listen(sound({ ...plain, twist: 8 }))), '');
  assert.equal(begun(listen(sound({ ...plain, twist: -12 }))), '');
  assert.equal(begun(listen(sound({ ...plain, twist: -60 }))), '');
  assert.equal(begun(listen(sound({ ...plain, twist: 60, level: -65 }))), '');
  assert.equal(begun(listen(sound({ ...plain, level: -36 }))), '');
  assert.equal(begun(listen(sound({ ...plain, level: -25 }))), KEYPAD.charAt(plain.key));
});

test('two presses of a key with 40 ms between them are two digits, a gap of 10 ms leaves it one', () => {
  for (let before = 160; before < 320; before += 7) {
    const samples = sound({ ...plain, before, length: 1200 });
    const two = samples.slice().fill(0, before + 480, before + 800);
    assert.equal(begun(listen(two)), '55', `pause at ${before}`);
    const one = samples.slice().fill(0, before + 480, before + 560);
    assert.equal(begun(listen(one)), '5', `gap at ${before}`);
  }
});

test('a digit that follows another without a pause ends it', () => {
  const samples = new Int16Array(2400);
  samples.set(sound({ ...plain, before: 0, length: 640 }).subarray(0, 640), 320);
  samples.set(sound({ ...plain, key: 10, before: 0, length: 640 }).subarray(0, 640), 960);
  const changes = listen(samples);
  assert.deepEqual(
    changes.map((change) => change.type + change.digit),
    ['begin5', 'end5', 'begin9', 'end9'],
  );
});

test('digits are heard over noise 15 dB below them', () => {
  const random = seeded(5);
  const noise = peakOf('ulaw', -10 - 15) * Math.sqrt(3 / 2);
  for (let key = 0; key < 16; key++) {
    const samples = sound({ ...plain, key, length: 480, level: -10 }).map((x) => x + noise * (2 * random.next() - 1));
    assert.equal(begun(listen(samples)), KEYPAD.charAt(key));
  }
});

test('noise and voices don’t talk it into a digit', () => {
  const random = seeded(9);
  const seconds = 60;
  const noise = Int16Array.from({ length: 8000 * seconds }, () => 12_000 * (2 * random.next() - 1));
  assert.equal(begun(listen(noise)), '');
  assert.equal(begun(listen(voice(seconds, random))), '');
});

/** Vowels: a pulse train of gliding pitch through three gliding resonances, in syllables. */
function voice(seconds: number, random: { next(): number }): Int16Array {
  const samples = new Int16Array(8000 * seconds);
  const state = new Float64Array(6);
  let phase = 0;
  let pitch = 120;
  let goal = 120;
  const formants = [500, 1500, 2500];
  const goals = [500, 1500, 2500];
  for (let n = 0; n < samples.length; n++) {
    if (n % 1200 === 0) {
      goal = 80 + 220 * random.next();
      goals[0] = 300 + 600 * random.next();
      goals[1] = 900 + 1300 * random.next();
      goals[2] = 2200 + 900 * random.next();
    }
    pitch += (goal - pitch) / 800;
    phase += pitch / 8000;
    let x = phase >= 1 ? 1 : 0;
    if (phase >= 1) phase -= 1;
    for (let k = 0; k < 3; k++) {
      const f = (formants[k] ?? 0) + ((goals[k] ?? 0) - (formants[k] ?? 0)) / 400;
      formants[k] = f;
      const radius = 0.985;
      const y =
        x +
        2 * radius * Math.cos((2 * Math.PI * f) / 8000) * (state[2 * k] ?? 0) -
        radius ** 2 * (state[2 * k + 1] ?? 0);
      state[2 * k + 1] = state[2 * k] ?? 0;
      state[2 * k] = y;
      x = y * 0.3;
    }
    samples[n] = Math.max(-32_000, Math.min(32_000, 9000 * x * (n % 2400 < 1900 ? 1 : 0.05)));
  }
  return onLine(samples);
}

test('the recording of all sixteen digits is read', () => {
  const file = readFileSync(new URL('../../kit/audio/dtmf-all.wav', import.meta.url));
  const samples = new Int16Array(file.buffer.slice(file.byteOffset + 44, file.byteOffset + file.length));
  assert.equal(begun(listen(samples)), '1234567890*#ABCD');
});

test('audio is under suspicion before 30 ms of a digit have gone by, and free again after it', () => {
  const detector = new DtmfDetector();
  const samples = sound({ ...plain, before: 480, length: 640 });
  const suspects: boolean[] = [];
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    detector.block(samples, at);
    suspects.push(detector.suspect);
  }
  assert.deepEqual(suspects, [false, false, false, true, true, true, true, true, false, false, false, false]);
});

test('what the generator plays the detector hears, in order, in both laws', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...KEYPAD), fc.integer({ min: 0, max: 2000 })), {
        minLength: 1,
        maxLength: 20,
      }),
      fc.constantFrom('ulaw' as const, 'alaw' as const),
      (digits, law) => {
        const generator = new DtmfGenerator(law);
        const detector = new DtmfDetector();
        const samples = new Int16Array(160);
        for (const [digit, duration] of digits) assert.ok(generator.press(digit, duration));
        const changes: DigitChange[] = [];
        while (generator.fill(samples, 0, 160)) changes.push(...detector.block(samples, 0));
        changes.push(...detector.block(samples.fill(0), 0), ...detector.block(samples, 0));
        assert.equal(begun(changes), digits.map(([digit]) => digit).join(''));
      },
    ),
    { seed: 2, numRuns: 60 },
  );
});

test('a digit without an end lasts until it is released', () => {
  const generator = new DtmfGenerator('ulaw');
  const samples = new Int16Array(160);
  generator.press('7');
  for (let n = 0; n < 20; n++) assert.ok(generator.fill(samples, 0, 160));
  assert.ok(samples.some((sample) => sample !== 0));
  generator.release(1600);
  let blocks = 0;
  while (generator.fill(samples, 0, 160)) blocks++;
  assert.equal(blocks, 3, 'the pause of 50 ms');
});

test('more digits than can wait and what is no digit are refused', () => {
  const generator = new DtmfGenerator('ulaw');
  for (const digit of ['', 'E', '12', 'a']) assert.equal(generator.press(digit, 400), false);
  let taken = 0;
  while (generator.press('1', 400)) taken++;
  assert.equal(taken, 64);
});
