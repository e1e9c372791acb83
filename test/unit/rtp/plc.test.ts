import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Concealer } from '../../../src/rtp/plc.ts';

const FRAME = 80;
const DELAY = 30;

/** Runs frames of `wave` through a concealer, those in `lost` withheld. */
function run(wave: (n: number) => number, frames: number, lost: (frame: number) => boolean): Int16Array {
  const concealer = new Concealer();
  const samples = Int16Array.from({ length: frames * FRAME }, (_, n) => wave(n));
  for (let frame = 0; frame < frames; frame++) {
    if (lost(frame)) {
      samples.fill(21_000, frame * FRAME, (frame + 1) * FRAME);
      concealer.lost(samples, frame * FRAME);
    } else concealer.good(samples, frame * FRAME);
  }
  return samples;
}

const voiced = (n: number): number =>
  6000 * Math.sin((2 * Math.PI * n) / 64) +
  3000 * Math.sin((4 * Math.PI * n) / 64 + 1) +
  1500 * Math.sin((6 * Math.PI * n) / 64);

test('speech that arrives whole is only delayed, by 3.75 ms', () => {
  const out = run(voiced, 20, () => false);
  for (let n = DELAY; n < out.length; n++) assert.equal(out[n], Math.trunc(voiced(n - DELAY)));
});

test('a periodic sound goes on through a lost frame as if nothing was lost', () => {
  for (const lost of [10, 11, 12]) {
    const out = run(voiced, 20, (frame) => frame === lost);
    for (let n = DELAY; n < out.length; n++) {
      assert.ok(Math.abs((out[n] as number) - voiced(n - DELAY)) < 40, `sample ${n}`);
    }
  }
});

test('a longer loss fades by a fifth each 10 ms after the first and is silent after 60 ms', () => {
  const out = run(voiced, 24, (frame) => frame >= 10 && frame < 18);
  const peak = (frame: number): number =>
    Math.max(...out.subarray(frame * FRAME + DELAY, (frame + 1) * FRAME + DELAY).map(Math.abs));
  const whole = peak(8);
  assert.ok(Math.abs(peak(10) - whole) < 100);
  for (let frame = 11; frame < 16; frame++) {
    const most = 1 - 0.2 * (frame - 11);
    assert.ok(
      peak(frame) <= most * whole + 100 && peak(frame) >= (most - 0.2) * whole,
      `frame ${frame}: ${peak(frame) / whole}`,
    );
  }
  assert.equal(peak(16), 0);
  assert.equal(peak(17), 0);
  assert.ok(Math.abs(peak(20) - whole) < 100);
});

test('neither join makes a click: no step is larger than the sound itself makes', () => {
  let largest = 0;
  for (let n = 1; n < 64; n++) largest = Math.max(largest, Math.abs(voiced(n) - voiced(n - 1)));
  for (const length of [1, 2, 3, 4, 6, 9]) {
    const out = run(voiced, 40, (frame) => frame >= 10 && frame < 10 + length);
    for (let n = DELAY + 1; n < out.length; n++) {
      assert.ok(
        Math.abs((out[n] as number) - (out[n - 1] as number)) <= largest * 1.2,
        `${length} frames, sample ${n}`,
      );
    }
  }
});

test('a loss before any speech is silence', () => {
  assert.ok(
    run(
      () => 0,
      10,
      (frame) => frame % 2 === 0,
    ).every((sample) => sample === 0),
  );
});

test('noise that is concealed keeps its level in the first lost frame', () => {
  let state = 1;
  const noise = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state / 2 ** 32 - 0.5) * 8000;
  };
  const out = run(noise, 20, (frame) => frame === 12);
  const power = (frame: number): number =>
    out.subarray(frame * FRAME + DELAY, (frame + 1) * FRAME + DELAY).reduce((sum, s) => sum + s * s, 0);
  assert.ok(Math.abs(10 * Math.log10(power(12) / power(9))) < 3);
});

test('a concealer that was cleared gives nothing of the call before, be it whole or lost', () => {
  for (const taken of [0, 3] as const) {
    const concealer = new Concealer();
    const samples = new Int16Array(160);
    for (let block = 0; block < 5; block++) {
      concealer.block(
        Int16Array.from(samples, (_, n) => voiced(block * 160 + n)),
        0,
        block === 4 ? 0 : 3,
      );
    }
    concealer.clear();
    concealer.block(samples, 0, taken);
    assert.ok(samples.every((sample) => sample === 0));
  }
});
