import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK } from '../../../src/rtp/g711.ts';
import { JitterBuffer, SILENT, WHOLE } from '../../../src/rtp/jitter.ts';

const out = new Uint8Array(BLOCK);

test('a steady stream is played whole, one block after it came', () => {
  const buffer = new JitterBuffer();
  const taken: number[] = [];
  for (let n = 0; n < 500; n++) {
    buffer.put(
      7,
      (65_500 + n) & 0xffff,
      (4_294_960_000 + n * BLOCK) % 2 ** 32,
      new Uint8Array(BLOCK).fill(n & 0xff),
      0,
      BLOCK,
    );
    taken.push(buffer.take(out, 0));
    if (n > 0)
      assert.ok(
        out.every((octet) => octet === ((n - 1) & 0xff)),
        `block ${n}`,
      );
  }
  assert.deepEqual(new Set(taken.slice(1)), new Set([WHOLE]));
  assert.equal(buffer.repeated + buffer.dropped + buffer.late, 0);
  for (let n = 0; n < 10; n++) taken.push(buffer.take(out, 0));
  assert.equal(taken.at(-1), SILENT);
});
