import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallerNumber } from '../../../src/call/number.ts';
import type { WallTime } from '../../../src/kernel/time.ts';
import { decide } from '../../../src/routing/decide.ts';
import { explainDecision, whyOf } from '../../../src/routing/explain.ts';
import { type Spent, spend, spentIn } from '../../../src/routing/permissions.ts';
import type { RoutingFacts, RoutingQuery, Source } from '../../../src/routing/query.ts';
import { problemsOf } from '../../support/problems.ts';
import { directoryOf, type Settings, siteOf } from '../../support/sites.ts';

const LISTS = [
  { id: 'premium', patterns: ['^\\+1900', '^\\+1976'] },
  { id: 'nuisance', patterns: ['^\\+12145550666$'] },
  { id: 'hidden', anonymous: true },
  { id: 'friends', patterns: ['^\\+1206'] },
];

const OFFICE = { id: 'office', hours: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '17:00' }] };

function settings({ user = {}, policy = {}, inward = {} }: { user?: Settings; policy?: Settings; inward?: Settings }) {
  return {
    site: { name: 'Redmond', domain: 'redmond.example', profile: 'us', timezone: 'America/Chicago' },
    sip: { listen: [{ transport: 'udp', address: '127.0.0.1', port: 5060 }] },
    spans: [{ id: 't1', driver: 'virtual', far: { carrier: {} } }],
    spanGroups: [{ id: 'pstn', spans: ['t1'], inward }],
    sipTrunks: [{ id: 'paris', address: '192.0.2.9' }],
    users: [
      { id: '201', name: 'Ada', number: '+12145550201', password: 'p', policy: 'staff', ...user },
      { id: '202', name: 'Bob', number: '+12145550202', password: 'p' },
    ],
    profiles: [{ id: 'us', rules: [{ pattern: '^(\\d{10})$', translation: '+1$1' }] }],
    policies: [{ id: 'staff', usages: ['local'], ...policy }],
    routes: [{ id: 'out', prefixes: ['+1'], usages: ['local'], gateways: ['pstn'] }],
    branches: [{ id: 'paris', prefixes: ['+33'], gateways: ['paris'] }],
    numberLists: LISTS,
    calendars: [OFFICE],
  };
}

const facts = (over: Partial<RoutingFacts> = {}): RoutingFacts => ({
  // Saturday noon in Chicago.
  at: Date.UTC(2026, 10, 21, 18) as WallTime,
  registered: new Set(['sip:201@redmond.example', 'sip:202@redmond.example']),
  unavailable: new Map(),
  cursors: new Map(),
  standing: new Map(),
  callsNow: new Map(),
  spent: new Map(),
  wan: true,
  enumAnswers: new Map(),
  ...over,
});

/** `pstn`, `202`, or `! number-barred 403/21`; a refusal must be said by explain as well. */
function where(query: RoutingQuery, site: Settings, now: RoutingFacts): string {
  const decision = decide(query, directoryOf(siteOf(site)), now);
  if (decision.type === 'hops') return decision.hops.map((hop) => (hop.type === 'user' ? hop.user : hop.id)).join(' ');
  assert.equal(decision.type, 'refusal');
  const { id, status, cause } = decision.refusal;
  const said = explainDecision(decision);
  assert.ok(said.includes(`refused: ${whyOf(decision)} [${id}] (SIP ${status}, cause ${cause})`), said.join('\n'));
  return `! ${id} ${status}/${cause}`;
}

const ADA: Source = { type: 'user', id: '201' };
const PSTN: Source = { type: 'span-group', id: 'pstn' };

const dial = (text: string, change: Parameters<typeof settings>[0], now = facts(), more: Partial<RoutingQuery> = {}) =>
  where(
    { source: ADA, dialled: { type: 'user-part', text }, complete: true, caller: undefined, ...more },
    settings(change),
    now,
  );

const calledBy = (caller: CallerNumber | undefined, inward: Settings, now = facts()): string =>
  where(
    { source: PSTN, dialled: { type: 'user-part', text: '2145550202' }, complete: true, caller },
    settings({ inward }),
    now,
  );

const number = (digits: string, presentation: CallerNumber['presentation'] = 'allowed'): CallerNumber => ({
  digits,
  type: 'national',
  plan: 'isdn',
  presentation,
  screening: 'network',
});

const spent = (over: Partial<Spent>): ReadonlyMap<string, Spent> =>
  new Map([
    [
      '201',
      { day: '2026-11-21', dayCalls: 0, daySeconds: 0, month: '2026-11', monthCalls: 0, monthSeconds: 0, ...over },
    ],
  ]);

test('who is restricted by nothing calls out', () => {
  assert.equal(dial('2125551234', {}), 'pstn');
});

test('a blocked user calls nobody, not even a colleague, save for emergencies', () => {
  const blocked = { user: { blocked: true } };
  assert.equal(dial('2125551234', blocked), '! user-blocked 403/21');
  assert.equal(dial('202', blocked), '! user-blocked 403/21');
  assert.equal(dial('911', blocked), 'pstn paris');
});

test('without PSTN access colleagues and sister branches are left, and nothing else', () => {
  const inside = { policy: { pstn: false } };
  assert.equal(dial('2125551234', inside), '! no-pstn-access 403/21');
  assert.equal(dial('202', inside), '202');
  assert.equal(dial('+33123456789', inside), 'paris');
  assert.equal(dial('911', inside), 'pstn paris');
  assert.equal(dial('2125551234', { ...inside, user: { pstn: true } }), 'pstn', 'the user’s own word wins');
});

test('a barred number is refused by the list’s pattern, whichever way it would go, and no other number is', () => {
  const barred = { policy: { barred: ['premium'] } };
  assert.equal(dial('9005551234', barred), '! number-barred 403/21');
  assert.equal(dial('+19765551234', barred), '! number-barred 403/21');
  assert.equal(dial('2125551234', barred), 'pstn');
  assert.equal(dial('9005551234', { ...barred, user: { barred: [] } }), 'pstn', 'the user’s own list wins');
});

test('a user may make so many calls at once, and an emergency beside them', () => {
  const two = { user: { callsAtOnce: 2 } };
  const busy = (calls: number) => facts({ callsNow: new Map([['201', calls]]) });
  assert.equal(dial('2125551234', two, busy(1)), 'pstn');
  assert.equal(dial('2125551234', two, busy(2)), '! too-many-calls 403/21');
  assert.equal(dial('911', two, busy(2)), 'pstn paris');
  assert.equal(dial('2125551234', two, facts({ callsNow: new Map([['202', 9]]) })), 'pstn', 'others’ calls are theirs');
});

test('a quota counts calls and minutes of the day or the month, and nothing of an earlier one', () => {
  const daily = { user: { quota: { per: 'day', calls: 3 } } };
  assert.equal(dial('2125551234', daily, facts({ spent: spent({ dayCalls: 2 }) })), 'pstn');
  assert.equal(dial('2125551234', daily, facts({ spent: spent({ dayCalls: 3 }) })), '! quota-calls 403/21');
  assert.equal(dial('2125551234', daily, facts({ spent: spent({ day: '2026-11-20', dayCalls: 3 }) })), 'pstn');
  const monthly = { policy: { quota: { per: 'month', minutes: 10 } } };
  assert.equal(dial('2125551234', monthly, facts({ spent: spent({ monthSeconds: 599 }) })), 'pstn');
  assert.equal(dial('2125551234', monthly, facts({ spent: spent({ monthSeconds: 600 }) })), '! quota-minutes 403/21');
  assert.equal(dial('2125551234', monthly, facts({ spent: spent({ month: '2026-10', monthSeconds: 600 }) })), 'pstn');
  assert.equal(dial('911', monthly, facts({ spent: spent({ monthSeconds: 600 }) })), 'pstn paris');
});

test('a quota’s day begins at the site’s midnight', () => {
  const daily = { user: { quota: { per: 'day', calls: 1 } } };
  const yesterday = spent({ day: '2026-11-20', dayCalls: 1 });
  const moment = (utc: number) => facts({ at: utc as WallTime, spent: yesterday });
  // Midnight in Chicago is 06:00 UTC.
  assert.equal(dial('2125551234', daily, moment(Date.UTC(2026, 10, 21, 5, 59))), '! quota-calls 403/21');
  assert.equal(dial('2125551234', daily, moment(Date.UTC(2026, 10, 21, 6))), 'pstn');
});

test('who transfers or diverts is on whose account the call is', () => {
  const payer = { payer: { because: 'diversion', user: '201' } } as const;
  const byBob = { source: { type: 'user', id: '202' }, ...payer } as const;
  assert.equal(dial('2125551234', { user: { blocked: true } }, facts(), byBob), '! user-blocked 403/21');
  assert.equal(dial('9005551234', { policy: { barred: ['premium'] } }, facts(), byBob), '! number-barred 403/21');
});

test('what was spent goes into the day and the month, and a new one begins with nothing', () => {
  const first = spend(undefined, '2026-11-21', 1, 60);
  const next = spend(first, '2026-11-22', 1, 30);
  assert.deepEqual(spentIn(next, 'day', '2026-11-22'), { calls: 1, seconds: 30 });
  assert.deepEqual(spentIn(next, 'month', '2026-11-22'), { calls: 2, seconds: 90 });
  assert.deepEqual(spentIn(next, 'month', '2026-12-01'), { calls: 0, seconds: 0 });
});

test('a blocked gateway lets nobody in', () => {
  assert.equal(calledBy(number('2065550100'), {}), '202');
  assert.equal(calledBy(number('2065550100'), { blocked: true }), '! gateway-blocked 403/21');
});

test('a caller is rejected by his number, withheld or not, and by withholding it', () => {
  const reject = { reject: ['nuisance', 'hidden'] };
  assert.equal(calledBy(number('2145550666'), reject), '! caller-rejected 403/21');
  assert.equal(calledBy(number('2145550666', 'restricted'), { reject: ['nuisance'] }), '! caller-rejected 403/21');
  assert.equal(calledBy(number('2065550100', 'restricted'), reject), '! anonymous-rejected 433/21');
  assert.equal(calledBy(undefined, reject), '! anonymous-rejected 433/21');
  assert.equal(calledBy(number('2065550100'), reject), '202');
});

test('where only some callers are accepted all others are not, and rejection comes first', () => {
  const friends = { accept: ['friends'] };
  assert.equal(calledBy(number('2065550100'), friends), '202');
  assert.equal(calledBy(number('2125551234'), friends), '! caller-not-accepted 403/21');
  assert.equal(calledBy(undefined, friends), '! caller-not-accepted 403/21');
  assert.equal(calledBy(undefined, { accept: ['friends', 'hidden'] }), '202');
  assert.equal(calledBy(number('2065550100'), { accept: [] }), '! caller-not-accepted 403/21');
  const both = { accept: ['friends', 'hidden'], reject: ['hidden'] };
  assert.equal(calledBy(number('2065550100', 'restricted'), both), '! anonymous-rejected 433/21');
});

test('outside its hours a gateway lets nobody in', () => {
  const office = { hours: 'office' };
  const monday = (hour: number) => facts({ at: Date.UTC(2026, 10, 23, hour) as WallTime });
  assert.equal(calledBy(number('2065550100'), office), '! outside-hours 480/31');
  assert.equal(calledBy(number('2065550100'), office, monday(14)), '202');
  assert.equal(calledBy(number('2065550100'), office, monday(13)), '! outside-hours 480/31');
});

test('permissions that can’t be right are found, each at its path', () => {
  const paths = (site: Settings) => problemsOf(site).map(({ path }) => path);
  const base = settings({});
  assert.deepEqual(paths(settings({ policy: { barred: ['nobody'] } })), ['policies[0].barred[0]']);
  assert.deepEqual(paths(settings({ user: { barred: ['premium', 'premium'] } })), ['users[0].barred[1]']);
  assert.deepEqual(paths(settings({ user: { quota: { per: 'day' } } })), ['users[0].quota']);
  assert.deepEqual(paths(settings({ inward: { reject: ['x'], accept: ['y'], hours: 'z' } })), [
    'spanGroups[0].inward.reject[0]',
    'spanGroups[0].inward.accept[0]',
    'spanGroups[0].inward.hours',
  ]);
  assert.deepEqual(paths({ ...base, numberLists: [...LISTS, { id: 'bad', patterns: ['('] }] }), [
    'numberLists[4].patterns[0]',
  ]);
  assert.deepEqual(paths({ ...base, numberLists: [...LISTS, { id: 'empty' }] }), ['numberLists[4]']);
  assert.deepEqual(paths({ ...base, numberLists: [...LISTS, { id: 'premium', patterns: ['1'] }] }), [
    'numberLists[4].id',
  ]);
  const calendar = (more: Settings) => ({ ...base, calendars: [{ ...OFFICE, ...more }] });
  assert.deepEqual(paths(calendar({ holidays: ['2026-02-30', '13-01', '02-29'] })), [
    'calendars[0].holidays[0]',
    'calendars[0].holidays[1]',
  ]);
  assert.deepEqual(paths(calendar({ timezone: 'Mars/Olympus' })), ['calendars[0].timezone']);
  assert.deepEqual(paths(calendar({ hours: [{ days: ['mon'], from: '08:60', to: '24:01' }] })), [
    'calendars[0].hours[0].from',
    'calendars[0].hours[0].to',
  ]);
});
