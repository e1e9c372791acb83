/** The box's own calls to those who are to know of an emergency. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourRelease } from '../../../src/call/call.ts';
import { CAUSE } from '../../../src/call/cause.ts';
import type { Signal } from '../../../src/call/signal.ts';
import type { LiveCall } from '../../../src/gateway/live-call.ts';
import type { HeldElin } from '../../../src/routing/elin.ts';
import { noticeOf } from '../../../src/routing/emergency.ts';
import { site, user } from '../../support/dial-rules.ts';
import { emergencyDesk, phoneAt } from '../../support/emergency-desk.ts';
import { offer, PuppetLeg, world } from '../../support/puppet-calls.ts';

const directory = site({
  users: [user('bob', { extension: '202', diversions: { always: { number: '+12125551234' }, doNotDisturb: true } })],
  emergency: { locations: [{ id: 'hq', elins: ['+14255550190'], notify: ['bob'] }] },
});
const HOLD: HeldElin = {
  elin: '+14255550190',
  location: 'hq',
  holder: 'user ada',
  aor: undefined,
  gateway: undefined,
  caller: undefined,
};
const ANSWER: Signal = { type: 'answer', connected: { number: undefined, name: undefined }, origin: undefined };

function notice() {
  const [bob, place] = [directory.userById('bob'), directory.locations.byId('hq')];
  assert.ok(bob !== undefined && place !== undefined);
  return { user: 'bob', decision: noticeOf(bob, HOLD, place, 'r1') };
}

/** A box that calls Bob on his two phones because of the call `of`. */
function calling() {
  const dialled: string[] = [];
  const w = world({
    phones: { contactsOf: () => ['192.0.2.71', '192.0.2.72'].map(phoneAt), phone: () => undefined },
    decide: () => assert.fail('nothing is left to decide'),
    onDial: (hop, out) => dialled.push(`${hop.type === 'contact' ? hop.user : hop.id} from ${out.caller?.digits}`),
  });
  // Of the emergency call only its place in the records matters.
  const of = { linkedId: 'the emergency call' } as LiveCall;
  const leg = w.ownCall(notice(), of, new PuppetLeg());
  leg.bound.hear(offer);
  return { w, leg, dialled };
}

test('it rings all of his phones, whatever he diverts, under the ELIN, and its record hangs together with the emergency’s', async () => {
  const { w, leg, dialled } = calling();
  assert.deepEqual(dialled, ['bob from 14255550190', 'bob from 14255550190']);
  w.called[0]?.bound.hear(ANSWER);
  assert.deepEqual(leg.leg.told, ['proceed', 'answer']);
  assert.ok(w.media.includes('join call1.a call1.b1'));
  leg.bound.hear(ourRelease(CAUSE.normalClearing));
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(
    w.records.map(({ linkedId, cause }) => [linkedId, cause]),
    [['the emergency call', 16]],
  );
});

test('whom a call did not reach has not been told, and that is reported', () => {
  const { desk, kept } = emergencyDesk(directory);
  const call = { id: 'c2', notice: notice(), answered: undefined, tried: [] } as unknown as LiveCall;
  desk.ended({ ...call, decision: notice().decision });
  const events = kept.flatMap((op) =>
    op.type === 'event' ? [`${op.event.id} ${op.event.facts.user} by ${op.event.facts.by}`] : [],
  );
  assert.deepEqual(events, ['emergency.not-told bob by call']);
  desk.ended({ ...call, decision: notice().decision, answered: 1 as never });
  assert.equal(kept.length, 1);
});
