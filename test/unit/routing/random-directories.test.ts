/** Ten thousand random directories and calls from a seed: what must hold whatever the operator has written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern } from '../../../src/config/pattern.ts';
import { type DialHop, stepsOf } from '../../../src/gateway/dial-hop.ts';
import { seeded } from '../../../src/kernel/random.ts';
import { ok } from '../../../src/kernel/result.ts';
import type { WallTime } from '../../../src/kernel/time.ts';
import { decide } from '../../../src/routing/decide.ts';
import type { Decision } from '../../../src/routing/decision.ts';
import { buildDirectory, type Directory } from '../../../src/routing/directory.ts';
import {
  DIRECTORY_FORMAT,
  type DirectoryFile,
  type DirectoryGateway,
  type DirectoryRoute,
  type DirectoryUser,
} from '../../../src/routing/directory-file.ts';
import { explainDecision } from '../../../src/routing/explain.ts';
import type { EnumAnswer, RoutingFacts, RoutingQuery, Source } from '../../../src/routing/query.ts';

const CALLS = 10_000;
const USAGES = ['local', 'national', 'premium'];
const GATEWAYS = ['pstn', 'pbx', 'core', 'backup'];
const USERS = ['ada', 'bob', 'eve'];
const PROFILES = ['redmond', 'paris'];

const { next } = seeded(20_261_121);
const below = (n: number): number => Math.floor(next() * n);
const chance = (share: number): boolean => next() < share;
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
});

function randomGateway(id: string): DirectoryGateway {
  const rule = { pattern: maybe('^\\+1(.*)$'), numberType: 'national', plan: 'isdn' } as const;
  const base = {
    id,
    profile: maybe(pick(PROFILES)),
    policy: undefined,
    usages: maybe(some(USAGES)),
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
  prefixes: some(['+', '+1', '+1425', '+44']),
  usages: some(USAGES),
  ranking: pick(['turns', 'best'] as const),
  groups: Array.from({ length: 1 + below(3) }, (_, i) => ({
    carrier: maybe(`carrier-${i}`),
    priority: i,
    cost: below(5),
    gateways: [pick(GATEWAYS), ...some(GATEWAYS)].filter((id, place, all) => all.indexOf(id) === place),
  })),
});

function randomDirectory(): Directory {
  const rules = [
    { pattern: '^(2\\d\\d)$', translation: '$1' },
    { pattern: '^(\\d{7})$', translation: '+1425$1' },
    { pattern: '^1?(\\d{10})$', translation: '+1$1' },
    { pattern: '^([2-8]11)$', translation: '$1' },
  ];
  const file: DirectoryFile = {
    timezone: 'UTC',
    numberLists: [],
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
    lastResort: maybe({ user: pick(USERS) }),
    branches: chance(0.3) ? [{ id: 'sister', prefixes: ['+1425'], gateways: some(GATEWAYS) }] : [],
    routes: Array.from({ length: below(5) }, (_, n) => randomRoute(n)),
    gateways: GATEWAYS.map(randomGateway),
    emergency: { numbers: ['911'], prefixes: ['9'], gateways: GATEWAYS },
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

function randomQuery(): RoutingQuery {
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

function randomFacts(): RoutingFacts {
  return {
    at: below(1e9) as WallTime,
    registered: new Set(some(USERS, 0.7).map((id) => `sip:${id}@contoso.com`)),
    unavailable: new Map(some(GATEWAYS, 0.3).map((id) => [id, 'is down'])),
    cursors: new Map([0, 1, 2, 3].map((n) => [`route-${n}`, below(5)])),
    standing: new Map(some(GATEWAYS).map((id) => [id, { availability: next(), quality: maybe(next()) }])),
    wan: chance(0.8),
    callsNow: new Map(),
    spent: new Map(),
    enumAnswers: new Map(),
  };
}

/** Decides as the gateway does: what is asked is answered, then it is decided again. */
function settle(query: RoutingQuery, directory: Directory, facts: RoutingFacts): Exclude<Decision, { type: 'ask' }> {
  const first = decide(query, directory, facts);
  if (first.type !== 'ask') return first;
  const answer = (): EnumAnswer =>
    chance(0.5) ? { type: 'found', uri: 'sip:joe@fabrikam.com' } : { type: 'nothing', why: 'none' };
  const second = decide(query, directory, {
    ...facts,
    enumAnswers: new Map(first.asks.map(({ domain }) => [domain, answer()])),
  });
  assert.notEqual(second.type, 'ask', 'a question that is answered is not asked again');
  return second as Exclude<Decision, { type: 'ask' }>;
}

/** What the gateway dials for a decision, hop after hop, in the words of explain. */
function dialled(decision: Extract<Decision, { type: 'hops' }>): string {
  const { hops } = stepsOf(decision.hops, {
    contactsOf: () => [{ contact: 'sip:x' } as never],
    phone: () => undefined,
  });
  const text = (hop: DialHop): string => {
    if (hop.type === 'contact') return `user ${hop.user}`;
    if (hop.type === 'sip-trunk' && hop.uri !== undefined) return `${hop.id} ${hop.uri}`;
    return `${hop.id} ${hop.called.type === 'international' ? '+' : ''}${hop.called.digits}`;
  };
  return `${decision.emergency ? 'emergency ' : ''}${[...hops.values()].map(text).join(', then ')}`;
}

test(`${CALLS} random directories and calls keep the rules, and explain’s last line is what the gateway does`, () => {
  const seen = new Map<string, number>();
  for (let n = 0; n < CALLS; n++) {
    const directory = randomDirectory();
    const query = randomQuery();
    const facts = randomFacts();
    const decision = settle(query, directory, facts);
    const lines = explainDecision(decision);
    const shown = lines.join('\n');
    seen.set(decision.type, (seen.get(decision.type) ?? 0) + 1);
    if (decision.emergency) seen.set('emergency', (seen.get('emergency') ?? 0) + 1);

    const did =
      decision.type === 'hops'
        ? dialled(decision)
        : `refused ${decision.type === 'refusal' ? `${decision.refusal.id} ${decision.refusal.status}` : ''}`;
    assert.equal(lines.at(-1), `→ ${did}`);
    assert.deepEqual(decide(query, directory, facts), decide(query, directory, facts), 'the same again');
    checkEmergency(query, directory, decision, shown);
    if (decision.type === 'hops') checkHops(query, directory, facts, decision, shown);
  }
  for (const type of ['hops', 'refusal', 'emergency'])
    assert.ok((seen.get(type) ?? 0) > CALLS / 20, `${type} was tried`);
});

function checkEmergency(query: RoutingQuery, directory: Directory, decision: Decision, shown: string): void {
  const { dialled: asked, source } = query;
  const calls911 = asked.type === 'emergency-service' || (asked.type === 'user-part' && /^9?911(;|$)/.test(asked.text));
  const gateway = 'id' in source && source.type !== 'user' ? directory.gateways.get(source.id) : undefined;
  if (!calls911 || (gateway !== undefined && gateway.usages === undefined)) {
    assert.equal(decision.emergency, false, shown);
    return;
  }
  assert.ok(decision.type === 'hops' && decision.emergency, shown);
  const tried = decision.hops.map((hop) => ('id' in hop ? hop.id : ''));
  assert.deepEqual(
    tried,
    GATEWAYS.filter((id) => id !== gateway?.id),
    'every gateway in its order, whatever its state',
  );
}

function checkHops(
  query: RoutingQuery,
  directory: Directory,
  facts: RoutingFacts,
  decision: Extract<Decision, { type: 'hops' }>,
  shown: string,
): void {
  const names = decision.hops.map((hop) => (hop.type === 'user' ? `user ${hop.user}` : hop.id));
  assert.ok(names.length > 0, shown);
  assert.equal(new Set(names).size, names.length, `nobody is tried twice\n${shown}`);
  if (decision.emergency) return;
  const { source } = query;
  const payer = query.payer === undefined ? undefined : directory.userById(query.payer.user);
  const who =
    source.type === 'user'
      ? directory.userById(source.id)
      : 'id' in source
        ? directory.gateways.get(source.id)
        : undefined;
  const usages = new Set((payer ?? who)?.usages ?? []);
  for (const hop of decision.hops) {
    if (hop.type === 'user') {
      assert.ok(facts.registered.has(hop.aor), shown);
      continue;
    }
    assert.ok(!facts.unavailable.has(hop.id), shown);
    assert.ok(
      openers(directory, shown, hop.id).every((route) => route.length === 0 || route.some((u) => usages.has(u))),
      shown,
    );
  }
}

/** The usages of the routes that explain names for a gateway. */
function openers(directory: Directory, shown: string, gateway: string): readonly (readonly string[])[] {
  const lines = shown
    .split('\n')
    .filter((line) => /^route .*(, open to all|, by usage)/.test(line) && line.includes(gateway));
  return lines.map((line) => {
    const id = /^route +(\S+),/.exec(line)?.[1];
    const route = ['+14255550100', '+442071838750', '411']
      .flatMap((n) => directory.routesFor(n))
      .find((one) => one.id === id);
    return route?.usages ?? [];
  });
}

test('a directory with a pattern that does not compile is not built, and says where', () => {
  const built = buildDirectory(
    {
      format: DIRECTORY_FORMAT,
      timezone: 'UTC',
      numberLists: [],
      calendars: [],
      revision: 'r',
      realm: 'x',
      domain: 'x',
      profile: 'p',
      users: [],
      devices: [],
      profiles: [{ id: 'p', rules: [{ pattern: '(', translation: '' }] }],
      dids: [],
      lastResort: undefined,
      branches: [],
      routes: [],
      gateways: [],
      emergency: { numbers: [], prefixes: [], gateways: [] },
    },
    (pattern) => (pattern === '(' ? { ok: false, error: 'an open group' } : ok(() => undefined)),
  );
  assert.deepEqual(built, { ok: false, error: ['profiles.p.rules[0]: an open group'] });
});
