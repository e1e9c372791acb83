import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourRelease } from '../../../src/call/call.ts';
import { CAUSE } from '../../../src/call/cause.ts';
import type { Signal } from '../../../src/call/signal.ts';
import type { Decision } from '../../../src/routing/decision.ts';
import type { RoutingQuery, Source } from '../../../src/routing/query.ts';
import { world } from '../../support/puppet-calls.ts';

const answer: Signal = { type: 'answer', connected: { number: undefined, name: undefined }, origin: undefined };
const hangUp = ourRelease(CAUSE.normalClearing);
const settled = () => new Promise((done) => setImmediate(done));
const USER: Source = { type: 'user', id: '201' };
const LINE: Source = { type: 'span-group', id: 'pstn' };

const transferTo = (target: string, replaces?: string): Signal => ({
  type: 'transfer',
  target,
  called: { digits: '', type: 'unknown', plan: 'unknown' },
  replaces,
});

/** Calls with their queries; the PSTN has called 201, whose phone is the hop and has answered, where `called` says so. */
function transfers(options: Parameters<typeof world>[0] & { emergency?: boolean } = {}) {
  const asked: RoutingQuery[] = [];
  const common = { emergency: options.emergency === true, stages: [], directoryRevision: 'r1', effects: [] };
  const hop = {
    type: 'span-group',
    id: 'pstn',
    spans: ['t1'],
    hunting: 'ascending',
    called: { digits: '5551004', type: 'national', plan: 'isdn' },
    caller: undefined,
  } as const;
  const w = world({
    decide: (query): Decision => {
      asked.push(query);
      return { ...common, type: 'hops', hops: [hop], charged: query.payer?.user ?? '201' };
    },
    ...options,
  });
  /** 201 has called out, and talks. */
  const talking = () => {
    const caller = w.place(USER);
    const called = w.called.at(-1);
    assert.ok(called !== undefined);
    called.bound.hear(answer);
    return { caller, called };
  };
  return { ...w, asked, talking };
}

const record = ({ records }: ReturnType<typeof transfers>) =>
  records.map(({ callId, linkedId, cause, releasedBy }) => [callId, linkedId, cause, releasedBy].join(' '));

test('blind: the target is decided under the transferor’s policy, and the two talk once it answers', async () => {
  const w = transfers();
  const { caller, called } = w.talking();
  caller.bound.hear({ type: 'hold' });
  caller.bound.hear(transferTo('sip:5551004@box'));
  assert.deepEqual(called.leg.told.slice(-2), ['hold', 'resume'], 'who is transferred is off hold');
  const query = w.asked.at(-1);
  assert.deepEqual(query?.payer, { because: 'transfer', user: '201' });
  assert.deepEqual(query?.source, LINE, 'the target sees who is transferred');
  const target = w.called.at(-1);
  target?.bound.hear({ type: 'alert', inBand: false });
  assert.equal(w.media.at(-1), `play ${called.bound.id} ringback`);
  assert.equal(caller.leg.told.at(-1), 'transferring');
  target?.bound.hear(answer);
  assert.deepEqual(caller.leg.told.slice(-2), ['transferred', 'release 16']);
  assert.ok(w.media.includes(`join ${called.bound.id} ${target?.bound.id}`));
  assert.equal(called.leg.told.includes('release 16'), false);
  await settled();
  assert.deepEqual(record(w), ['call1 call1 16 caller']);
  called.bound.hear(hangUp);
  assert.equal(target?.leg.told.at(-1), 'release 16');
  await settled();
  assert.deepEqual(record(w).slice(1), ['call2 call1 16 caller']);
  assert.equal(w.path.live.size, 0);
});

test('a target that is busy: the transferor is told, and has his party back', async () => {
  const w = transfers();
  const { caller, called } = w.talking();
  caller.bound.hear(transferTo('sip:5551004@box'));
  w.called.at(-1)?.bound.hear(ourRelease(CAUSE.userBusy));
  assert.equal(caller.leg.told.at(-1), 'transferred');
  assert.equal(w.media.at(-1), `join ${caller.bound.id} ${called.bound.id}`);
  await settled();
  assert.deepEqual(record(w), ['call2 call1 17 called']);
  caller.bound.hear(hangUp);
  assert.equal(called.leg.told.at(-1), 'release 16');
  await settled();
  assert.equal(w.path.live.size, 0);
});

test('a transferor who has hung up is called again when nobody answers; if that fails as well, the party is released', async () => {
  const w = transfers();
  const { caller, called } = w.talking();
  caller.bound.hear(transferTo('sip:5551004@box'));
  caller.bound.hear(hangUp);
  await settled();
  assert.equal(w.path.live.size, 1);
  w.called.at(-1)?.bound.hear(ourRelease(CAUSE.noAnswer));
  const again = w.asked.at(-1);
  assert.deepEqual(again?.dialled, { type: 'user-part', text: '+12145550201' });
  assert.equal(w.called.length, 3);
  assert.equal(called.leg.told.includes('release 19'), false);
  w.called.at(-1)?.bound.hear(ourRelease(CAUSE.userBusy));
  assert.equal(called.leg.told.at(-1), 'release 17');
  await settled();
  assert.equal(w.path.live.size, 0);
});

test('who is transferred hangs up while the target rings: the transferor is released, and nobody rings on', async () => {
  const w = transfers();
  const { caller, called } = w.talking();
  caller.bound.hear(transferTo('sip:5551004@box'));
  const target = w.called.at(-1);
  called.bound.hear(hangUp);
  assert.equal(target?.leg.told.at(-1), 'release 16');
  assert.deepEqual(caller.leg.told.slice(-2), ['transferred', 'release 16']);
  await settled();
  assert.equal(w.path.live.size, 0);
});

test('a fault of ours in the transfer leaves no call and no party behind', async () => {
  let faulty = false;
  const w = transfers({
    legNamed: () => {
      if (faulty) throw new Error('a fault of ours');
      return undefined;
    },
  });
  const { caller, called } = w.talking();
  faulty = true;
  caller.bound.hear(transferTo('sip:5551004@box', 'x;to-tag=1;from-tag=2'));
  await settled();
  w.pass(3_000);
  assert.equal(w.supervisor.faults, 1);
  assert.deepEqual([caller.leg.told.at(-1), called.leg.told.at(-1)], ['release 41', 'release 41']);
  assert.equal(w.path.live.size, 0);
});

test('attended: who is transferred takes the transferor’s place in his other call, and both of his legs are released', async () => {
  let named: string | undefined;
  const w = transfers({ legNamed: () => named });
  const first = w.talking();
  first.caller.bound.hear({ type: 'hold' });
  const second = w.talking();
  named = second.caller.bound.id;
  first.caller.bound.hear(transferTo('sip:5551004@box', 'consultation'));
  assert.deepEqual(first.caller.leg.told.slice(-2), ['transferred', 'release 16']);
  assert.equal(second.caller.leg.told.at(-1), 'release 16');
  assert.ok(w.media.includes(`join ${first.called.bound.id} ${second.called.bound.id}`));
  assert.ok(first.called.leg.told.includes('resume'));
  await settled();
  assert.equal(w.path.live.size, 1);
  assert.deepEqual(record(w), ['call1 call1 16 caller']);
  second.called.bound.hear(hangUp);
  assert.equal(first.called.leg.told.at(-1), 'release 16');
  await settled();
  assert.deepEqual(record(w).slice(1), ['call2 call1 16 called']);
  assert.equal(w.path.live.size, 0);
});

test('attended while the other phone still rings: who is transferred waits in his place', async () => {
  let named: string | undefined;
  const w = transfers({ legNamed: () => named });
  const first = w.talking();
  const waiting = w.place(USER);
  named = waiting.bound.id;
  const target = w.called.at(-1);
  target?.bound.hear({ type: 'alert', inBand: false });
  first.caller.bound.hear(transferTo('sip:5551004@box', 'consultation'));
  assert.equal(w.media.at(-1), `play ${first.called.bound.id} ringback`);
  target?.bound.hear(answer);
  assert.equal(w.media.at(-1), `join ${first.called.bound.id} ${target?.bound.id}`);
  first.called.bound.hear(hangUp);
  await settled();
  assert.equal(w.path.live.size, 0);
});

test('nobody transfers into a call that is not his, nor into the one that he transfers', () => {
  let named: string | undefined;
  const w = transfers({ legNamed: () => named });
  const first = w.talking();
  const stranger = w.place({ type: 'user', id: '202' });
  w.called.at(-1)?.bound.hear(answer);
  for (const place of [stranger.bound.id, first.caller.bound.id, first.called.bound.id]) {
    named = place;
    first.caller.bound.hear(transferTo('sip:5551004@box', 'consultation'));
    assert.equal(first.caller.leg.told.at(-1), 'transferred');
    assert.equal(w.path.live.size, 2, 'both calls go on');
  }
});

test('an emergency call stays where it is, and a party is not passed on for ever', async () => {
  const help = transfers({ emergency: true });
  const call = help.talking();
  call.called.bound.hear(transferTo('sip:5551004@box'));
  assert.equal(call.called.leg.told.at(-1), 'transferred');
  assert.equal(help.asked.length, 1);

  const w = transfers();
  const { called } = w.talking();
  let by = w.path.live.size > 0 ? called : undefined;
  const decisions = () => w.asked.length;
  let before = 0;
  for (let n = 0; n < 30 && before !== decisions(); n++) {
    before = decisions();
    by?.bound.hear(transferTo('sip:5551004@box'));
    by = w.called.at(-1);
    by?.bound.hear(answer);
    await settled();
  }
  assert.equal(decisions(), 1 + 20);
  assert.equal(w.path.live.size, 1);
});

test('Replaces: the same party puts another leg of his in his place; nobody else may', async () => {
  const w = transfers();
  const { caller, called } = w.talking();
  assert.equal(w.instead(caller.bound.id, { type: 'user', id: '202' }), undefined);
  assert.equal(w.instead('nowhere', USER), undefined);
  const other = w.instead(caller.bound.id, USER);
  assert.equal(other?.leg.told.at(-1), 'answer');
  assert.equal(caller.leg.told.at(-1), 'release 16');
  assert.equal(w.media.at(-1), `join ${other?.bound.id} ${called.bound.id}`);
  called.bound.hear({ type: 'hold' });
  assert.equal(other?.leg.told.at(-1), 'hold');
  other?.bound.hear(hangUp);
  assert.equal(called.leg.told.at(-1), 'release 16');
  await settled();
  assert.equal(w.path.live.size, 0);
});
