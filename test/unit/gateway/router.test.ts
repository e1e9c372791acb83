import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern } from '../../../src/config/pattern.ts';
import { Reactor } from '../../../src/gateway/reactor.ts';
import { Router, type RouterParts } from '../../../src/gateway/router.ts';
import { fail, ok } from '../../../src/kernel/result.ts';
import type { Instant, WallTime } from '../../../src/kernel/time.ts';
import { outcomeOf } from '../../../src/routing/explain.ts';
import type { EnumAnswers, RoutingQuery } from '../../../src/routing/query.ts';
import type { StoreOp } from '../../../src/store/words.ts';
import { directoryOf, type Settings, siteOf } from '../../support/sites.ts';

const site = (sections: Settings = {}) =>
  directoryOf(
    siteOf({
      site: { name: 'Contoso', domain: 'contoso.com', profile: 'redmond' },
      sip: { listen: [{ transport: 'udp', address: '127.0.0.1' }] },
      sipTrunks: [
        { id: 'core', address: '192.0.2.9', enumZone: 'e164.arpa' },
        { id: 'b', address: '192.0.2.10' },
        { id: 'c', address: '192.0.2.11' },
      ],
      users: [{ id: 'ada', name: 'Ada', password: 'p' }],
      profiles: [{ id: 'redmond', rules: [{ pattern: '^(\\d{7})$', translation: '+1425$1' }] }],
      routes: [{ id: 'out', prefixes: ['+'], gateways: ['b', 'c'] }],
      ...sections,
    }),
  );

const QUERY: RoutingQuery = {
  source: { type: 'user', id: 'ada' },
  dialled: { type: 'user-part', text: '5551234' },
  complete: true,
  caller: undefined,
};
const DOMAIN = '4.3.2.1.5.5.5.5.2.4.1.e164.arpa';

function world(over: Partial<RouterParts> = {}) {
  let now = 0;
  let ring: (() => void) | undefined;
  const reactor = new Reactor(
    { now: () => now as Instant, wall: () => now as WallTime },
    {
      set: (_at, then) => {
        ring = then;
      },
      clear: () => {
        ring = undefined;
      },
    },
    (error) => assert.fail(String(error)),
  );
  const written: StoreOp[] = [];
  const usual = {
    reactor,
    directory: site(),
    cursors: new Map<string, number>(),
    contactsOf: () => [],
    registered: () => new Set<string>(),
    unavailable: () => new Map<string, string>(),
    standing: () => new Map(),
    callsNow: () => new Map<string, number>(),
    spent: () => new Map(),
    wan: () => true,
    naptr: async () => ok([]),
    compile: compilePattern,
    persist: (op: StoreOp) => {
      written.push(op);
    },
  };
  const router = new Router({ ...usual, ...over });
  const pass = (time: number): void => {
    now += time;
    ring?.();
  };
  const answers: EnumAnswers[] = [];
  const ask = (): void => {
    const decision = router.decide(QUERY);
    assert.ok(decision.type === 'ask');
    router.ask(decision, (found) => answers.push(found));
  };
  return { router, written, pass, ask, answers };
}

const settled = () => new Promise((done) => setImmediate(done));

test('what the DNS says of a number becomes a hop by name, decided again with the answer', async () => {
  const asked: string[] = [];
  const record = { order: 1, preference: 1, flags: 'u', service: 'E2U+sip', regexp: '!^.*$!sip:joe@fabrikam.com!' };
  const { router, ask, answers } = world({
    naptr: async (domain) => {
      asked.push(domain);
      return ok([record]);
    },
  });
  ask();
  await settled();
  assert.deepEqual(asked, [DOMAIN]);
  assert.equal(
    outcomeOf(router.decide(QUERY, answers[0])),
    'core sip:joe@fabrikam.com, then b +14255551234, then c +14255551234',
  );
});

test('a name server that is silent, lost or broken costs a second at most, and the call goes on without it', async () => {
  for (const naptr of [
    () => new Promise<never>(() => {}),
    async () => fail('lost'),
    () => Promise.reject(new Error('x')),
  ]) {
    const { router, ask, answers, pass } = world({ naptr });
    ask();
    await settled();
    pass(999);
    pass(1);
    assert.equal(answers.length, 1);
    assert.equal(outcomeOf(router.decide(QUERY, answers[0])), 'b +14255551234, then c +14255551234');
    pass(10_000);
    assert.equal(answers.length, 1, 'once');
  }
});

test('an answer that comes too late changes nothing', async () => {
  let late: (() => void) | undefined;
  const { ask, answers, pass } = world({
    naptr: () =>
      new Promise((done) => {
        late = () => done(ok([]));
      }),
  });
  ask();
  pass(1000);
  assert.match(JSON.stringify([...(answers[0] ?? [])]), /did not answer in time/);
  late?.();
  await settled();
  assert.equal(answers.length, 1);
});

test('the turn goes on through a reload, and is kept for the next start', () => {
  const { router, written } = world({ wan: () => false });
  const turn = (): string => {
    const decision = router.decide(QUERY);
    router.follow(decision);
    return outcomeOf(decision).split(' ')[0] ?? '';
  };
  assert.deepEqual([turn(), turn(), turn()], ['b', 'c', 'b']);
  router.swap(site({ lastResort: { user: 'ada' } }));
  assert.equal(turn(), 'c');
  assert.deepEqual(written.at(-1), { type: 'cursor', name: 'out', value: 0 });
  const next = world({ wan: () => false, cursors: new Map([['out', 1]]) });
  assert.match(outcomeOf(next.router.decide(QUERY)), /^c /);
});

test('a rehearsal asks and decides like a call, and moves no cursor', async () => {
  const { router, written } = world();
  const decided = await router.rehearse(QUERY, {});
  assert.equal(outcomeOf(decided), 'b +14255551234, then c +14255551234');
  const survivable = await router.rehearse(QUERY, { wan: false, unavailable: new Map([['b', 'is down']]) });
  assert.equal(outcomeOf(survivable), 'c +14255551234');
  assert.deepEqual(written, []);
  assert.match(outcomeOf(router.decide(QUERY, undefined, { wan: false })), /^b /);
});

test('two diversions of one user, each to a number that the DNS is asked for: both answers count', async () => {
  const diversions = { busy: { number: '+12065550001' }, noAnswer: { number: '+12065550002' } };
  const directory = site({ users: [{ id: 'ada', name: 'Ada', password: 'p', diversions }] });
  const asked: string[] = [];
  const { router } = world({
    directory,
    registered: () => new Set(['sip:ada@contoso.com']),
    naptr: async (domain) => {
      asked.push(domain);
      return ok([]);
    },
  });
  const query: RoutingQuery = { ...QUERY, dialled: { type: 'user-part', text: 'ada' } };
  const said = outcomeOf(await router.rehearse(query, {}));
  assert.match(said, /^user ada \(when busy: b \+12065550001, .*; after 20 s: b \+12065550002, .*\)$/);
  assert.equal(asked.length, 2, 'each once');
});
