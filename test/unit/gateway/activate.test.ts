import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Activator } from '../../../src/gateway/activate.ts';
import { Reactor } from '../../../src/gateway/reactor.ts';
import { fail, ok, type Result } from '../../../src/kernel/result.ts';
import type { Instant, WallTime } from '../../../src/kernel/time.ts';
import { sameTls } from '../../../src/net/words.ts';
import { DEMO, siteOf } from '../../support/sites.ts';

/** An activator over a gateway that answers `become` with these, in order. */
function activator(answers: readonly Result<void, string>[], renewed = false) {
  const clock = { now: () => 0 as Instant, wall: () => 0 as WallTime };
  const reactor = new Reactor(clock, { set: () => {}, clear: () => {} }, (error) => assert.fail(String(error)));
  const done: string[] = [];
  const left = [...answers];
  const machine = new Activator(siteOf(DEMO), {
    gateway: {
      reactor,
      become: async (_site, back) => {
        done.push(back === true ? 'back' : 'forth');
        return left.shift() ?? ok(undefined);
      },
      certificateRenewed: async () => renewed,
    },
    http: () => ({ become: async () => ok(undefined) }),
    keep: async () => {
      done.push('kept');
    },
    restart: (why) => done.push(`restart: ${why}`),
  });
  return { machine, done };
}

const CHANGED = DEMO.replace('name: ', 'name: New ');

test('a certificate that was replaced under the same path is a change, though no setting is', async () => {
  assert.equal((await activator([]).machine.apply(DEMO, 0)).type, 'unchanged');
  const { machine, done } = activator([], true);
  const answer = await machine.apply(DEMO, 0);
  assert.ok(answer.type === 'applied');
  assert.deepEqual(
    answer.changes.map(({ section, reach }) => `${section} ${reach}`),
    ['sip.tls listener'],
  );
  assert.deepEqual(done, ['forth', 'kept']);
});

test('what can not be applied is taken back; when that fails too, the box starts again', async () => {
  const back = activator([fail('the port is taken')]);
  assert.deepEqual(await back.machine.apply(CHANGED, 0), { type: 'kept-back', why: 'the port is taken' });
  assert.deepEqual(back.done, ['forth', 'back']);
  const stuck = activator([fail('the port is taken'), fail('the old one as well')]);
  assert.deepEqual(await stuck.machine.apply(CHANGED, 0), { type: 'kept-back', why: 'the old one as well' });
  assert.deepEqual(stuck.done, ['forth', 'back', 'restart: the old one as well']);
});

test('TLS is the same when all that it shows and trusts is', () => {
  const one = { cert: Buffer.from('c'), key: Buffer.from('k'), mutual: false };
  assert.ok(sameTls(one, { ...one, cert: Buffer.from('c') }));
  assert.ok(sameTls(undefined, undefined));
  for (const other of [
    undefined,
    { ...one, cert: Buffer.from('d') },
    { ...one, key: Buffer.from('l') },
    { ...one, mutual: true },
  ]) {
    assert.ok(!sameTls(one, other));
  }
});
