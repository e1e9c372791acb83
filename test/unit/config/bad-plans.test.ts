/** Faults of a dial plan that `check` must find, each at its place and with what would mend it; and tests that keep a plan out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern } from '../../../src/config/pattern.ts';
import { problemsOf } from '../../support/problems.ts';
import type { Settings } from '../../support/sites.ts';

/** A small plan that is right, with some sections replaced. */
const plan = (sections: Settings = {}): Settings => ({
  site: { name: 'b', domain: 'b.example', profile: 'branch' },
  sip: { listen: [{ transport: 'udp', address: '127.0.0.1', port: 5060 }] },
  spans: [{ id: 't1', driver: 'virtual', far: { carrier: {} } }],
  spanGroups: [{ id: 'pstn', spans: ['t1'] }],
  users: ['201', '202', '203'].map((id) => user(id)),
  policies: [{ id: 'staff', usages: ['out'] }],
  profiles: profile('^9(\\d{10})$', '+1$1'),
  routes: [{ id: 'all', prefixes: ['+'], usages: ['out'], gateways: ['pstn'] }],
  ...sections,
});
const user = (id: string, more: Settings = {}): Settings => ({ id, name: id, password: 'x', policy: 'staff', ...more });
const profile = (pattern: string, translation: string) => [{ id: 'branch', rules: [{ pattern, translation }] }];
const route = (more: Settings) => [{ id: 'all', prefixes: ['+'], usages: ['out'], gateways: ['pstn'], ...more }];
const always = (target: Settings): Settings => ({ diversions: { always: target } });

const closed: Settings = { id: 'closed', file: 'closed.wav' };

const FAULTS: readonly (readonly [fault: string, sections: Settings, paths: readonly string[]])[] = [
  ['an open group', { profiles: profile('^9(\\d', '+1') }, ['profiles[0].rules[0].pattern']],
  ['look-around', { profiles: profile('^9(?=1)', '+1') }, ['profiles[0].rules[0].pattern']],
  ['a back-reference', { profiles: profile('^(\\d)\\1$', '+1') }, ['profiles[0].rules[0].pattern']],
  ['a bad pattern of a route', { routes: route({ prefixes: undefined, pattern: '[' }) }, ['routes[0].pattern']],
  ['a missing group', { profiles: profile('^9(\\d{10})$', '+1$2') }, ['profiles[0].rules[0].translation']],
  [
    'a missing group of a number rule',
    { spanGroups: [{ id: 'pstn', spans: ['t1'], out: [{ pattern: '^\\+1', translation: '$1' }] }] },
    ['spanGroups[0].out[0].translation'],
  ],
  [
    'three users who divert in a circle, one of them by number',
    {
      users: [
        user('201', always({ user: '202' })),
        user('202', always({ user: '203' })),
        user('203', always({ number: '+12145550201' })),
        user('204', { number: '+12145550201', ...always({ user: '201' }) }),
      ],
    },
    [
      'users[0].diversions.always',
      'users[1].diversions.always',
      'users[2].diversions.always',
      'users[3].diversions.always',
    ],
  ],
  [
    'two DIDs that are forwarded to each other',
    {
      dids: [
        { number: '+12145550301', to: { number: '+12145550302' } },
        { number: '+12145550302', to: { number: '+12145550301' } },
      ],
    },
    ['dids[0].to', 'dids[1].to'],
  ],
  ['a route with no gateway', { routes: route({ gateways: undefined }) }, ['routes[0]']],
  ['a route with an empty list of gateways', { routes: route({ gateways: [] }) }, ['routes[0].gateways']],
  ['a route whose gateway is not there', { routes: route({ gateways: ['pstm'] }) }, ['routes[0].gateways[0]']],
  ['a usage that no policy has', { routes: route({ usages: ['out', 'outt'] }) }, ['routes[0].usages[1]']],
  ['a usage that no route has', { policies: [{ id: 'staff', usages: ['out', 'far'] }] }, ['policies[0].usages[1]']],
  [
    'DID ranges that overlap, and a number within a range',
    {
      dids: [
        { number: '+12145550100-+12145550149', to: { user: '201' } },
        { number: '+12145550149-+12145550159', to: { user: '202' } },
        { number: '+12145550120', to: { user: '203' } },
      ],
    },
    ['dids[1].number', 'dids[2].number'],
  ],
  [
    'a cause that is told as two statuses, and a status as two causes',
    {
      sip: {
        listen: [{ transport: 'udp', address: '127.0.0.1', port: 5060 }],
        causes: [
          { cause: 20, status: 404 },
          { cause: 20, status: 480, direction: 'to-sip' },
          { cause: 18, status: 404, direction: 'to-isdn' },
        ],
      },
    },
    ['sip.causes[1].cause', 'sip.causes[2].status'],
  ],
  ['an announcement that there is not', { lastResort: { announcement: 'shut' } }, ['lastResort.announcement']],
  ['two announcements of one name', { announcements: [closed, closed] }, ['announcements[1].id']],
  [
    'what stands behind an announcement, and is never tried',
    {
      announcements: [closed],
      dids: [{ number: '+12145550301', to: { announcement: 'closed' }, backups: [{ user: '201' }] }],
    },
    ['dids[0].backups[0]'],
  ],
];

test('the plan that the faults are made of is right', () => assert.deepEqual(problemsOf(plan()), []));

for (const [fault, sections, paths] of FAULTS) {
  test(`check finds ${fault}`, () => {
    const problems = problemsOf(plan(sections));
    assert.deepEqual(problems.map(({ path }) => path).toSorted(), [...paths].toSorted());
    for (const { what, mend } of problems)
      assert.ok(what !== '' && mend !== '', 'it says what is wrong and how to mend it');
  });
}

test('a plan whose tests fail is not taken, and the problem says what came of the call instead', () => {
  const tests = [
    { from: '201', dial: '92145559999', expect: 'pstn 2145559999' },
    { from: '201', dial: '202', expect: 'pstn 202' },
  ];
  const [problem, ...others] = problemsOf(plan({ tests }));
  assert.equal(problem?.path, 'tests[1].expect');
  assert.match(problem?.what ?? '', /201 dials 202: expected pstn 202, got user 202/);
  assert.match(problem?.mend ?? '', /branchline explain --from 201 --dial 202/);
  assert.deepEqual(others, []);
});

test('patterns that stall a backtracking matcher take steps in proportion to the text', () => {
  for (const pattern of ['^(\\d+)+#$', '^(\\d|\\d\\d)+#$', '^(\\d*)*#$', '(\\d+)*(\\d+)*(\\d+)*#']) {
    const compiled = compilePattern(pattern);
    assert.ok(compiled.ok);
    // Doubling the digits would square, or double the exponent of, a backtracking matcher's steps: 4,000 of them would never end.
    assert.equal(compiled.value('1'.repeat(4_000)), undefined, pattern);
    assert.notEqual(compiled.value(`${'1'.repeat(40)}#`), undefined, pattern);
  }
});
