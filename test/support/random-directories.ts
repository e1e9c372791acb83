/** Random directories, calls and facts from a seed: whatever an operator may write, and people may dial. */
import assert from 'node:assert/strict';
import { causeOf } from '../../src/call/cause.ts';
import { compilePattern } from '../../src/config/pattern.ts';
import { seeded } from '../../src/kernel/random.ts';
import type { WallTime } from '../../src/kernel/time.ts';
import { buildDirectory, type Directory } from '../../src/routing/directory.ts';
import {
  DIRECTORY_FORMAT,
  type DirectoryDiversions,
  type DirectoryFile,
  type DirectoryGateway,
  type DirectoryRoute,
  type DirectoryTarget,
  type DirectoryUser,
} from '../../src/routing/directory-file.ts';
import type { DirectoryLocation } from '../../src/routing/location.ts';
import type { Inward, Outward, Spent } from '../../src/routing/permissions.ts';
import type { RoutingFacts, RoutingQuery, Source } from '../../src/routing/query.ts';

const USAGES = ['local', 'national', 'premium'];
export const GATEWAYS = ['pstn', 'pbx', 'core', 'backup'];
const USERS = ['ada', 'bob', 'eve'];
/** Of the one place where people are. */
export const ELINS = ['+14255550190', '+14255550191', '+14255550192'];
const PROFILES = ['redmond', 'paris'];

const { next } = seeded(20_261_121);
const below = (n: number): number => Math.floor(next() * n);
export const chance = (share: number): boolean => next() < share;
const pick = <T>(list: readonly [T, ...T[]] | readonly T[]): T => list[below(list.length)] as T;
const some = <T>(list: readonly T[], share = 0.5): readonly T[] => list.filter(() => chance(share));
const maybe = <T>(value: T): T | undefined => (chance(0.5) ? value : undefined);

/** Patterns compile once, as they do at configuration. */
const compiled = new Map<string, ReturnType<typeof compilePattern>>();
const compile: typeof compilePattern = (pattern) => {
  const known = compiled.get(pattern) ?? compilePattern(pattern);
  compiled.set(pattern, known);
  return known;
};

const number = (): string => `+1425555010${below(10)}`;

const randomUser = (id: string, i: number): DirectoryUser => ({
  id,
  name: id,
  aor: `sip:${id}@contoso.com`,
  extension: maybe(String(201 + i)),
  aliases: chance(0.3) ? [String(700 + i)] : [],
  number: maybe(`+1425555010${i}`),
  profile: maybe(pick(PROFILES)),
  policy: undefined,
  usages: some(USAGES),
  quickDial: maybe({ prefix: pick(['1425555', '+142555501', '9']), digits: 2 }),
  digest: [],
  ...(chance(0.3) ? { diversions: randomDiversions() } : {}),
  ...(chance(0.3) ? { outward: randomOutward() } : {}),
  ...(chance(0.2)
    ? { ringList: { users: some(USERS), order: pick(['together', 'in-turn'] as const), seconds: 10 } }
    : {}),
});

const randomOutward = (): Outward => ({
  blocked: chance(0.1),
  pstn: chance(0.8),
  barred: chance(0.3) ? ['barred'] : [],
  callsAtOnce: maybe(1 + below(3)),
  quota: maybe({ per: pick(['day', 'month'] as const), calls: maybe(3), minutes: maybe(10), cutOff: false }),
});

const randomInward = (): Inward => ({
  blocked: chance(0.2),
  reject: chance(0.3) ? ['anonymous'] : [],
  accept: chance(0.1) ? ['barred'] : undefined,
  hours: undefined,
});

/** A building of three ELINs, found by every way there is. */
const randomLocation = (): DirectoryLocation => ({
  id: 'hq',
  name: 'Building 1',
  numbers: chance(0.3) ? ['933'] : [],
  elins: chance(0.8) ? ELINS : [],
  users: some(USERS, 0.3),
  devices: some(['desk']),
  subnets: some(['192.0.2.0/24']),
  gateways: some(GATEWAYS, 0.3),
  notify: [],
  fallback: maybe(pick(USERS)),
});

const target = (): DirectoryTarget => (chance(0.5) ? { user: pick(USERS) } : { number: `+1206555010${below(10)}` });

const randomDiversions = (): DirectoryDiversions => ({
  always: chance(0.2) ? target() : undefined,
  busy: maybe(target()),
  noAnswer: maybe(target()),
  offline: maybe(target()),
  pattern: chance(0.2) ? '^\\+1206555010[0-5]$' : undefined,
  noAnswerSeconds: 20,
  doNotDisturb: chance(0.1),
});

function randomGateway(id: string): DirectoryGateway {
  const rule = { pattern: maybe('^\\+1(.*)$'), numberType: 'national', plan: 'isdn' } as const;
  const base = {
    id,
    profile: maybe(pick(PROFILES)),
    policy: undefined,
    usages: maybe(some(USAGES)),
    ...(chance(0.2) ? { inward: randomInward() } : {}),
    callerId: pick(['own', 'main', 'withheld'] as const),
    mainNumber: maybe('+14255550000'),
    rulesOut: chance(0.3) ? [{ ...rule, change: { type: 'strip', strip: 1, prefix: '8' } as const }] : [],
    rulesIn: [],
  };
  if (chance(0.5))
    return { ...base, type: 'sip-trunk', proof: 'address', enumZone: chance(0.2) ? 'e164.arpa' : undefined };
  return {
    ...base,
    type: 'span-group',
    spans: ['t1'],
    hunting: 'ascending',
    countryCode: '1',
    numberType: 'by-country',
    strip: below(3),
    prefix: '',
  };
}

const randomRoute = (n: number): DirectoryRoute => ({
  id: `route-${n}`,
  pattern: maybe(pick(['^\\+1', '^\\+', '^[2-8]11$'])),
  prefixes: some(['+', '+1', '+1425', '+44', '+1206']),
  usages: some(USAGES),
  ranking: pick(['turns', 'best'] as const),
  groups: Array.from({ length: 1 + below(3) }, (_, i) => ({
    carrier: maybe(`carrier-${i}`),
    priority: i,
    cost: below(5),
    gateways: [pick(GATEWAYS), ...some(GATEWAYS)].filter((id, place, all) => all.indexOf(id) === place),
  })),
});

export function randomDirectory(): Directory {
  const rules = [
    { pattern: '^(2\\d\\d)$', translation: '$1' },
    { pattern: '^(\\d{7})$', translation: '+1425$1' },
    { pattern: '^1?(\\d{10})$', translation: '+1$1' },
    { pattern: '^([2-8]11)$', translation: '$1' },
  ];
  const file: DirectoryFile = {
    timezone: 'UTC',
    numberLists: [
      { id: 'barred', patterns: ['^\\+1425'], anonymous: false },
      { id: 'anonymous', patterns: [], anonymous: true },
    ],
    calendars: [],
    format: DIRECTORY_FORMAT,
    revision: 'r',
    realm: 'contoso.com',
    domain: 'contoso.com',
    profile: 'redmond',
    users: USERS.map(randomUser),
    devices: [{ id: 'desk', addresses: ['192.0.2.1'], profile: 'paris' }],
    profiles: PROFILES.map((id) => ({ id, rules: some(rules, 0.8) })),
    dids: chance(0.5)
      ? [
          {
            from: '+14255550105',
            to: '+14255550109',
            targets: [{ user: pick(USERS) }, ...(chance(0.5) ? [{ number: number() }] : [])],
          },
        ]
      : [],
    lastResort: pick([undefined, { user: pick(USERS) }, { announcement: 'closed' }]),
    announcements: [{ id: 'closed', answers: chance(0.5), times: 1, cause: causeOf(31) }],
    branches: chance(0.3) ? [{ id: 'sister', prefixes: ['+1425'], gateways: some(GATEWAYS) }] : [],
    routes: Array.from({ length: below(5) }, (_, n) => randomRoute(n)),
    gateways: GATEWAYS.map(randomGateway),
    emergency: {
      numbers: ['911'],
      prefixes: ['9'],
      gateways: GATEWAYS,
      ...(chance(0.5) ? { locations: [randomLocation()] } : {}),
    },
  };
  const built = buildDirectory(file, compile);
  assert.ok(built.ok);
  return built.value;
}

const source = (): Source =>
  pick([
    { type: 'user', id: pick(USERS) },
    { type: 'user', id: pick(USERS) },
    { type: 'user', id: 'gone' },
    { type: 'span-group', id: pick(GATEWAYS) },
    { type: 'sip-trunk', id: pick(GATEWAYS) },
    { type: 'unknown' },
  ]);

const DIALLED = ['911', '9911', '201', '700', '411', '60', '5550101', '4255550106', '+442071838750', 'bob', '88', ''];

export function randomQuery(): RoutingQuery {
  const context = chance(0.1) ? `;phone-context=${pick([...PROFILES, 'contoso.com', 'x@y', 'x.example'])}` : '';
  return {
    source: source(),
    dialled: chance(0.05)
      ? { type: 'emergency-service', urn: 'urn:service:sos' }
      : { type: 'user-part', text: (chance(0.3) ? number() : pick(DIALLED)) + context },
    complete: true,
    caller: undefined,
    ...(chance(0.2) ? { address: '192.0.2.1' } : {}),
    ...(chance(0.1) ? { payer: { because: 'diversion', user: pick(USERS) } } : {}),
  };
}

function spentUntil(at: WallTime): Spent {
  const day = new Date(at).toISOString().slice(0, 10);
  const [calls, seconds] = [below(6), below(1200)];
  return {
    day,
    dayCalls: calls,
    daySeconds: seconds,
    month: day.slice(0, 7),
    monthCalls: calls,
    monthSeconds: seconds,
  };
}

export function randomFacts(): RoutingFacts {
  const at = below(1e9) as WallTime;
  return {
    at,
    registered: new Set(some(USERS, 0.7).map((id) => `sip:${id}@contoso.com`)),
    unavailable: new Map(some(GATEWAYS, 0.3).map((id) => [id, 'is down'])),
    cursors: new Map([0, 1, 2, 3].map((n) => [`route-${n}`, below(5)])),
    standing: new Map(some(GATEWAYS).map((id) => [id, { availability: next(), quality: maybe(next()) }])),
    wan: chance(0.8),
    callsNow: new Map(some(USERS, 0.3).map((id) => [id, 1 + below(4)])),
    spent: new Map(some(USERS, 0.3).map((id) => [id, spentUntil(at)])),
    enumAnswers: new Map(),
  };
}
