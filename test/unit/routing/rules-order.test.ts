/** As rules.test.ts: the order of the resolver, calls that come in, and who is shown as the caller. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallerNumber } from '../../../src/call/number.ts';
import { decide } from '../../../src/routing/decide.ts';
import { outcomeOf } from '../../../src/routing/explain.ts';
import { dial, down, facts, goes, PBX, PSTN, says, site, user } from '../../support/dial-rules.ts';
import type { Settings } from '../../support/sites.ts';

// ── order of the resolver ────────────────────────────────────────────────────────────────────────────────────────────

test('emergency goes first: before an extension, an alias or a rule of the same digits', () => {
  const profiles = [{ id: 'redmond', rules: [{ pattern: '^.*$', translation: '+19999' }] }];
  assert.equal(goes('911', { directory: site({ profiles }) }), 'emergency pstn 911, then pbx 911, then core 911');
});

test('an emergency ignores throttling, policy and limits, and tries everything', () => {
  const directory = site({ policies: [{ id: 'all', usages: [] }], routes: [] });
  const everythingDown = { unavailable: down('pstn', 'pbx', 'core'), wan: false, registered: new Set<string>() };
  for (const from of ['bob', 'gone', { type: 'unknown' } as const]) {
    const outcome = goes('911', { directory, from, facts: everythingDown });
    assert.equal(outcome, 'emergency pstn 911, then pbx 911, then core 911');
  }
});

test('an emergency is understood with a habitual 9, and by its name', () => {
  assert.match(goes('9911'), /^emergency pstn 911/);
  const dialled = { type: 'emergency-service', urn: 'urn:service:sos.police' } as const;
  const named = decide({ source: { type: 'unknown' }, dialled, complete: true, caller: undefined }, site(), facts());
  assert.match(outcomeOf(named), /^emergency pstn 911/);
});

test('an emergency from the PBX behind us goes out, not back to it; from the PSTN it is none of ours', () => {
  assert.equal(goes('911', { from: PBX }), 'emergency pstn 911, then core 911');
  assert.equal(goes('911', { from: PSTN }), 'refused no-rule-matches 404');
});

test('an emergency caller is shown though he or the trunk’s rule would hide him', () => {
  const spanGroups = [
    { id: 'pstn', spans: ['t1'], callerId: 'withheld', mainNumber: '+14255550000' },
    { id: 'pbx', spans: ['t2'] },
  ];
  const caller: CallerNumber = {
    digits: '202',
    type: 'unknown',
    plan: 'unknown',
    presentation: 'restricted',
    screening: 'not-screened',
  };
  const decision = dial('911', { directory: site({ spanGroups }), from: 'bob', caller });
  assert.ok(decision.type === 'hops' && decision.hops[0]?.type === 'span-group');
  assert.equal(decision.hops[0].caller?.digits, '4255550000');
  assert.equal(decision.hops[0].caller?.presentation, 'allowed');
});

const ENUM = { sipTrunks: [{ id: 'core', address: '192.0.2.9', enumZone: 'e164.arpa' }] };
const DOMAIN = '4.3.2.1.5.5.5.2.1.2.1.e164.arpa';

test('ENUM is asked per trunk after authorisation, and answered by deciding again with more facts', () => {
  const routes = [{ id: 'out', prefixes: ['+'], usages: ['any'], gateways: ['pstn'] }];
  const directory = site({ ...ENUM, routes });
  const first = dial('+12125551234', { directory });
  assert.ok(first.type === 'ask');
  assert.deepEqual(first.asks, [{ type: 'enum', domain: DOMAIN, number: '+12125551234' }]);
  assert.equal(first.within, 1000);
  const found = { enumAnswers: new Map([[DOMAIN, { type: 'found', uri: 'sip:joe@fabrikam.com' } as const]]) };
  assert.equal(goes('+12125551234', { directory, facts: found }), 'core sip:joe@fabrikam.com, then pstn 2125551234');
  const nothing = { enumAnswers: new Map([[DOMAIN, { type: 'nothing', why: 'the DNS has no records' } as const]]) };
  assert.equal(goes('+12125551234', { directory, facts: nothing }), 'pstn 2125551234');
});

test('ENUM is skipped while the WAN is down, for services, and for numbers of ours', () => {
  const directory = site(ENUM);
  assert.equal(goes('+12125551234', { directory, facts: { wan: false } }), 'core +12125551234');
  assert.match(says(dial('+12125551234', { directory, facts: { wan: false } }), 'enum'), /the WAN is down/);
  assert.equal(goes('+14255550100', { directory }), 'user ada');
});

test('a sister branch’s numbers go over our own network before any carrier', () => {
  const directory = site({
    branches: [
      { id: 'france', prefixes: ['+33'], gateways: ['pbx'] },
      { id: 'paris', prefixes: ['+331'], gateways: ['core'] },
    ],
    routes: [{ id: 'out', prefixes: ['+'], usages: ['any'], gateways: ['pstn'] }],
  });
  assert.equal(
    goes('+33123456789', { directory }),
    'core +33123456789, then pbx +33123456789, then pstn +33123456789',
    'the longest prefix first, the carrier last',
  );
  assert.equal(goes('+442071838750', { directory }), 'pstn +442071838750');
});

test('each stage says what it did, in the resolver’s order', () => {
  const routes = [{ id: 'out', prefixes: ['+'], usages: ['any'], gateways: ['pstn'] }];
  const branches = [{ id: 'paris', prefixes: ['+1425'], gateways: ['pbx'] }];
  const decision = dial('5559999', { directory: site({ ...ENUM, routes, branches }), facts: { wan: false } });
  assert.deepEqual(
    decision.stages.map(({ name }) => name),
    ['source', 'profile', 'reverse-lookup', 'authorise', 'enum', 'branch', 'route'],
  );
});

// ── inbound ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const DIDS = {
  dids: [
    { number: '+14255550100-+14255550149', to: { user: 'ada' }, backups: [{ user: 'bob' }] },
    { number: '+14255550150', to: { user: 'gone' }, backups: [{ number: '+12065550000' }] },
    { number: '+14255550151', to: { user: 'gone' } },
  ],
  users: [user('ada', { number: '+14255550100' }), user('bob'), user('eve', { number: '+14255550151' }), user('gone')],
  policies: [{ id: 'all' }],
  routes: [{ id: 'forward', prefixes: ['+1206'], gateways: ['pstn'] }],
};

test('DID or range → primary target, then ordered backups by their live status', () => {
  const directory = site(DIDS);
  assert.equal(goes('+14255550149', { directory, from: PSTN }), 'user ada, then user bob');
  const absent = { registered: new Set(['sip:bob@contoso.com']) };
  assert.equal(goes('+14255550100', { directory, from: PSTN, facts: absent }), 'user bob');
  assert.equal(goes('+14255550152', { directory, from: PSTN }), 'refused number-not-ours 404');
});

test('… then the local registrar, then the last resort, which may be the PSTN it came from', () => {
  const directory = site({ ...DIDS, lastResort: { number: '+12065559999' } });
  assert.equal(goes('+14255550151', { directory, from: PSTN }), 'user eve, then pstn 2065559999');
  assert.equal(goes('+14255550150', { directory, from: PSTN }), 'pstn 2065550000');
  assert.equal(
    goes('+14255550151', { directory: site(DIDS), from: PSTN, facts: { registered: new Set() } }),
    'refused user-not-registered 480',
  );
});

test('inbound is closed by default: it may not leave again, unless the trunk has a policy', () => {
  const routes = [{ id: 'out', prefixes: ['+'], gateways: ['core'] }];
  const directory = site({ routes, policies: [{ id: 'all' }] });
  assert.equal(goes('+12125551234', { directory, from: PSTN }), 'refused number-not-ours 404');
  assert.equal(goes('+12125551234', { directory, from: PBX }), 'core +12125551234');
  assert.equal(goes('+12125551234', { directory, from: { type: 'unknown' } }), 'refused source-unknown 403');
});

test('a trusted peer that is known by its address alone is flagged as weak', () => {
  const decision = dial('+14255550100', { from: { type: 'sip-trunk', id: 'core' } });
  assert.match(says(decision, 'source'), /weak proof/);
});

// ── caller ID ────────────────────────────────────────────────────────────────────────────────────────────────────────

test('own number, main number, withheld: what a trunk shows, and that we vouch for it', () => {
  const shown = (rule: Settings, from: string, presentation: CallerNumber['presentation'] = 'allowed') => {
    const sipTrunks = [{ id: 'core', address: '192.0.2.9', ...rule }];
    const caller = { digits: '1', type: 'unknown', plan: 'unknown', presentation, screening: 'not-screened' } as const;
    const decision = dial('+12125551234', { directory: site({ sipTrunks }), from, caller });
    assert.ok(decision.type === 'hops' && decision.hops[0]?.type === 'sip-trunk');
    const number = decision.hops[0].caller;
    return number === undefined ? undefined : `${number.digits} ${number.presentation} ${number.screening}`;
  };
  const mainNumber = '+14255550000';
  assert.equal(shown({}, 'ada'), '14255550100 allowed passed');
  assert.equal(shown({ mainNumber }, 'ada'), '14255550100 allowed passed');
  assert.equal(shown({}, 'bob'), undefined, 'he has no number that means anything outside');
  assert.equal(shown({ mainNumber }, 'bob'), '14255550000 allowed passed');
  assert.equal(shown({ callerId: 'main', mainNumber }, 'ada'), '14255550000 allowed passed');
  assert.equal(shown({ callerId: 'withheld', mainNumber }, 'ada'), '14255550100 restricted passed');
  assert.equal(shown({ callerId: 'main', mainNumber }, 'ada', 'restricted'), '14255550000 restricted passed');
});

test('a QSIG number of a private plan is no E.164 number, whatever its type codes elsewhere', () => {
  const profiles = [{ id: 'redmond', rules: [{ pattern: '^(20\\d)$', translation: '$1' }] }];
  const called = (digits: string, type: 'international' | 'national', plan: 'private' | 'isdn') =>
    outcomeOf(
      decide(
        { source: PBX, dialled: { type: 'number', number: { digits, type, plan } }, complete: true, caller: undefined },
        site({ profiles }),
        facts(),
      ),
    );
  assert.equal(called('201', 'international', 'private'), 'user ada', 'level 2 of the private plan');
  assert.equal(called('202', 'national', 'private'), 'user bob', 'level 1');
  assert.equal(called('4255550100', 'national', 'isdn'), 'user ada', 'the public plan');
  const caller: CallerNumber = {
    digits: '4711',
    type: 'national',
    plan: 'private',
    presentation: 'allowed',
    screening: 'passed',
  };
  const decision = dial('+12125551234', { from: PBX, caller });
  assert.ok(decision.type === 'hops' && decision.hops[0]?.type === 'sip-trunk');
  assert.deepEqual(decision.hops[0].caller, caller, 'no country is put before it');
});

test('a caller from outside keeps his own number on the way through', () => {
  const caller: CallerNumber = {
    digits: '2125559876',
    type: 'national',
    plan: 'isdn',
    presentation: 'allowed',
    screening: 'network',
  };
  const sipTrunks = [{ id: 'core', address: '192.0.2.9', callerId: 'main', mainNumber: '+14255550000' }];
  const decision = dial('+12125551234', { directory: site({ sipTrunks }), from: PBX, caller });
  assert.ok(decision.type === 'hops' && decision.hops[0]?.type === 'sip-trunk');
  assert.deepEqual(decision.hops[0].caller, { ...caller, digits: '12125559876', type: 'international' });
});
