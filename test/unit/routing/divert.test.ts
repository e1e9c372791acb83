import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallerNumber, Redirecting } from '../../../src/call/number.ts';
import { compileDirectory } from '../../../src/config/compile.ts';
import { loadSite } from '../../../src/config/load.ts';
import { compilePattern } from '../../../src/config/pattern.ts';
import { decide } from '../../../src/routing/decide.ts';
import type { Decision, Hop } from '../../../src/routing/decision.ts';
import { buildDirectory } from '../../../src/routing/directory.ts';
import { outcomeOf, whyOf } from '../../../src/routing/explain.ts';
import type { RoutingFacts, Source } from '../../../src/routing/query.ts';
import { directoryOf, type Settings, siteOf } from '../../support/sites.ts';

const user = (id: string, more: Settings = {}): Settings => ({
  id,
  name: id,
  number: `+12145550${id}`,
  password: 'x',
  ...more,
});

/** 201 to 205 with what the test gives them; only 201's policy opens the routes. */
const settings = (more: Readonly<Record<string, Settings>>): Settings => ({
  site: { name: 'b', domain: 'b.example', profile: 'branch' },
  sip: { listen: [{ transport: 'udp', address: '127.0.0.1', port: 5060 }] },
  spans: [{ id: 't1', driver: 'virtual', far: { listen: '127.0.0.1:20000', peer: '127.0.0.1:21000' } }],
  spanGroups: [{ id: 'pstn', spans: ['t1'] }],
  users: ['201', '202', '203', '204', '205'].map((id) =>
    user(id, { ...(id === '201' ? { policy: 'staff' } : {}), ...more[id] }),
  ),
  policies: [{ id: 'staff', usages: ['out'], divertPattern: '^\\+1' }],
  routes: [{ id: 'all', prefixes: ['+'], usages: ['out'], gateways: ['pstn'] }],
  profiles: [{ id: 'branch', rules: [{ pattern: '^(\\d{10})$', translation: '+1$1' }] }],
});

const PSTN: Source = { type: 'span-group', id: 'pstn' };
const CALLER: CallerNumber = {
  digits: '9725550123',
  type: 'national',
  plan: 'isdn',
  presentation: 'allowed',
  screening: 'network',
};

function call(
  more: Readonly<Record<string, Settings>>,
  dial: string,
  {
    from = PSTN,
    away = [],
    redirecting = [],
  }: {
    readonly from?: Source;
    readonly away?: readonly string[];
    readonly redirecting?: readonly Redirecting[];
  } = {},
  sections: Settings = {},
): Decision {
  const dialled = { type: 'user-part', text: dial } as const;
  const query = { source: from, dialled, complete: true, caller: CALLER, redirecting };
  return decide(query, directoryOf(siteOf({ ...settings(more), ...sections })), factsOf(away));
}

function factsOf(away: readonly string[]): RoutingFacts {
  const here = ['201', '202', '203', '204', '205'].filter((id) => !away.includes(id));
  return {
    at: 0 as RoutingFacts['at'],
    registered: new Set(here.map((id) => `sip:${id}@b.example`)),
    unavailable: new Map(),
    cursors: new Map(),
    standing: new Map(),
    wan: true,
    callsNow: new Map(),
    spent: new Map(),
    enumAnswers: new Map(),
  };
}

const hopsOf = (decision: Decision): readonly Hop[] => (decision.type === 'hops' ? decision.hops : []);
const names = (hops: readonly Hop[] | undefined) => hops?.map((hop) => (hop.type === 'user' ? hop.user : hop.id));
const outside = { number: '+12125551234' };

test('always: the call leaves by the diverter’s own routes, is charged to him, and says who diverted it and why', () => {
  const decision = call({ '201': { diversions: { always: outside } } }, '2145550201');
  assert.equal(outcomeOf(decision), 'pstn 2125551234');
  assert.equal(decision.charged, '201');
  const [hop] = hopsOf(decision);
  assert.deepEqual(
    hop?.diverted?.map(({ number, reason }) => [number.digits, number.type, reason]),
    [['12145550201', 'international', 'unconditional']],
  );
  // The caller stays who he was.
  assert.equal(hop?.caller?.digits, '9725550123');
});

test('who diverts, pays: without a policy of his own the caller’s doesn’t help him', () => {
  const more = { '202': { diversions: { always: outside } } };
  const decision = call(more, '202', { from: { type: 'user', id: '201' } });
  assert.equal(outcomeOf(decision), 'refused no-common-usage 403');
});

test('busy and no answer follow his own phones, each with its reason; he rings for as long as he said', () => {
  const diversions = { busy: { user: '202' }, noAnswer: outside, noAnswerSeconds: 25 };
  const [hop] = hopsOf(call({ '201': { diversions } }, '2145550201'));
  assert.deepEqual([names([hop as Hop]), hop?.ring], [['201'], 25_000]);
  assert.deepEqual(names(hop?.after?.busy), ['202']);
  assert.equal(hop?.after?.busy?.[0]?.diverted?.[0]?.reason, 'busy');
  assert.deepEqual(names(hop?.after?.noAnswer), ['pstn']);
  assert.equal(hop?.after?.noAnswer?.[0]?.diverted?.[0]?.reason, 'no-answer');
  assert.equal(hop?.diverted, undefined);
});

test('not online: the diversion is taken at once, and without one the refusal says that nobody is there', () => {
  const offline = { diversions: { offline: { user: '203' } } };
  assert.equal(outcomeOf(call({ '201': offline }, '2145550201', { away: ['201'] })), 'user 203');
  assert.equal(outcomeOf(call({ '201': offline }, '2145550201')), 'user 201');
  assert.equal(outcomeOf(call({}, '2145550201', { away: ['201'] })), 'refused user-not-registered 480');
});

test('do not disturb is busy to everybody: to where he diverts when busy, else a refusal of its own', () => {
  assert.equal(
    outcomeOf(call({ '201': { diversions: { doNotDisturb: true } } }, '2145550201')),
    'refused do-not-disturb 486',
  );
  const diversions = { doNotDisturb: true, busy: { user: '202' } };
  assert.equal(outcomeOf(call({ '201': { diversions } }, '2145550201')), 'user 202');
});

test('a chain of diversions tells all diverters, the latest first', () => {
  const to = (id: string) => ({ diversions: { always: { user: id } } });
  const [hop] = hopsOf(call({ '201': to('202'), '202': to('203') }, '2145550201'));
  assert.deepEqual(names([hop as Hop]), ['203']);
  assert.deepEqual(
    hop?.diverted?.map(({ number }) => number.digits),
    ['12145550202', '12145550201'],
  );
});

test('a loop ends: back to one who diverted, to a number that diverted before us, or too often', () => {
  const more = {
    '201': { diversions: { offline: { user: '202' } } },
    '202': { diversions: { offline: { user: '201' } } },
  };
  assert.equal(outcomeOf(call(more, '2145550201', { away: ['201', '202'] })), 'refused diversion-loop 482');
  const before = (digits: string): Redirecting => ({
    number: { ...CALLER, digits, type: 'international' },
    reason: 'unconditional',
  });
  const away = { '201': { diversions: { always: outside } } };
  const redirecting = [before('12125551234')];
  assert.equal(outcomeOf(call(away, '2145550201', { redirecting })), 'refused diversion-loop 482');
  const many = ['1', '2', '3', '4', '5'].map((n) => before(`1303555000${n}`));
  assert.equal(outcomeOf(call(away, '2145550201', { redirecting: many })), 'refused diversion-loop 482');
  assert.equal(outcomeOf(call(away, '2145550201', { redirecting: many.slice(1) })), 'pstn 2125551234');
});

test('a ring list rings together, or in turn with the last one’s diversion at the end; who is away is passed over', () => {
  const together = { ringList: { users: ['202', '203', '204'] } };
  const [all] = hopsOf(
    call({ '201': together, '204': { diversions: { doNotDisturb: true } } }, '2145550201', { away: ['203'] }),
  );
  assert.deepEqual([names([all as Hop]), names(all?.together)], [['201'], ['202']]);
  const turns = {
    ringList: { users: ['202', '203'], order: 'in-turn', seconds: 10 },
    diversions: { noAnswer: outside },
  };
  const [first] = hopsOf(call({ '201': turns }, '2145550201'));
  assert.equal(first?.ring, 10_000);
  const [second] = first?.after?.any ?? [];
  const [third] = second?.after?.any ?? [];
  assert.deepEqual(names([first, second, third] as Hop[]), ['201', '202', '203']);
  assert.equal(third?.ring, 20_000);
  assert.deepEqual(names(third?.after?.noAnswer), ['pstn']);
});

test('who diverts pays also for what follows his ringing; the last of several does', () => {
  const more = {
    '201': { diversions: { busy: outside, noAnswer: { user: '202' } } },
    '202': { policy: 'staff', diversions: { always: outside } },
  };
  const decision = call(more, '2145550201');
  const [hop] = hopsOf(decision);
  assert.equal(decision.charged, undefined, 'a call from outside is on nobody’s account');
  assert.equal(hop?.after?.busy?.[0]?.charged, '201');
  assert.equal(hop?.after?.noAnswer?.[0]?.charged, '202');
  const chain = call({ '201': { diversions: { always: { user: '202' } } }, '202': more['202'] }, '2145550201');
  assert.equal(chain.charged, '202');
});

test('a diversion after ringing is authorised like any call of the diverter’s', () => {
  const numberLists = [{ id: 'premium', patterns: ['^\\+1900'] }];
  const premium = { number: '+19005550100' };
  const to = (limits: Settings) =>
    hopsOf(
      call(
        { '201': { diversions: { busy: premium, noAnswer: outside }, ...limits } },
        '2145550201',
        {},
        { numberLists },
      ),
    )[0];
  assert.deepEqual(names(to({})?.after?.busy), ['pstn']);
  assert.equal(to({ barred: ['premium'] })?.after?.busy, undefined);
  assert.equal(to({ pstn: false })?.after, undefined);
  assert.equal(to({ blocked: true })?.after, undefined, 'who is blocked sends no call out');
});

test('the policy’s pattern holds when a call is diverted, not only when the file is checked', () => {
  const diversions = { always: outside, pattern: '^\\+44' } as const;
  const file = compileDirectory(siteOf(settings({})));
  const users = file.users.map((one) =>
    one.id === '201' ? { ...one, diversions: { ...diversions, noAnswerSeconds: 20, doNotDisturb: false } } : one,
  );
  const built = buildDirectory({ ...file, users }, compilePattern);
  assert.ok(built.ok);
  const dialled = { type: 'user-part', text: '2145550201' } as const;
  const query = { source: PSTN, dialled, complete: true, caller: CALLER };
  const decision = decide(query, built.value, factsOf([]));
  assert.equal(outcomeOf(decision), 'refused diversion-not-allowed 403');
  assert.match(whyOf(decision), /user 201 may not divert calls to \+12125551234: his policy allows \^\\\+44 alone/);
});

test('a ring list does not ring who calls', () => {
  const more = { '201': { ringList: { users: ['202', '203'] } } };
  const [hop] = hopsOf(call(more, '201', { from: { type: 'user', id: '202' } }));
  assert.deepEqual(names(hop?.together), ['203']);
});

test('check finds circles, strangers, and numbers that the policy does not allow', () => {
  const problems = (more: Readonly<Record<string, Settings>>) => {
    const loaded = loadSite(JSON.stringify(settings(more)), 'site.yaml');
    return loaded.ok ? [] : loaded.error.map(({ path }) => path);
  };
  const always = (target: Settings) => ({ diversions: { always: target } });
  assert.deepEqual(problems({ '201': always({ user: '202' }), '202': always({ number: '+12145550201' }) }), [
    'users[0].diversions.always',
    'users[1].diversions.always',
  ]);
  const disturbed = (id: string) => ({ diversions: { doNotDisturb: true, busy: { user: id } } });
  assert.deepEqual(problems({ '201': disturbed('202'), '202': disturbed('201') }), [
    'users[0].diversions.busy',
    'users[1].diversions.busy',
  ]);
  assert.deepEqual(problems({ '201': always({ user: 'eve' }) }), ['users[0].diversions.always.user']);
  assert.deepEqual(problems({ '201': always({ number: '+442071234567' }) }), ['users[0].diversions.always.number']);
  assert.deepEqual(problems({ '201': { ringList: { users: ['eve'] } } }), ['users[0].ringList.users[0]']);
});
