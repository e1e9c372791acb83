import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallerNumber, PartyNumber } from '../../../src/call/number.ts';
import type { WallTime } from '../../../src/kernel/time.ts';
import { decide } from '../../../src/routing/decide.ts';
import type { Decision, Hop } from '../../../src/routing/decision.ts';
import type { Directory } from '../../../src/routing/directory.ts';
import { explainDecision } from '../../../src/routing/explain.ts';
import type { RoutingFacts, Source } from '../../../src/routing/query.ts';
import { DEMO, directoryOf, fullSample, type Settings, siteOf } from '../../support/sites.ts';

const demo = directoryOf(siteOf(DEMO));

/** The sample's numbers and gateways without what looks outside, with some sections put in the place of its own. */
function sample(sections: Settings): Directory {
  const { tests, lastResort, devices, carriers, branches, ...rest } = fullSample();
  const core = { id: 'core', address: '192.0.2.9', policy: 'staff' };
  const [local, far] = rest.routes as unknown[];
  const { locations, ...emergency } = rest.emergency as Settings;
  return directoryOf(siteOf({ ...rest, sipTrunks: [core], routes: [local, far], emergency, ...sections }));
}

const facts = (over: Partial<RoutingFacts> = {}): RoutingFacts => ({
  at: Date.UTC(2026, 10, 21, 12) as WallTime,
  registered: new Set(['201', '202', '203'].map((user) => `sip:${user}@demo.branchline.example`)),
  unavailable: new Map(),
  cursors: new Map(),
  standing: new Map(),
  wan: true,
  callsNow: new Map(),
  spent: new Map(),
  enumAnswers: new Map(),
  ...over,
});

const down = (...ids: readonly string[]) => new Map(ids.map((id) => [id, 'is down']));

const ADA: Source = { type: 'user', id: '201' };
const PSTN: Source = { type: 'span-group', id: 'pstn' };

function dial(text: string, directory = demo, source = ADA, now = facts()): Decision {
  return decide({ source, dialled: { type: 'user-part', text }, complete: true, caller: undefined }, directory, now);
}

function called(
  number: Partial<PartyNumber>,
  directory = demo,
  source = PSTN,
  now = facts(),
  complete = true,
): Decision {
  const whole = { digits: '', type: 'unknown', plan: 'isdn', ...number } as const;
  return decide({ source, dialled: { type: 'number', number: whole }, complete, caller: undefined }, directory, now);
}

/** Where it goes, in short: `201`, `pstn 2145551234 national`, `! no-route 404`. */
function where(decision: Decision): string {
  switch (decision.type) {
    case 'hops':
      return decision.hops.map(hopText).join(' | ');
    case 'refusal':
      return `! ${decision.refusal.id} ${decision.refusal.status}/${decision.refusal.cause}`;
    case 'collect':
      return '…';
    case 'ask':
      return `? ${decision.asks.map(({ domain }) => domain).join(' ')}`;
  }
}

const hopText = (hop: Hop): string =>
  'called' in hop ? `${hop.id} ${hop.called.digits} ${hop.called.type}` : hop.type === 'user' ? hop.user : hop.id;

/** What is dialled at the demonstration branch, and where it goes: the golden vectors of its dial plan. */
const GOLDEN: readonly (readonly [dialled: string, where: string, why: string])[] = [
  ['202', '202', 'an extension'],
  ['+12145550202', '202', 'a colleague by his whole number'],
  ['5550202', '202', 'a colleague by his local number: reverse look-up comes before routes'],
  ['5551234', 'pstn 2145551234 national', 'seven digits are local'],
  ['2125551234', 'pstn 2125551234 national', 'ten digits'],
  ['12125551234', 'pstn 2125551234 national', 'eleven digits'],
  ['95551234', 'pstn 2145551234 national', '9 and local'],
  ['92125551234', 'pstn 2125551234 national', '9 and ten digits'],
  ['912125551234', 'pstn 2125551234 national', '9 and eleven digits'],
  ['011442071838750', 'pstn 442071838750 international', 'international'],
  ['9011442071838750', 'pstn 442071838750 international', '9 and international'],
  ['+442071838750', 'pstn 442071838750 international', 'E.164 passes as it is'],
  ['+1-212-555-1234', 'pstn 2125551234 national', 'visual separators mean nothing'],
  ['(212)555-1234', 'pstn 2125551234 national', 'in digits neither'],
  ['911', 'pstn 911 unknown', 'an emergency'],
  ['9911', 'pstn 911 unknown', 'an emergency with the habitual 9'],
  ['299', '! no-such-user 404/1', 'an extension that nobody has'],
  ['88', '! no-rule-matches 404/28', 'no rule is a refusal, never a silent pass'],
  ['', '! number-empty 484/28', 'nothing dialled'],
  ['nobody', '! no-such-user 404/1', 'a name that nobody has'],
  ['5551234;phone-context=elsewhere@demo.branchline.example', '! no-location-profile 404/28', 'an unknown profile'],
  ['5551234;phone-context=branch@demo.branchline.example', 'pstn 2145551234 national', 'the profile by its name'],
];

for (const [dialled, expected, why] of GOLDEN) {
  test(`${dialled || 'an empty number'} goes where it should: ${why}`, () => {
    assert.equal(where(dial(dialled)), expected);
  });
}

test('the request’s profile wins over the user’s, and the user’s over the site’s', () => {
  const rule = (area: string) => [{ pattern: '^(\\d{7})$', translation: `+1${area}$1` }];
  const profiles = [
    { id: 'redmond', rules: rule('425') },
    { id: 'dallas', rules: rule('214') },
    { id: 'paris', rules: [{ pattern: '^(\\d{7})$', translation: '+3312$1' }] },
  ];
  const users = [
    { id: 'ada', name: 'Ada', password: 'p', profile: 'dallas', policy: 'staff' },
    { id: 'bob', name: 'Bob', password: 'p', policy: 'staff' },
  ];
  const routes = [{ id: 'all', prefixes: ['+'], usages: ['local', 'long-distance'], gateways: ['core'] }];
  const directory = sample({ profiles, users, routes, dids: [] });
  const from = (id: string, text: string) => where(dial(text, directory, { type: 'user', id }));
  assert.equal(from('bob', '5550100'), 'core 14255550100 international');
  assert.equal(from('ada', '5550100'), 'core 12145550100 international');
  assert.equal(from('ada', '5550100;phone-context=paris@x'), 'core 33125550100 international');
});

test('the same extension at two sites in one box rings the caller’s own', () => {
  const profiles = ['redmond', 'dallas'].map((id) => ({ id, rules: [{ pattern: '^(2..)$', translation: '$1' }] }));
  const users = ['redmond', 'dallas'].flatMap((profile) =>
    ['201', '202'].map((extension) => ({
      id: `${profile}-${extension}`,
      name: 'x',
      password: 'p',
      profile,
      extension,
    })),
  );
  const directory = sample({ profiles, users, dids: [] });
  const registered = facts({ registered: new Set(users.map(({ id }) => `sip:${id}@redmond.example`)) });
  const from = (id: string, text: string) => where(dial(text, directory, { type: 'user', id }, registered));
  assert.equal(from('redmond-201', '202'), 'redmond-202');
  assert.equal(from('dallas-201', '202'), 'dallas-202');
  assert.equal(from('dallas-201', '202;phone-context=redmond@x'), 'redmond-202');
});

test('the first rule that matches wins, though a later one matches too', () => {
  const rules = [
    { pattern: '^5(\\d{4})$', translation: '+1425555$1' },
    { pattern: '^(\\d{5})$', translation: '+1999$1' },
  ];
  const directory = sample({ profiles: [{ id: 'redmond', rules }] });
  assert.equal(where(dial('50100', directory)), 'core 14255550100 international');
});

test('a user without a phone is refused as absent, not sent out to the carrier', () => {
  assert.equal(where(dial('202', demo, ADA, facts({ registered: new Set() }))), '! user-not-registered 480/20');
});

test('an inbound number goes to its user, and to the backup when he has no phone', () => {
  assert.equal(where(called({ digits: '2145550201', type: 'national' })), '201 | 202');
  const absent = facts({ registered: new Set(['sip:202@demo.branchline.example']) });
  assert.equal(where(called({ digits: '2145550201', type: 'national' }, demo, PSTN, absent)), '202');
  const nobody = facts({ registered: new Set() });
  assert.equal(
    where(called({ digits: '2145550201', type: 'national' }, demo, PSTN, nobody)),
    '! user-not-registered 480/20',
  );
});

test('an inbound number is understood whatever type the carrier gives it', () => {
  assert.equal(where(called({ digits: '12145550203', type: 'international' })), '203');
  assert.equal(where(called({ digits: '2145550203', type: 'unknown' })), '203');
  assert.equal(where(called({ digits: '5550203', type: 'subscriber' })), '203');
});

test('inbound is closed: what is not ours does not leave again, nor is it an emergency of ours', () => {
  assert.equal(where(called({ digits: '2125551234', type: 'national' })), '! number-not-ours 404/1');
  assert.equal(where(called({ digits: '911' })), '! no-rule-matches 404/28');
  assert.equal(where(called({ digits: '201' })), '201', 'a rule of the group’s profile may make an extension');
});

test('a range of DIDs leads every number in it to its target, and none beside it', () => {
  const dids = [{ number: '+12145550200-+12145550299', to: { user: 'bob' } }];
  const directory = sample({ dids });
  const registered = facts({ registered: new Set(['sip:bob@redmond.example']) });
  const to = (digits: string) => where(called({ digits, type: 'national' }, directory, PSTN, registered));
  assert.equal(to('2145550200'), 'bob');
  assert.equal(to('2145550299'), 'bob');
  assert.equal(to('2145550300'), '! number-not-ours 404/1');
  assert.equal(to('2145550199'), '! number-not-ours 404/1');
});

test('a group with a policy may send calls on, but never back out of itself', () => {
  const directory = sample({});
  const pbx: Source = { type: 'span-group', id: 'pbx' };
  assert.equal(
    where(called({ digits: '2145551111', type: 'national' }, directory, pbx)),
    'pstn 2145551111 national | core 12145551111 international',
  );
  const routes = [{ id: 'all', prefixes: ['+'], gateways: ['pbx', 'pstn'] }];
  const loop = sample({ routes, policies: [{ id: 'staff' }] });
  assert.equal(where(called({ digits: '2145551111', type: 'national' }, loop, pbx)), 'pstn 2145551111 national');
});

test('while digits may still come, no match is no refusal', () => {
  const digits = (text: string, complete: boolean) => where(called({ digits: text }, demo, PSTN, facts(), complete));
  assert.equal(digits('', false), '…');
  assert.equal(digits('555', false), '…');
  assert.equal(digits('5550203', false), '203');
  assert.equal(digits('555', true), '! no-rule-matches 404/28');
});

test('usages decide: none in common is refused as such, distinct from no route and from none available', () => {
  const policies = [
    { id: 'staff', usages: ['long-distance'] },
    { id: 'lobby', usages: ['local'] },
  ];
  const routes = [
    { id: 'local', prefixes: ['+1214'], usages: ['local'], gateways: ['pstn'] },
    { id: 'far', prefixes: ['+1'], usages: ['long-distance'], gateways: ['core'] },
  ];
  const users = [
    { id: 'ada', name: 'A', password: 'p', policy: 'staff' },
    { id: 'lobby', name: 'L', password: 'p', policy: 'lobby' },
  ];
  const directory = sample({ policies, routes, users, dids: [] });
  const from = (id: string, text: string, now = facts()) => where(dial(text, directory, { type: 'user', id }, now));
  assert.equal(from('ada', '+12145551234'), 'core 12145551234 international');
  assert.equal(from('lobby', '+12145551234'), 'pstn 2145551234 national');
  assert.equal(from('lobby', '+12125551234'), '! no-common-usage 403/21');
  assert.equal(from('lobby', '+442071838750'), '! no-route 404/3');
  assert.equal(from('ada', '+12125551234', facts({ unavailable: down('core') })), '! no-gateway-available 503/34');
});

test('the caller’s order of usages goes before the order of routes', () => {
  const routes = [
    { id: 'a', prefixes: ['+1'], usages: ['cheap'], gateways: ['pstn'] },
    { id: 'b', pattern: '^\\+1', usages: ['good'], gateways: ['core'] },
  ];
  const users = [{ id: 'ada', name: 'A', password: 'p', policy: 'staff' }];
  const order = (usages: readonly string[]) =>
    where(
      dial('+12125551234', sample({ policies: [{ id: 'staff', usages }], routes, users, dids: [] }), {
        type: 'user',
        id: 'ada',
      }),
    );
  assert.equal(order(['good', 'cheap']), 'core 12125551234 international | pstn 2125551234 national');
  assert.equal(order(['cheap', 'good']), 'pstn 2125551234 national | core 12125551234 international');
});

test('several gateways take turns, the cursor is an effect, and none is tried twice', () => {
  const routes = [
    { id: 'first', prefixes: ['+1'], gateways: ['pstn', 'pbx', 'core'] },
    { id: 'second', prefixes: ['+'], gateways: ['core'] },
  ];
  const directory = sample({ routes, policies: [{ id: 'staff' }] });
  const turn = (at: number) => dial('+12125551234', directory, ADA, facts({ cursors: new Map([['first', at]]) }));
  const ids = (decision: Decision) =>
    decision.type === 'hops' ? decision.hops.map((hop) => ('id' in hop ? hop.id : '')) : [];
  assert.deepEqual(ids(turn(0)), ['pstn', 'pbx', 'core']);
  assert.deepEqual(ids(turn(1)), ['pbx', 'core', 'pstn']);
  assert.deepEqual(turn(2).effects, [{ type: 'move-cursor', route: 'first', to: 0 }]);
  // A cursor that was kept from a longer list still points somewhere.
  assert.deepEqual(ids(turn(7)), ['pbx', 'core', 'pstn']);
});

test('an emergency call tries everything: no policy, no state, no registration stops it', () => {
  const directory = sample({ policies: [{ id: 'staff', usages: [] }], routes: [] });
  const worst = facts({ unavailable: down('pstn', 'core'), registered: new Set() });
  for (const source of [ADA, { type: 'user', id: 'gone' }, { type: 'unknown' }] satisfies Source[]) {
    const decision = dial('911', directory, source, worst);
    assert.equal(where(decision), 'pstn 911 unknown | core 911 unknown');
    assert.equal(decision.emergency, true);
  }
});

test('nobody in particular may call nothing but emergencies', () => {
  assert.equal(where(dial('5551234', demo, { type: 'unknown' })), '! source-unknown 403/21');
  assert.equal(where(dial('5551234', demo, { type: 'user', id: 'gone' })), '! source-unknown 403/21');
});

const heard: CallerNumber = {
  digits: '201',
  type: 'unknown',
  plan: 'unknown',
  presentation: 'restricted',
  screening: 'not-screened',
};

test('the carrier is shown the user’s own number whatever the phone claims, and his wish for privacy', () => {
  const dialled = { type: 'user-part', text: '5551234' } as const;
  const decision = decide({ source: ADA, dialled, complete: true, caller: heard }, demo, facts());
  assert.ok(decision.type === 'hops' && decision.hops[0]?.type === 'span-group');
  assert.deepEqual(decision.hops[0].caller, {
    digits: '2145550201',
    type: 'national',
    plan: 'isdn',
    presentation: 'restricted',
    screening: 'passed',
  });
});

test('a colleague is shown the extension, and a call from outside the whole number', () => {
  const inside = dial('202');
  assert.ok(inside.type === 'hops' && inside.hops[0]?.type === 'user');
  assert.equal(inside.hops[0].caller?.digits, '201');
  const national: CallerNumber = { ...heard, digits: '2125551234', type: 'national', presentation: 'allowed' };
  const number: PartyNumber = { digits: '2145550203', type: 'national', plan: 'isdn' };
  const outside = decide(
    { source: PSTN, dialled: { type: 'number', number }, complete: true, caller: national },
    demo,
    facts(),
  );
  assert.ok(outside.type === 'hops' && outside.hops[0]?.type === 'user');
  assert.deepEqual(outside.hops[0].caller, { ...national, digits: '12125551234', type: 'international', plan: 'isdn' });
});

test('a group may want numbers without a type, with digits taken off and put before', () => {
  const spanGroups = [
    { id: 'pstn', spans: ['t1'], numberType: 'unknown', strip: 1, prefix: '77' },
    { id: 'pbx', spans: ['t2'], policy: 'staff' },
  ];
  assert.equal(where(dial('+12145551234', sample({ spanGroups }))).split(' | ')[0], 'pstn 772145551234 unknown');
});

test('the decision says what each stage did, and of which directory', () => {
  const decision = dial('5551234');
  assert.deepEqual(
    decision.stages.map(({ name }) => name),
    ['source', 'profile', 'reverse-lookup', 'authorise', 'route'],
  );
  assert.match(explainDecision(decision)[1] ?? '', /rule 5 of 7 of branch .*“local”/);
  assert.equal(decision.directoryRevision, demo.revision);
});
