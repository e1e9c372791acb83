/** Next hop or stop, value by value. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourRelease } from '../../../src/call/call.ts';
import type { Cause } from '../../../src/call/cause.ts';
import { mayTryNext } from '../../../src/call/next-hop.ts';
import type { Release } from '../../../src/call/signal.ts';

/** A final answer that was heard on SIP; its cause is not looked at. */
const answered = (status: number): Release => ({
  ...ourRelease(16 as Cause),
  origin: { protocol: 'sip', status, reason: 'x', headers: [] },
});

const all = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('by cause: 27, 34, 38, 41, 42, 44, 47 and a time-out (102) go on, every other cause of Q.850 stops', () => {
  const goOn = all(1, 127).filter((cause) => mayTryNext(ourRelease(cause as Cause), false));
  assert.deepEqual(goOn, [27, 34, 38, 41, 42, 44, 47, 102]);
  for (const cause of [1, 17, 18, 19, 21, 22, 28]) {
    assert.equal(mayTryNext(ourRelease(cause as Cause), true), false, `${cause} is the called party’s own word`);
  }
});

test('by SIP status: every 5xx goes on, every 3xx, 4xx and 6xx stops', () => {
  const goOn = all(300, 699).filter((status) => mayTryNext(answered(status), true));
  assert.deepEqual(goOn, all(500, 599));
});

test('408 goes on only where not even a provisional had come', () => {
  assert.equal(mayTryNext(answered(408), false), true);
  assert.equal(mayTryNext(answered(408), true), false);
});
