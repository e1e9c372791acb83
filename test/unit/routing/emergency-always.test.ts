/** What must hold of emergency calls and of the call back whatever the operator has written and whatever state the box is in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Phones, stepsOf } from '../../../src/gateway/dial-hop.ts';
import { decide } from '../../../src/routing/decide.ts';
import type { Decision, Hop } from '../../../src/routing/decision.ts';
import type { HeldElin, HeldElins } from '../../../src/routing/elin.ts';
import { explainDecision } from '../../../src/routing/explain.ts';
import type { RoutingQuery, Source } from '../../../src/routing/query.ts';
import { dial, down, goes, PSTN, site, user } from '../../support/dial-rules.ts';
import { emergencyDesk, phoneAt } from '../../support/emergency-desk.ts';
import { chance, ELINS, GATEWAYS, randomDirectory, randomFacts } from '../../support/random-directories.ts';

const CALLS = 3000;

const USERS = ['ada', 'bob', 'eve'];

const asks = (source: Source, text: string, address?: string): RoutingQuery => ({
  source,
  dialled: { type: 'user-part', text },
  complete: true,
  caller: undefined,
  ...(address === undefined ? {} : { address }),
});

const holdOf = ({ effects }: Decision): HeldElin | undefined =>
  effects.flatMap((effect) => (effect.type === 'hold-elin' ? [effect.hold] : []))[0];

test(`nothing that the site forbids or that is full, down or used up keeps a user from calling for help (${CALLS} random sites)`, () => {
  for (let n = 0; n < CALLS; n++) {
    const directory = randomDirectory();
    const facts = { ...randomFacts(), unavailable: down(...GATEWAYS), wan: chance(0.5) };
    const sources: readonly Source[] = [...USERS.map((id) => ({ type: 'user', id }) as const), { type: 'unknown' }];
    for (const source of sources) {
      const decision = decide(asks(source, '9911', '192.0.2.1'), directory, facts);
      const shown = explainDecision(decision).join('\n');
      assert.ok(decision.type === 'hops' && decision.emergency, shown);
      assert.deepEqual(
        decision.hops.map((hop) => hop.type !== 'user' && hop.id),
        GATEWAYS,
        shown,
      );
      const elin = holdOf(decision)?.elin;
      if (elin === undefined) continue;
      // Shown as the place’s number on every way out, never hidden.
      for (const { caller } of decision.hops) {
        assert.ok(caller !== undefined && elin.endsWith(caller.digits) && caller.presentation === 'allowed', shown);
      }
    }
  }
});

/** Whom the call back to an ELIN may ring: who called, or whom the place names; nobody’s diversion, ring list or voicemail. */
function checkCallBack(decision: Decision, held: HeldElin, fallback: string | undefined, shown: string): void {
  assert.ok(decision.type === 'hops' && decision.emergency, shown);
  const [first, ...others] = decision.hops;
  assert.ok(first !== undefined && others.length === 0, shown);
  if (held.gateway === undefined) assert.ok(first.type === 'user' && first.elin === held.elin, shown);
  else assert.ok(first.type !== 'user' && first.id === held.gateway, shown);
  const { after = {}, ...itself } = first;
  const last: readonly Hop[] = after.any ?? [];
  assert.ok(after.busy === undefined && after.noAnswer === undefined, shown);
  assert.ok(
    last.every((hop) => hop.type === 'user' && hop.user === fallback && hop.after === undefined),
    shown,
  );
  for (const hop of [itself, ...last]) {
    assert.ok(hop.diverted === undefined && hop.together === undefined && hop.charged === undefined, shown);
  }
}

test(`the answering point’s call back is never diverted, forwarded, screened or refused (${CALLS} random sites)`, () => {
  const seen = { phone: 0, trunk: 0, fallback: 0 };
  for (let n = 0; n < CALLS; n++) {
    const directory = randomDirectory();
    const behind = chance(0.2);
    const id = USERS[n % USERS.length] ?? 'ada';
    const held: HeldElin = {
      elin: ELINS[0] ?? '',
      location: 'hq',
      holder: behind ? 'trunk pbx +14255557700' : `user ${id}`,
      aor: behind ? undefined : `sip:${id}@contoso.com`,
      gateway: behind ? 'pbx' : undefined,
      caller: behind ? '+14255557700' : undefined,
    };
    const facts = { ...randomFacts(), unavailable: down(...GATEWAYS), elins: new Map([[held.elin, held]]) };
    for (const gateway of ['pstn', 'core']) {
      const type = directory.gateways.get(gateway)?.type ?? 'span-group';
      // As carriers deliver it: whole, or its last digits.
      for (const text of [held.elin, held.elin.slice(-4)]) {
        const decision = decide(asks({ type, id: gateway }, text), directory, facts);
        const shown = explainDecision(decision).join('\n');
        const { fallback } = directory.locations.byId('hq') ?? {};
        checkCallBack(decision, held, fallback, shown);
        seen[behind ? 'trunk' : 'phone']++;
        if (shown.includes(', in turn ')) seen.fallback++;
      }
    }
  }
  for (const [what, times] of Object.entries(seen)) assert.ok(times > CALLS / 20, `${what}: ${times}`);
});

/** Three ELINs, and everybody in the place. */
const place = site({
  users: [user('ada', { extension: '201', diversions: { doNotDisturb: true } }), user('bob', { extension: '202' })],
  emergency: { locations: [{ id: 'hq', elins: ELINS, subnets: ['10.0.0.0/8'], fallback: 'bob' }] },
});

test('more callers at once than a place has ELINs: each has one, the oldest is taken over, and calls back reach its latest holder', () => {
  const { desk, decided } = emergencyDesk(place);
  const latest = new Map<string, string>();
  const given: string[] = [];
  for (let n = 0; n < 20; n++) {
    const facts = { elins: desk.elins };
    const decision = dial('911', { directory: place, from: { type: 'unknown' }, address: `10.0.0.${n}`, facts });
    assert.ok(decision.type === 'hops' && decision.hops.length > 0);
    decided(decision);
    const held = holdOf(decision);
    assert.ok(held !== undefined);
    given.push(held.elin);
    latest.set(held.elin, held.holder);
    assert.deepEqual(
      [...desk.elins.values()].map(({ elin, holder }) => [elin, holder]).toSorted(),
      [...latest].toSorted(),
    );
  }
  assert.deepEqual(
    given,
    Array.from({ length: 20 }, (_, n) => ELINS[n % 3]),
    'the one held longest, each time',
  );
  // Who calls again while he holds one keeps it.
  const again = dial('911', {
    directory: place,
    from: { type: 'unknown' },
    address: '10.0.0.18',
    facts: { elins: desk.elins },
  });
  assert.equal(holdOf(again)?.elin, given[18]);
  for (const [elin, holder] of latest) {
    assert.equal(
      goes(elin, { directory: place, from: PSTN, facts: { elins: desk.elins } })
        .split(' (')[0]
        ?.split(',')[0],
      `emergency user ${holder}`,
    );
  }
});

const HELD: HeldElin = {
  elin: ELINS[0] ?? '',
  location: 'hq',
  holder: 'user ada',
  aor: 'sip:ada@contoso.com',
  gateway: undefined,
  caller: undefined,
};

/** Which phones a call back rings first, and which then, by the addresses of their contacts. */
function rings(registered: readonly string[], phone: Phones['phone'], elins: HeldElins = new Map([[HELD.elin, HELD]])) {
  const contacts: Readonly<Record<string, string>> = {
    'sip:ada@contoso.com': '10.0.0.1',
    'sip:bob@contoso.com': '10.0.0.2',
  };
  const aors = registered.map((id) => `sip:${id}@contoso.com`);
  const decision = dial(HELD.elin, { directory: place, from: PSTN, facts: { elins, registered: new Set(aors) } });
  assert.ok(decision.type === 'hops');
  const contactsOf = (aor: string) => (aors.includes(aor) ? [phoneAt(contacts[aor] ?? '')] : []);
  const { steps, hops } = stepsOf(decision.hops, { contactsOf, phone });
  const names = (list: readonly string[] = []) =>
    list.map((name) => {
      const hop = hops.get(name);
      return hop?.type === 'contact' ? hop.binding.flow.remote.address : name;
    });
  return [names(steps[0]?.hops), names(steps[0]?.after?.any?.[0]?.hops)];
}

test('a call back goes to the address of record, do not disturb or not, else to the very phone, else to the fallback', () => {
  const phone = () => phoneAt('10.0.0.9');
  const nobody = () => undefined;
  assert.deepEqual(
    rings(['ada', 'bob'], phone),
    [['10.0.0.1', '10.0.0.9'], ['10.0.0.2']],
    'both, if the phone is another',
  );
  assert.deepEqual(
    rings(['ada', 'bob'], () => phoneAt('10.0.0.1')),
    [['10.0.0.1'], ['10.0.0.2']],
    'it is one of his',
  );
  assert.deepEqual(rings(['bob'], phone), [['10.0.0.9'], ['10.0.0.2']], 'he is not registered');
  assert.deepEqual(rings(['bob'], nobody), [['10.0.0.2'], []], 'nor known by a phone');
  assert.deepEqual(rings([], phone), [['10.0.0.9'], []]);
});
