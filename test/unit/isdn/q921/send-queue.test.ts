import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SendQueue } from '../../../../src/isdn/q921/send-queue.ts';

const K = 7;

/** What is done to a queue; an acknowledgement of so many of those that are out. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant('put' as const) },
  { weight: 3, arbitrary: fc.constant('next' as const) },
  { weight: 2, arbitrary: fc.nat(K) },
  { weight: 1, arbitrary: fc.constantFrom('rewind' as const, 'discard' as const) },
);

test('however it fills, wraps and grows, the queue hands its messages out in order and forgets those acknowledged', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const queue = new SendQueue();
      /** Its messages by the number put in them, the first one's sequence number, and how many are out. */
      let waiting: number[] = [];
      let va = 0;
      let out = 0;
      let count = 0;
      for (const what of steps) {
        if (what === 'put') {
          waiting.push(count % 256);
          queue.put(Uint8Array.of(count++ % 256));
        } else if (what === 'next') {
          const due = out < K ? waiting[out] : undefined;
          const got = queue.next(K);
          assert.equal(got?.frame[0], due);
          if (due === undefined) continue;
          assert.equal(got?.ns, (va + out) % 128);
          out++;
        } else if (what === 'rewind') {
          queue.rewind();
          out = 0;
        } else if (what === 'discard') {
          queue.discard();
          waiting = [];
          va = 0;
          out = 0;
        } else {
          const these = Math.min(what, out);
          assert.ok(queue.accepts((va + these) % 128));
          assert.ok(!queue.accepts((va + out + 1) % 128));
          assert.equal(queue.acknowledge((va + these) % 128), these);
          waiting = waiting.slice(these);
          va = (va + these) % 128;
          out -= these;
        }
        assert.equal(queue.length, waiting.length);
        assert.equal(queue.unacknowledged, out);
      }
    }),
    { numRuns: 300 },
  );
});
