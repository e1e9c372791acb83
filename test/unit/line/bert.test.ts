import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seeded } from '../../../src/kernel/random.ts';
import { BertChecker, BertGenerator } from '../../../src/line/bert.ts';

/** Frames of 24 slots. */
const made = (generator: BertGenerator, frames: number): Uint8Array => {
  const octets = new Uint8Array(24 * frames);
  generator.fill(octets);
  return octets;
};

const spoil = (octets: Uint8Array, bit: number): void => {
  octets[bit >> 3] = (octets[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
};

const bitsOf = (octets: Uint8Array): string => [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('');

describe('the quasi-random signal (O.151)', () => {
  const PERIOD = 2 ** 20 - 1;

  // T1.403 and O.151 say it so: the sequence of x^20 + x^17 + 1, and a one wherever the next fourteen bits are zeros.
  test('a whole period is what the definition gives when it is written down bit by bit', () => {
    const sequence = new Uint8Array(PERIOD + 14).fill(1, 0, 20);
    for (let n = 20; n < sequence.length; n++)
      sequence[n] = (sequence[n - 17] as number) ^ (sequence[n - 20] as number);
    let expected = '';
    for (let n = 0; n < PERIOD; n++)
      expected += sequence.subarray(n + 1, n + 15).includes(1) ? String(sequence[n]) : '1';
    assert.equal(bitsOf(made(new BertGenerator('qrss'), 5462)).slice(0, PERIOD), expected);
    // Of a period 2^19 are ones; runs of 15, 16, 17, 18 and 19 zeros, 8, 4, 2, 1 and 1 of them, give 8 + 8 + 6 + 4 + 5 more.
    assert.equal(expected.replaceAll('0', '').length, 2 ** 19 + 31);
  });

  test('it repeats after 2^20 − 1 bits and not before', () => {
    const bits = bitsOf(made(new BertGenerator('qrss'), 11_000));
    assert.equal(bits.slice(0, 4000), bits.slice(PERIOD, PERIOD + 4000));
    assert.equal(bits.indexOf(bits.slice(0, 64), 1), PERIOD);
  });

  test('never more than fourteen zeros follow each other, and fourteen do', () => {
    const bits = bitsOf(made(new BertGenerator('qrss'), 5462));
    assert.ok(!bits.includes('0'.repeat(15)));
    assert.ok(bits.includes('0'.repeat(14)));
  });

  test('away from suppressed zeros each bit is that of 17 before xor that of 20 before', () => {
    const bits = bitsOf(made(new BertGenerator('qrss'), 5462));
    let exceptions = 0;
    for (let i = 20; i < PERIOD; i++) {
      if (Number(bits[i]) !== (Number(bits[i - 17]) ^ Number(bits[i - 20]))) exceptions++;
    }
    // A bit is forced where it and the 14 after it are zeros: 2^5 − 1 places of the period, each seen at most three times.
    assert.ok(exceptions > 0 && exceptions <= 3 * 31, String(exceptions));
  });
});

describe('the checker', () => {
  for (const pattern of ['qrss', 'all-ones'] as const) {
    test(`${pattern}: a clean line has no errors, wherever it is taken up`, () => {
      const octets = made(new BertGenerator(pattern), 6000);
      for (const from of [0, 1, 7, 12_345, 77_777]) {
        const checker = new BertChecker(pattern);
        checker.check(octets.subarray(from));
        const { sync, bits, errors, losses } = checker.result;
        assert.deepEqual([sync, errors, losses], [true, 0, 0]);
        assert.ok(bits > 8 * (octets.length - from) - 2000);
      }
    });

    test(`${pattern}: every bit that is spoilt is counted once`, () => {
      const generator = new BertGenerator(pattern);
      const checker = new BertChecker(pattern);
      checker.check(made(generator, 100));
      const octets = made(generator, 1000);
      const random = seeded(7);
      const spoilt = new Set(Array.from({ length: 250 }, () => Math.floor(random.next() * octets.length * 8)));
      for (const bit of spoilt) spoil(octets, bit);
      checker.check(octets);
      assert.deepEqual([checker.result.errors, checker.result.sync], [spoilt.size, true]);
    });

    test(`${pattern}: a line of noise is not in step`, () => {
      const checker = new BertChecker(pattern);
      checker.check(seeded(3).bytes(50_000));
      assert.deepEqual([checker.result.sync, checker.result.bits], [false, 0]);
    });

    test(`${pattern}: the step is lost in noise and found again`, () => {
      const generator = new BertGenerator(pattern);
      const checker = new BertChecker(pattern);
      checker.check(made(generator, 100));
      checker.check(seeded(3).bytes(3000));
      assert.deepEqual([checker.result.sync, checker.result.losses], [false, 1]);
      checker.check(made(generator, 100));
      assert.equal(checker.result.sync, true);
    });
  }

  test('a dead line is not taken for the quasi-random signal', () => {
    for (const octet of [0x00, 0xff, 0x7e, 0x55]) {
      const checker = new BertChecker('qrss');
      checker.check(new Uint8Array(10_000).fill(octet));
      assert.equal(checker.result.sync, false);
    }
  });

  test('a slip of a frame on the way is a loss of step, and no errors for ever', () => {
    const octets = made(new BertGenerator('qrss'), 2000);
    const checker = new BertChecker('qrss');
    checker.check(octets.subarray(0, 24_000));
    checker.check(octets.subarray(24_024));
    const { sync, losses, errors } = checker.result;
    assert.deepEqual([sync, losses], [true, 1]);
    assert.ok(errors < 600);
  });
});
