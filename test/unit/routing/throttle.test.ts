import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CAUSE } from '../../../src/call/cause.ts';
import type { Release } from '../../../src/call/signal.ts';
import { type Instant, minutes } from '../../../src/kernel/time.ts';
import { DEFAULT_THROTTLE, outcomeOf, Throttle, type ThrottleEffect } from '../../../src/routing/throttle.ts';

const MINUTE = 60_000;
const at = (time: number): Instant => time as Instant;

const failed = (throttle: Throttle, now: number, gateway = 'a'): readonly ThrottleEffect[] =>
  throttle.feed({ type: 'outcome', gateway, outcome: 'failed' }, at(now));

/** A throttle whose gateway `a` has just been left out for the first time, at 0. */
function thrown(): Throttle {
  const throttle = new Throttle();
  for (let n = 1; n <= 10; n++) failed(throttle, 0);
  return throttle;
}

test('nine failures are bad luck, ten in a row put a gateway out for a minute', () => {
  const throttle = new Throttle();
  for (let n = 1; n <= 9; n++) assert.deepEqual(failed(throttle, 0), []);
  assert.equal(throttle.out.size, 0);
  assert.deepEqual(failed(throttle, 0), [{ type: 'throttled', gateway: 'a', until: MINUTE, period: MINUTE }]);
  assert.deepEqual([...throttle.out], [['a', MINUTE]]);
});

test('one good call in between, and the count begins anew', () => {
  const throttle = new Throttle();
  for (let n = 1; n <= 9; n++) failed(throttle, 0);
  throttle.feed({ type: 'outcome', gateway: 'a', outcome: 'good' }, at(0));
  for (let n = 1; n <= 9; n++) assert.deepEqual(failed(throttle, 0), []);
  assert.equal(throttle.out.size, 0);
});

test('what says nothing of the gateway neither counts nor forgives', () => {
  const throttle = new Throttle();
  for (let n = 1; n <= 9; n++) failed(throttle, 0);
  throttle.feed({ type: 'outcome', gateway: 'a', outcome: 'neither' }, at(0));
  assert.equal(failed(throttle, 0).length, 1);
});

test('a gateway that stays dead is out for 1, 2, 4 … minutes, and never longer than 60', () => {
  const throttle = thrown();
  const periods = [1];
  let now = MINUTE;
  for (let n = 0; n < 8; n++) {
    throttle.wake(at(now));
    assert.equal(throttle.out.size, 0, 'after its time it is tried again');
    const [effect] = failed(throttle, now);
    assert.ok(effect?.type === 'throttled');
    periods.push(effect.period / MINUTE);
    now = effect.until;
  }
  assert.deepEqual(periods, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test('while it is out it is probed every 30 s, and failures of other calls change nothing', () => {
  const throttle = thrown();
  const probes: number[] = [];
  failed(throttle, 1000);
  throttle.wake(at(MINUTE));
  failed(throttle, MINUTE);
  for (let now = MINUTE; now < 3 * MINUTE; now += 1000) {
    if ((throttle.deadline ?? Number.POSITIVE_INFINITY) > now) continue;
    for (const effect of throttle.wake(at(now))) if (effect.type === 'probe') probes.push((now - MINUTE) / 1000);
    throttle.feed({ type: 'probed', gateway: 'a', alive: false }, at(now));
  }
  assert.deepEqual(probes, [30, 60, 90]);
});

test('the first positive answer restores it at once, and its past is forgotten', () => {
  const throttle = thrown();
  throttle.wake(at(30_000));
  assert.deepEqual(throttle.feed({ type: 'probed', gateway: 'a', alive: false }, at(30_100)), []);
  assert.equal(throttle.out.size, 1);
  assert.deepEqual(throttle.feed({ type: 'probed', gateway: 'a', alive: true }, at(31_000)), [
    { type: 'restored', gateway: 'a' },
  ]);
  assert.equal(throttle.out.size, 0);
  assert.equal(throttle.deadline, undefined);
  assert.deepEqual(failed(throttle, 32_000), [], 'one failure is bad luck again');
});

test('a call that gets through, an emergency for one, restores it as well', () => {
  const throttle = thrown();
  const good = throttle.feed({ type: 'outcome', gateway: 'a', outcome: 'good' }, at(10_000));
  assert.deepEqual(good, [{ type: 'restored', gateway: 'a' }]);
});

test('gateways fail each for itself, and one that is no longer there is forgotten', () => {
  const throttle = thrown();
  for (let n = 1; n <= 9; n++) failed(throttle, 0, 'b');
  assert.deepEqual([...throttle.out.keys()], ['a']);
  const limits = { ...DEFAULT_THROTTLE, failures: 11, first: minutes(5) };
  throttle.feed({ type: 'gateways', ids: new Set(['b']), limits }, at(0));
  assert.equal(throttle.out.size, 0);
  assert.deepEqual(failed(throttle, 0, 'b'), [], 'the new limit holds for the old count');
  assert.equal(failed(throttle, 0, 'b')[0]?.type, 'throttled');
});

test('whatever happens, a gateway that is out has a time to come back and one that is well has no row', () => {
  const step = fc.record({
    wait: fc.nat(120_000),
    gateway: fc.constantFrom('a', 'b'),
    what: fc.constantFrom('failed', 'failed', 'failed', 'good', 'neither', 'alive', 'dead', 'wake'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const throttle = new Throttle({ ...DEFAULT_THROTTLE, failures: 2 });
      let now = 0;
      for (const { wait, gateway, what } of steps) {
        now += wait;
        throttle.wake(at(now));
        if (what === 'failed' || what === 'good' || what === 'neither')
          throttle.feed({ type: 'outcome', gateway, outcome: what }, at(now));
        if (what === 'alive' || what === 'dead')
          throttle.feed({ type: 'probed', gateway, alive: what === 'alive' }, at(now));
        if (what === 'good' || what === 'alive') assert.ok(!throttle.out.has(gateway));
        for (const until of throttle.out.values()) {
          assert.ok(until > now && until <= now + 60 * MINUTE);
          assert.ok(throttle.deadline !== undefined && throttle.deadline <= until);
        }
      }
    }),
  );
});

const sip = (status: number, reason: string | undefined, cause = CAUSE.temporaryFailure): Release => ({
  type: 'release',
  cause,
  location: 'private-local',
  origin: { protocol: 'sip', status, reason, headers: [] },
});
const isdn = (cause: Release['cause'], heard: boolean): Release => ({
  type: 'release',
  cause,
  location: 'user',
  origin: heard ? { protocol: 'q931', elements: [] } : undefined,
});

/** Only no answer at all, 5xx or a D-channel that is down count. */
const ENDINGS: readonly (readonly [what: string, release: Release, heard: boolean, up: boolean, outcome: string])[] = [
  ['nobody answered the INVITE', sip(408, undefined, CAUSE.timerExpiry), false, true, 'failed'],
  ['a 100 and then nothing more', sip(408, undefined, CAUSE.timerExpiry), true, true, 'good'],
  ['it could not be sent', sip(503, undefined), false, true, 'failed'],
  ['a 500', sip(500, 'Server Internal Error'), false, true, 'failed'],
  ['a 503 after ringing', sip(503, 'Service Unavailable'), true, true, 'failed'],
  ['a 408 from the peer', sip(408, 'Request Timeout'), false, true, 'good'],
  ['busy', sip(486, 'Busy Here'), true, true, 'good'],
  ['declined everywhere', sip(603, 'Decline'), false, true, 'good'],
  ['not found', sip(404, ''), false, true, 'good'],
  ['no codec in common, as we found', sip(503, undefined, CAUSE.bearerNotImplemented), true, true, 'neither'],
  ['no circuit in the network', isdn(CAUSE.noChannel, true), false, true, 'good'],
  ['our own channels are taken', isdn(CAUSE.noChannel, false), false, true, 'neither'],
  ['nobody answered the SETUP', isdn(CAUSE.timerExpiry, true), false, true, 'failed'],
  ['nothing came after CALL PROCEEDING', isdn(CAUSE.timerExpiry, false), true, true, 'good'],
  ['the D-channel is down', isdn(CAUSE.networkOutOfOrder, false), false, false, 'failed'],
  ['the D-channel went down with the call up', isdn(CAUSE.temporaryFailure, true), true, false, 'failed'],
  ['the caller hung up', isdn(CAUSE.normalClearing, false), true, true, 'good'],
];

for (const [what, release, heard, up, outcome] of ENDINGS) {
  test(`${what}: ${outcome}`, () => assert.equal(outcomeOf(release, heard, up), outcome));
}
