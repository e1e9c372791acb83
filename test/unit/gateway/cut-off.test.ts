import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallPath } from '../../../src/gateway/call-path.ts';
import { cutOff } from '../../../src/gateway/cut-off.ts';
import type { Instant } from '../../../src/kernel/time.ts';

/** Whether a leg that has been silent for so many seconds at `now` (seconds) ends its call, answered at `since`, after 60 s. */
function ends(silence: number, since: number | undefined, now: number): boolean {
  const ended: string[] = [];
  // The cut-off asks these two things of the call's way, and nothing else.
  const path = {
    callOf: () => ({ id: 'c1', ...(since === undefined ? {} : { talkingSince: since * 1000 }) }),
    cutOff: (id: string, why: string, cause: number) => ended.push(`${id} ${why} ${cause}`),
  } as unknown as CallPath;
  cutOff(path, 'c1.a', { type: 'silent', seconds: silence }, { silenceSeconds: 60 }, (now * 1000) as Instant);
  if (ended.length > 0) assert.deepEqual(ended, ['c1 silence 102']);
  return ended.length > 0;
}

test('who was to be heard and is not for a minute of the conversation is gone', () => {
  assert.equal(ends(55, 0, 100), false);
  assert.equal(ends(60, 0, 100), true);
});

test('a phone that rings for minutes without a packet is not cut off, nor just after it was answered', () => {
  assert.equal(ends(180, undefined, 180), false);
  assert.equal(ends(180, 178, 180), false);
  assert.equal(ends(240, 178, 240), true);
});
