/** The exact rules of numbering and routing, sentence by sentence: each test is one of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf, whyOf } from '../../../src/routing/explain.ts';
import type { RoutingFacts } from '../../../src/routing/query.ts';
import { dial, down, goes, PSTN, says, site, user } from '../../support/dial-rules.ts';
import type { Settings } from '../../support/sites.ts';

// ── location profiles ────────────────────────────────────────────────────────────────────────────────────────────────

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
  assert.match(whyOf(decision), /no rule of location profile redmond .* matches 77/);
});

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

test('a pattern that would stall a backtracking matcher costs nothing', () => {
  const rules = [{ pattern: '^(\\d+)+#$', translation: '+1$1' }];
  const directory = site({ profiles: [{ id: 'redmond', rules }] });
  const started = performance.now();
  assert.equal(goes(`${'1'.repeat(63)}`, { directory }), 'refused no-rule-matches 404');
  assert.ok(performance.now() - started < 100);
});

// ── reverse look-up, aliases, quick dial ─────────────────────────────────────────────────────────────────────────────

test('after normalisation a number that is a user’s rings that user, and does not leave', () => {
  assert.equal(goes('5550100'), 'user ada');
  assert.equal(goes('+14255550100', { facts: { unavailable: down('core') } }), 'user ada');
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

test('a service such as 411 goes out as it is where a route names it', () => {
  const profiles = [{ id: 'redmond', rules: [{ pattern: '^9?([2-8]11)$', translation: '$1' }] }];
  const routes = [{ id: 'services', pattern: '^[2-8]11$', usages: ['any'], gateways: ['pstn'] }];
  assert.equal(goes('9411', { directory: site({ profiles, routes }) }), 'pstn 411');
  assert.equal(goes('9411', { directory: site({ profiles }) }), 'refused no-such-user 404');
});

// ── policies × usages × routes ───────────────────────────────────────────────────────────────────────────────────────

const USAGES = {
  policies: [
    { id: 'all', usages: ['good', 'cheap'] },
    { id: 'thrifty', usages: ['cheap', 'good'] },
    { id: 'local', usages: ['local'] },
  ],
  users: [user('ada', { policy: 'thrifty' }), user('bob'), user('eve', { policy: 'local' })],
  routes: [
    { id: 'a', prefixes: ['+1'], usages: ['cheap'], gateways: ['pstn'] },
    { id: 'b', pattern: '^\\+1', usages: ['good'], gateways: ['core'] },
    { id: 'c', pattern: '^\\+1', usages: ['good', 'cheap'], gateways: ['pbx'] },
    { id: 'd', prefixes: ['+1206'], usages: ['local'], gateways: ['core'] },
  ],
};

test('for each usage of the caller in order, for each route with that usage in route order', () => {
  const directory = site(USAGES);
  assert.equal(goes('+12125551234', { directory }), 'core +12125551234, then pbx 2125551234, then pstn 2125551234');
  assert.equal(
    goes('+12125551234', { directory, from: 'ada' }),
    'pstn 2125551234, then pbx 2125551234, then core +12125551234',
  );
});

test('no common usage is 403, no route 404, nothing available 503: three refusals, told apart', () => {
  const directory = site(USAGES);
  assert.equal(goes('+12125551234', { directory, from: 'eve' }), 'refused no-common-usage 403');
  assert.equal(goes('+442071838750', { directory }), 'refused no-route 404');
  const none = { unavailable: down('core', 'pstn', 'pbx') };
  assert.equal(goes('+12125551234', { directory, facts: none }), 'refused no-gateway-available 503');
});

test('on a transfer the transferring user’s policy applies, on a diversion the diverting user’s', () => {
  const directory = site(USAGES);
  const payer = (because: 'transfer' | 'diversion', id: string) => ({ because, user: id });
  const eve = { directory, from: 'eve' };
  assert.equal(goes('+12125551234', { ...eve, payer: payer('transfer', 'bob') }).split(',')[0], 'core +12125551234');
  assert.equal(
    goes('+12125551234', { directory, payer: payer('diversion', 'eve') }),
    'refused no-common-usage 403',
    'he may not do through somebody’s diversion what that one may not',
  );
  assert.equal(
    goes('+12065551234', { directory, from: PSTN, payer: payer('diversion', 'eve') }),
    'core +12065551234',
    'a call from outside leaves again at the diverter’s expense',
  );
});

test('several gateways take turns by a cursor; one call never tries a gateway twice', () => {
  const routes = [
    { id: 'a', prefixes: ['+1'], usages: ['any'], gateways: ['pstn', 'pbx', 'core'] },
    { id: 'b', prefixes: ['+'], usages: ['any'], gateways: ['core', 'pstn'] },
  ];
  const directory = site({ routes });
  const order = (at: number) =>
    goes('+12125551234', { directory, facts: { cursors: new Map([['a', at]]) } }).replace(/ [+\d]+/g, '');
  assert.equal(order(0), 'pstn, then pbx, then core');
  assert.equal(order(1), 'pbx, then core, then pstn');
  assert.equal(order(2), 'core, then pstn, then pbx');
  assert.deepEqual(dial('+12125551234', { directory }).effects[0], { type: 'move-cursor', route: 'a', to: 1 });
});

test('a gateway that is out does not double its neighbour’s share', () => {
  const routes = [{ id: 'a', prefixes: ['+1'], usages: ['any'], gateways: ['pstn', 'pbx', 'core'] }];
  const directory = site({ routes });
  let cursors = new Map<string, number>();
  const first: string[] = [];
  for (let n = 0; n < 6; n++) {
    const decision = dial('+12125551234', { directory, facts: { unavailable: down('pbx'), cursors } });
    first.push(outcomeOf(decision).split(' ')[0] ?? '');
    cursors = new Map(decision.effects.flatMap((one) => (one.type === 'move-cursor' ? [[one.route, one.to]] : [])));
  }
  assert.deepEqual(first, ['pstn', 'core', 'pstn', 'core', 'pstn', 'core']);
});

// ── least cost, ranking ──────────────────────────────────────────────────────────────────────────────────────────────

const LCR = {
  carriers: [
    { id: 'dear', gateways: ['pbx'] },
    { id: 'cheap', gateways: ['core'] },
    { id: 'spare', gateways: ['pstn'] },
  ],
  routes: [
    {
      id: 'out',
      prefixes: ['+1'],
      usages: ['any'],
      carriers: [
        { carrier: 'spare', priority: 2, cost: 0.1 },
        { carrier: 'dear', cost: 3 },
        { carrier: 'cheap', cost: 1 },
      ],
    },
  ],
};

test('prefix → carriers by priority, then cost → gateways: one model with the routes', () => {
  const order = goes('+12125551234', { directory: site(LCR) }).replace(/ [+\d]+/g, '');
  assert.equal(order, 'core, then pbx, then pstn');
  assert.match(says(dial('+12125551234', { directory: site(LCR) }), 'route'), /core \(carrier cheap, cost 1\)/);
});

test('where the operator asks for it: ranked by availability, then quality, then price', () => {
  const [route] = LCR.routes;
  const directory = site({ ...LCR, routes: [{ ...route, ranking: 'best' }] });
  const order = (standing: RoutingFacts['standing']) =>
    goes('+12125551234', { directory, facts: { standing } }).replace(/ [+\d]+/g, '');
  assert.equal(order(new Map()), 'pstn, then core, then pbx', 'all alike: by price');
  const quality = new Map([['pstn', { availability: 1, quality: 0.7 }]]);
  assert.equal(order(quality), 'core, then pbx, then pstn');
  const both = new Map([...quality, ['core', { availability: 0.5, quality: 1 }] as const]);
  assert.equal(order(both), 'pbx, then pstn, then core');
  const chance = new Map([['pstn', { availability: 0.99, quality: 0.99 }]]);
  assert.equal(order(chance), 'pstn, then core, then pbx', 'a hair’s breadth decides nothing');
});

test('number rules act per trunk and direction: expression, strip, prefix, type and plan', () => {
  const spanGroups = [
    {
      id: 'pstn',
      spans: ['t1'],
      out: [
        { pattern: '^\\+1(425\\d{7})$', translation: '$1', numberType: 'national' },
        { pattern: '^\\+44', strip: 2, prefix: '1010288', numberType: 'network', plan: 'private' },
      ],
      in: [{ pattern: '^7(\\d{3})$', translation: '+1425555' + '0$1' }],
    },
    { id: 'pbx', spans: ['t2'] },
  ];
  const routes = [{ id: 'out', prefixes: ['+'], usages: ['any'], gateways: ['pstn'] }];
  const directory = site({ spanGroups, routes });
  const called = (text: string) => {
    const decision = dial(text, { directory });
    assert.ok(decision.type === 'hops' && decision.hops[0]?.type === 'span-group');
    return decision.hops[0].called;
  };
  assert.deepEqual(called('+14255559999'), { digits: '4255559999', type: 'national', plan: 'isdn' });
  assert.deepEqual(called('+442071838750'), { digits: '10102882071838750', type: 'network', plan: 'private' });
  assert.deepEqual(called('+33123456789'), { digits: '33123456789', type: 'international', plan: 'isdn' });
  assert.equal(goes('7100', { directory, from: PSTN }), 'user ada', 'inward, before any profile');
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
