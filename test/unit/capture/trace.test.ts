import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TraceEntry, TraceRing } from '../../../src/capture/trace.ts';
import type { WallTime } from '../../../src/kernel/time.ts';

const entry = (n: number, thread: string): TraceEntry => ({
  at: n as WallTime,
  thread,
  protocol: 'stage',
  direction: undefined,
  peer: 'route',
  what: `${n}`,
});

test('the ring keeps the newest entries in order and forgets the oldest', () => {
  const ring = new TraceRing(3);
  for (let n = 1; n <= 5; n++) ring.add(entry(n, n % 2 ? 'odd' : 'even'));
  assert.deepEqual(
    ring.all().map((e) => e.what),
    ['3', '4', '5'],
  );
  assert.deepEqual(
    ring.ofThreads(new Set(['odd'])).map((e) => e.what),
    ['3', '5'],
  );
});
