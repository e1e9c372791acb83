import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourRelease } from '../../../src/call/call.ts';
import { CAUSE } from '../../../src/call/cause.ts';
import type { Signal } from '../../../src/call/signal.ts';
import { seconds } from '../../../src/kernel/time.ts';
import type { Decision } from '../../../src/routing/decision.ts';
import { world } from '../../support/puppet-calls.ts';

const HOP = {
  type: 'span-group',
  id: 'pstn',
  spans: ['t1'],
  hunting: 'ascending',
  called: { digits: '5551004', type: 'national', plan: 'isdn' },
  caller: undefined,
} as const;
const COMMON = { emergency: false, charged: undefined, stages: [], directoryRevision: 'r1', effects: [] } as const;
const answer: Signal = { type: 'answer', connected: { number: undefined, name: undefined }, origin: undefined };
const settled = () => new Promise((done) => setImmediate(done));

test('the eleven stages come in their order, and the record is published only once it is durable', async () => {
  const w = world();
  const a = w.place();
  w.called[0]?.bound.hear({ type: 'alert', inBand: false });
  w.called[0]?.bound.hear(answer);
  a.bound.hear(ourRelease(CAUSE.normalClearing));
  assert.equal(w.stages.at(-1), 'record');
  // Over, and not yet in the store: whoever asks now is answered all the same.
  assert.equal(w.path.live.size, 0);
  assert.notEqual(w.path.decisionOf('call1'), undefined);
  await settled();
  assert.equal(w.path.decisionOf('call1'), undefined);
  assert.deepEqual(w.stages, [
    'heardSetup',
    'normalise',
    'admit',
    'route',
    'dial',
    'progress',
    'answer',
    'talk',
    'release',
    'record',
    'publish',
  ]);
  assert.deepEqual(
    w.records.map(({ cause, releasedBy, hops }) => [cause, releasedBy, hops]),
    [[16, 'caller', ['span-group pstn']]],
  );
});

test('a fault in one leg ends its call with cause 41 at every party, and leaves the next call alone', async () => {
  const w = world();
  const broken = w.place();
  const healthy = w.place();
  const [first, second] = w.called;
  assert.ok(first !== undefined && second !== undefined);
  first.bound.hear(answer);
  second.bound.hear(answer);
  first.bound.hear('break');
  await settled();
  assert.equal(w.supervisor.faults, 1);
  assert.deepEqual(w.abandoned, [first.bound.id]);
  assert.equal(broken.leg.told.at(-1), 'release 41');
  assert.deepEqual(
    w.records.map(({ cause }) => cause),
    [41],
  );
  assert.equal(healthy.leg.told.at(-1), 'answer');
  assert.equal(w.path.live.size, 1);
});

test('a box that is full refuses with cause 42 and leaves no call behind', async () => {
  const w = world({ calls: 1 });
  w.place();
  const refused = w.place();
  await settled();
  assert.equal(refused.leg.told.at(-1), 'release 42');
  assert.equal(w.path.live.size, 1);
});

test('a hop that can not even be dialled ends the call like one that refused', async () => {
  const w = world({ dialFails: true });
  const { leg } = w.place();
  await settled();
  assert.equal(leg.told.at(-1), 'release 34');
  assert.equal(w.path.live.size, 0);
});

test('a call whose streams never say their last gets its record all the same, and is not woken any more', async () => {
  const w = world();
  const a = w.place();
  a.bound.hear('open');
  w.called[0]?.bound.hear(answer);
  a.bound.hear(ourRelease(CAUSE.normalClearing));
  assert.equal(w.path.live.size, 1);
  w.pass(2_000);
  await settled();
  assert.equal(w.path.live.size, 0);
  assert.equal(w.records.length, 1);
  assert.equal(w.due(), undefined);
});

test('how a hop fares is told once: its first answer, or an end that nothing came before', () => {
  const w = world();
  const a = w.place();
  w.called[0]?.bound.hear({ type: 'alert', inBand: false });
  w.called[0]?.bound.hear(answer);
  a.bound.hear(ourRelease(CAUSE.normalClearing));
  assert.deepEqual(w.fared, ['answered']);
  w.place();
  w.called[1]?.bound.hear(ourRelease(CAUSE.timerExpiry));
  assert.deepEqual(w.fared.splice(1), ['ended 102']);
  const failing = world({ dialFails: true });
  failing.place();
  assert.deepEqual(failing.fared, ['ended 34']);
});

test('a hop that has rung out, or whose caller has gone, while it waited for room is not dialled any more', async () => {
  const ring = seconds(5);
  const after = { any: [{ ...HOP, called: { ...HOP.called, digits: '5551005' } }] };
  const decide = (): Decision => ({ ...COMMON, type: 'hops', hops: [{ ...HOP, ring, after }] });
  const noRoom: (() => void)[] = [];
  const w = world({ decide, noRoom });
  const caller = w.place();
  w.pass(5_000);
  assert.equal(noRoom.length, 2, 'the next step waits as well');
  noRoom[0]?.();
  assert.equal(w.called.length, 0);
  noRoom[1]?.();
  assert.equal(w.called.length, 1);
  w.called[0]?.bound.hear(ourRelease(CAUSE.userBusy));
  await settled();
  assert.equal(caller.leg.told.at(-1), 'release 17');
  const other = w.place();
  other.bound.hear(ourRelease(CAUSE.normalClearing));
  noRoom[2]?.();
  await settled();
  assert.deepEqual([w.called.length, w.path.live.size], [1, 0]);
});
