/** Ten thousand random directories and calls from a seed: what must hold whatever the operator has written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '../../../src/kernel/result.ts';
import { decide } from '../../../src/routing/decide.ts';
import type { Decision, Hop } from '../../../src/routing/decision.ts';
import { buildDirectory, type Directory } from '../../../src/routing/directory.ts';
import { DIRECTORY_FORMAT } from '../../../src/routing/directory-file.ts';
import { explainDecision } from '../../../src/routing/explain.ts';
import type { EnumAnswer, RoutingFacts, RoutingQuery } from '../../../src/routing/query.ts';
import { hopName } from '../../../src/routing/trace.ts';
import { chance, GATEWAYS, randomDirectory, randomFacts, randomQuery } from '../../support/random-directories.ts';

const CALLS = 10_000;

/** Decides as the gateway does: what is asked is answered, then it is decided again. */
function settle(query: RoutingQuery, directory: Directory, facts: RoutingFacts): Exclude<Decision, { type: 'ask' }> {
  const enumAnswers = new Map<string, EnumAnswer>();
  for (;;) {
    const decision = decide(query, directory, { ...facts, enumAnswers });
    if (decision.type !== 'ask') return decision;
    for (const { domain } of decision.asks) {
      assert.ok(!enumAnswers.has(domain), 'a question that is answered is not asked again');
      const found = { type: 'found', uri: 'sip:joe@fabrikam.com' } as const;
      enumAnswers.set(domain, chance(0.5) ? found : { type: 'nothing', why: 'none' });
    }
  }
}

test(`${CALLS} random directories and calls keep the rules`, () => {
  const seen = new Map<string, number>();
  for (let n = 0; n < CALLS; n++) {
    const directory = randomDirectory();
    const query = randomQuery();
    const facts = randomFacts();
    const decision = settle(query, directory, facts);
    const shown = explainDecision(decision).join('\n');
    seen.set(decision.type, (seen.get(decision.type) ?? 0) + 1);
    if (decision.emergency) seen.set('emergency', (seen.get('emergency') ?? 0) + 1);

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
  const names = decision.hops.map((hop) => `${hop.type} ${hopName(hop)}`);
  assert.ok(names.length > 0, shown);
  assert.equal(new Set(names).size, names.length, `nobody is tried twice\n${shown}`);
  if (decision.emergency) return;
  const tried = triedGateways(decision, usagesOfWho(query, directory), directory, shown);
  for (const hop of decision.hops.flatMap(withFollowers)) {
    if (hop.type === 'user') assert.ok(facts.registered.has(hop.aor), shown);
    else if (hop.type !== 'announcement') assert.ok(!facts.unavailable.has(hop.id) && tried.has(hop.id), shown);
  }
}

function usagesOfWho({ source, payer }: RoutingQuery, directory: Directory): readonly string[] {
  if (payer !== undefined) return directory.userById(payer.user)?.usages ?? [];
  if (source.type === 'user') return directory.userById(source.id)?.usages ?? [];
  return 'id' in source ? (directory.gateways.get(source.id)?.usages ?? []) : [];
}

const withFollowers = (hop: Hop): readonly Hop[] => [
  hop,
  ...(hop.together ?? []).flatMap(withFollowers),
  ...Object.values(hop.after ?? {}).flatMap((hops: readonly Hop[]) => hops.flatMap(withFollowers)),
];

/**
 * The gateways that the stages let into a line. Each route among them must have a usage in common with who pays: with the
 * caller, or with the last who diverted; a DID's forward has the open routes alone.
 */
function triedGateways(
  { stages }: Decision,
  callers: readonly string[],
  directory: Directory,
  shown: string,
): ReadonlySet<string> {
  const tried = new Set<string>();
  let paying = callers;
  let usages: readonly string[] = [];
  for (const stage of stages) {
    if (stage.saw === 'diverts') paying = directory.userById(stage.user)?.usages ?? [];
    if (stage.saw === 'target' || stage.saw === 'owner' || stage.saw === 'last-resort') paying = [];
    if (stage.saw === 'usages') {
      usages = stage.usages;
      assert.deepEqual(usages, paying, shown);
    }
    if (stage.saw === 'record' && stage.not === undefined) tried.add(stage.gateway);
    if (stage.saw === 'route') {
      const { usage } = stage;
      const wanted = PROBES.flatMap((number) => directory.routesFor(number)).find(
        ({ id }) => id === stage.route,
      )?.usages;
      if (usage === undefined) assert.deepEqual(wanted, [], shown);
      else assert.ok(wanted?.includes(usage) === true && usages.includes(usage), shown);
    }
    if (stage.saw !== 'route' && stage.saw !== 'branch') continue;
    for (const [i, { gateway }] of stage.turns.entries()) if (stage.not[i] === undefined) tried.add(gateway);
  }
  return tried;
}

/** Between them they match every route. */
const PROBES = ['+14255550100', '+12065550100', '+442071838750', '411'];

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
      announcements: [],
      branches: [],
      routes: [],
      gateways: [],
      emergency: { numbers: [], prefixes: [], gateways: [] },
    },
    (pattern) => (pattern === '(' ? { ok: false, error: 'an open group' } : ok(() => undefined)),
  );
  assert.deepEqual(built, { ok: false, error: ['profiles.p.rules[0]: an open group'] });
});
