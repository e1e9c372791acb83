import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pooled, seeded } from '../../../src/kernel/random.ts';

test('pooled octets are those of the source in its order, each handed out once, whatever is asked for', () => {
  const drawn: number[] = [];
  const source = seeded(1);
  const random = pooled({
    bytes(n) {
      const octets = source.bytes(n);
      drawn.push(...octets);
      return octets;
    },
  });
  let at = 0;
  for (const n of [3, 0, 16, 4000, 90, 4096, 5000, 2]) {
    const octets = random.bytes(n);
    assert.equal(octets.length, n);
    const found = drawn.findIndex((_, i) => i >= at && octets.every((octet, k) => drawn[i + k] === octet));
    assert.ok(found >= at, `${n} octets are not the next of the source`);
    at = found + n;
  }
});

test('what was handed out does not change with the next request', () => {
  const random = pooled({ bytes: (n) => Buffer.from(seeded(2).bytes(n)) });
  const first = random.bytes(8);
  const copy = [...first];
  assert.ok(first.some((octet) => octet !== 0));
  random.bytes(8);
  assert.deepEqual([...first], copy);
});
