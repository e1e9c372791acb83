/**
 * The exact rules of numbering and routing, sentence by sentence: each bullet is a `describe`, each sentence of it a test.
 * Here: from what was dialled to a number. Next: exact-rules-routes, -parties, -permissions, -calls and -wire.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallerNumber } from '../../../src/call/number.ts';
import { ok } from '../../../src/kernel/result.ts';
import type { Instant } from '../../../src/kernel/time.ts';
import { rememberingDns } from '../../../src/net/dns.ts';
import { decide } from '../../../src/routing/decide.ts';
import { outcomeOf, whyOf } from '../../../src/routing/explain.ts';
import { dial, down, facts, goes, PBX, PSTN, says, site, user } from '../../support/dial-rules.ts';
import { phoneAt } from '../../support/emergency-desk.ts';
import { world } from '../../support/puppet-calls.ts';
import type { Settings } from '../../support/sites.ts';

describe('location profiles', () => {
  test('^5(\\d{4})$ → +1425555$1 makes 50100 into +14255550100', () => {
    assert.equal(goes('50100'), 'user ada', 'and that is Ada’s own number');
    assert.match(says(dial('50100'), 'profile'), /rule 1 of 3 of redmond .* makes \+14255550100 of 50100/);
  });

  test('first match wins, and order matters', () => {
    const rules = [
      { pattern: '^5', translation: '+19' + '9999' },
      { pattern: '^5(\\d{4})$', translation: '+1425555$1' },
    ];
    const turned = (order: readonly Settings[]) => site({ profiles: [{ id: 'redmond', rules: order }] });
    assert.equal(goes('50200', { directory: turned(rules) }), 'core +199999');
    assert.equal(goes('50200', { directory: turned(rules.toReversed()) }), 'core +14255550200');
  });

  test('no match is an explicit refusal with a reason, never a silent pass', () => {
    const decision = dial('77');
    assert.ok(decision.type === 'refusal');
    assert.deepEqual([decision.refusal.id, decision.refusal.status], ['no-rule-matches', 404]);
    assert.match(whyOf(decision), /none of the 3 rules of location profile redmond .* matches 77/);
  });

  test('a pattern that would stall a backtracking matcher costs nothing', () => {
    const rules = [{ pattern: '^(\\d+)+#$', translation: '+1$1' }];
    const directory = site({ profiles: [{ id: 'redmond', rules }] });
    const started = performance.now();
    assert.equal(goes(`${'1'.repeat(63)}`, { directory }), 'refused no-rule-matches 404');
    assert.ok(performance.now() - started < 100);
  });
});

describe('the caller names the profile', () => {
  test('the request names the profile in the user part: 5550100;phone-context=redmond@contoso.com', () => {
    assert.equal(goes('5550199;phone-context=redmond@contoso.com'), 'core +14255550199');
    assert.equal(goes('5550199;phone-context=paris@contoso.com'), 'core +33125550199');
    assert.equal(goes('5550199;phone-context=paris'), 'core +33125550199');
    assert.equal(goes('5550199;phone-context=rome@contoso.com'), 'refused no-location-profile 404');
  });

  test('request goes before user, user before device, device before site', () => {
    const rules = (area: string) => [{ pattern: '^(\\d{7})$', translation: `+1${area}$1` }];
    const directory = site({
      profiles: ['425', '206', '360', '509'].map((area) => ({ id: `area-${area}`, rules: rules(area) })),
      site: { name: 'x', domain: 'contoso.com', profile: 'area-425' },
      devices: [{ id: 'desk', addresses: ['192.0.2.50'], profile: 'area-206' }],
      users: [user('ada', { profile: 'area-360' }), user('bob')],
    });
    const at = (from: string, text: string, address?: string) =>
      goes(text, { directory, from, ...(address === undefined ? {} : { address }) });
    assert.equal(at('bob', '5551234'), 'core +14255551234', 'the site');
    assert.equal(at('bob', '5551234', '192.0.2.51'), 'core +14255551234', 'another device');
    assert.equal(at('bob', '5551234', '192.0.2.50'), 'core +12065551234', 'the device');
    assert.equal(at('ada', '5551234', '192.0.2.50'), 'core +13605551234', 'the user');
    assert.equal(at('ada', '5551234;phone-context=area-509@x', '192.0.2.50'), 'core +15095551234', 'the request');
  });

  test('a phone-context that is a bare domain, ours or not, or a prefix, does not break a phone', () => {
    const directory = site({ users: [user('ada', { profile: 'paris' })] });
    const from = (text: string) => goes(text, { directory, from: 'ada' });
    assert.equal(from('5550199;phone-context=Contoso.com'), 'core +14255550199', 'our domain means the site’s own');
    assert.equal(from('5550199;phone-context=elsewhere.example'), 'core +33125550199');
    assert.equal(from('5550199;phone-context=+1425'), 'core +33125550199');
  });

  test('E.164 and user URIs are not translated', () => {
    const rules = [{ pattern: '^.*$', translation: '+19999' }];
    const directory = site({ profiles: [{ id: 'redmond', rules }] });
    assert.equal(goes('+442071838750', { directory }), 'core +442071838750');
    assert.equal(goes('+44-20-7183-8750;phone-context=nowhere@x', { directory }), 'core +442071838750');
    assert.equal(goes('ada', { directory }), 'user ada');
  });

  test('overlapping extensions of several sites work in one box', () => {
    const directory = site({
      users: ['redmond', 'paris'].flatMap((profile) => [
        user(`${profile}-1`, { profile, extension: '201' }),
        user(`${profile}-2`, { profile, extension: '202' }),
      ]),
    });
    const all = {
      registered: new Set(['redmond-1', 'redmond-2', 'paris-1', 'paris-2'].map((id) => `sip:${id}@contoso.com`)),
    };
    const ring = (from: string, text: string) => goes(text, { directory, from, facts: all });
    assert.equal(ring('redmond-1', '202'), 'user redmond-2');
    assert.equal(ring('paris-1', '202'), 'user paris-2');
    assert.equal(ring('paris-1', '202;phone-context=redmond@contoso.com'), 'user redmond-2');
  });

  test('who transfers has dialled: his profile and extensions count, while the target sees who is transferred', () => {
    const directory = site({
      profiles: [
        { id: 'redmond', rules: [{ pattern: '^5(\\d{4})$', translation: '+1425555$1' }] },
        { id: 'paris', rules: [{ pattern: '^5(\\d{4})$', translation: '+3315555$1' }] },
      ],
      users: [user('ada', { profile: 'redmond' }), user('bob', { profile: 'paris' }), user('eve')],
    });
    const payer = { because: 'transfer', user: 'bob' } as const;
    const local = (from: Parameters<typeof goes>[1]) => goes('50199', { directory, payer, ...from });
    assert.equal(local({ from: 'ada' }), 'core +33155550199');
    assert.equal(local({ from: PSTN }), 'core +33155550199', 'and what came in by a line may go out again');
    const decision = dial('eve', { directory, payer, from: 'ada' });
    assert.ok(decision.type === 'hops' && decision.hops[0]?.type === 'user');
    const ada = directory.userById('ada');
    assert.equal(decision.charged, 'bob');
    assert.equal(decision.hops[0].caller?.digits, ada?.number?.slice(1));
  });

  test('a QSIG number of a private plan is no E.164 number, whatever its type codes elsewhere', () => {
    const profiles = [{ id: 'redmond', rules: [{ pattern: '^(20\\d)$', translation: '$1' }] }];
    const called = (digits: string, type: 'international' | 'national', plan: 'private' | 'isdn') =>
      outcomeOf(
        decide(
          {
            source: PBX,
            dialled: { type: 'number', number: { digits, type, plan } },
            complete: true,
            caller: undefined,
          },
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
});

describe('after normalisation, reverse look-up', () => {
  test('after normalisation a number that is a user’s rings that user, and does not leave', () => {
    assert.equal(goes('5550100'), 'user ada');
    assert.equal(goes('+14255550100', { facts: { unavailable: down('core') } }), 'user ada');
  });

  test('ring all endpoints of a user in parallel: the first answer wins and the others are cancelled', () => {
    const contact = (address: string) => phoneAt(address);
    const phones = {
      contactsOf: () => ['192.0.2.71', '192.0.2.72', '192.0.2.73'].map(contact),
      phone: () => undefined,
    };
    const w = world({ decide: () => dial('5550100'), phones });
    w.place();
    assert.equal(w.called.length, 3, 'all at once');
    w.called[1]?.bound.hear({ type: 'answer', connected: { number: undefined, name: undefined }, origin: undefined });
    assert.deepEqual(
      w.called.map(({ leg }) => leg.told.at(-1)),
      ['release 26', undefined, 'release 26'],
      '26: somebody else has answered',
    );
  });

  test('a number that is nobody’s leaves the enterprise: authorised first, then routed', () => {
    const after = dial('+12125551234').stages.map(({ name }) => name);
    assert.deepEqual(after.slice(after.indexOf('reverse-lookup')), ['reverse-lookup', 'authorise', 'route']);
  });
});

const ENUM = { sipTrunks: [{ id: 'core', address: '192.0.2.9', enumZone: 'e164.arpa' }] };
const DOMAIN = '4.3.2.1.5.5.5.2.1.2.1.e164.arpa';

describe('order of the resolver', () => {
  test('emergency goes first: before an extension, an alias or a rule of the same digits', () => {
    const profiles = [{ id: 'redmond', rules: [{ pattern: '^.*$', translation: '+19999' }] }];
    assert.equal(goes('911', { directory: site({ profiles }) }), 'emergency pstn 911, then pbx 911, then core 911');
  });

  test('an alias of digits rings like an extension, before the rules', () => {
    const directory = site({ users: [user('ada', { aliases: ['5551234'] }), user('bob')] });
    assert.equal(goes('5551234', { directory }), 'user ada');
  });

  test('quick dial: prefix 312080051 and dialled 60 make 31208005160, which is normalised once more', () => {
    const directory = site({ users: [user('bob', { quickDial: { prefix: '312080051' } }), user('ada')] });
    const decision = dial('60', { directory });
    assert.equal(outcomeOf(decision), 'core +31208005160');
    assert.match(says(decision, 'quick-dial'), /60 is completed to 31208005160/);
    assert.equal(goes('60', { directory, from: 'ada' }), 'refused no-rule-matches 404', 'others have no such prefix');
    assert.equal(goes('601', { directory }), 'refused no-rule-matches 404', 'three digits are not short enough');
  });

  test('quick dial is completed once, not again and again', () => {
    const directory = site({ users: [user('bob', { quickDial: { prefix: '77', digits: 2 } })] });
    assert.equal(goes('60', { directory }), 'refused no-rule-matches 404');
    const whole = site({ users: [user('bob', { quickDial: { prefix: '+3120800', digits: 4 } })] });
    assert.equal(goes('5160', { directory: whole }), 'core +31208005160', 'a whole number needs no rule');
  });

  test('no profile match and no quick dial is a refusal', () => {
    assert.equal(goes('77'), 'refused no-rule-matches 404');
  });

  test('a service such as 411 goes out as it is where a route names it', () => {
    const profiles = [{ id: 'redmond', rules: [{ pattern: '^9?([2-8]11)$', translation: '$1' }] }];
    const routes = [{ id: 'services', pattern: '^[2-8]11$', usages: ['any'], gateways: ['pstn'] }];
    assert.equal(goes('9411', { directory: site({ profiles, routes }) }), 'pstn 411');
    assert.equal(goes('9411', { directory: site({ profiles }) }), 'refused no-such-user 404');
  });

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

  test('what ENUM has answered is remembered for as long as its record says', async () => {
    let asked = 0;
    let now = 0;
    const records = async () => {
      asked++;
      return ok([]);
    };
    const dns = rememberingDns(
      { naptr: records, srv: records, a: records, aaaa: records },
      { now: () => now as Instant },
    );
    await dns.naptr(DOMAIN);
    await dns.naptr(DOMAIN);
    assert.equal(asked, 1);
    now = 86_400_000;
    await dns.naptr(DOMAIN);
    assert.equal(asked, 2);
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
});
