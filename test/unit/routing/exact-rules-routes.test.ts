/**
 * The exact rules of numbering and routing, sentence by sentence: each bullet is a `describe`, each sentence of it a test.
 * Here: from a number to gateways. See also exact-rules-numbers, -parties, -permissions, -calls and -wire.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ourRelease } from '../../../src/call/call.ts';
import { CAUSE, causeOf } from '../../../src/call/cause.ts';
import { mayTryNext } from '../../../src/call/next-hop.ts';
import type { Release } from '../../../src/call/signal.ts';
import { Admission } from '../../../src/gateway/admission.ts';
import type { Instant } from '../../../src/kernel/time.ts';
import { releaseOfSilence } from '../../../src/leg/sip-leg-release.ts';
import { outcomeOf } from '../../../src/routing/explain.ts';
import type { RoutingFacts } from '../../../src/routing/query.ts';
import { outcomeOf as outcomeOfHop, Throttle, type ThrottleEvent } from '../../../src/routing/throttle.ts';
import { dial, down, goes, PSTN, says, site, user } from '../../support/dial-rules.ts';

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

describe('phone usages', () => {
  test('for each usage of the caller in order, for each route with that usage in route order', () => {
    const directory = site(USAGES);
    assert.equal(goes('+12125551234', { directory }), 'core +12125551234, then pbx 2125551234, then pstn 2125551234');
    assert.equal(
      goes('+12125551234', { directory, from: 'ada' }),
      'pstn 2125551234, then pbx 2125551234, then core +12125551234',
    );
  });

  test('inside one usage: route order, then cost, then health', () => {
    const carriers = [
      { id: 'dear', gateways: ['core'] },
      { id: 'cheap', gateways: ['pbx', 'pstn'] },
    ];
    const routes = [
      { id: 'first', prefixes: ['+1212'], usages: ['any'], gateways: ['core'] },
      {
        id: 'second',
        prefixes: ['+1'],
        usages: ['any'],
        carriers: [
          { carrier: 'dear', cost: 3 },
          { carrier: 'cheap', cost: 1 },
        ],
      },
    ];
    const directory = site({ carriers, routes });
    assert.equal(goes('+12125551234', { directory }), 'core +12125551234, then pbx 2125551234, then pstn 2125551234');
    const facts = { unavailable: down('pbx') };
    assert.equal(goes('+12125551234', { directory, facts }), 'core +12125551234, then pstn 2125551234');
    assert.equal(goes('+12065551234', { directory }), 'pbx 2065551234, then pstn 2065551234, then core +12065551234');
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
});

describe('gateways of a route', () => {
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

  test('the cursor is the route’s by its name, so that a reload goes on where it stood', () => {
    const routes = [{ id: 'a', prefixes: ['+1'], usages: ['any'], gateways: ['pstn', 'pbx', 'core'] }];
    const [effect] = dial('+12125551234', { directory: site({ routes }) }).effects;
    assert.ok(effect?.type === 'move-cursor');
    const after = site({ routes: [{ ...routes[0], prefixes: ['+1', '+44'] }] });
    const facts = { cursors: new Map([[effect.route, effect.to]]) };
    assert.match(goes('+12125551234', { directory: after, facts }), /^pbx/);
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
});

describe('a gateway that fails', () => {
  test('ten failures in a row take it off the list for 1, 2, 4 … 60 minutes', () => {
    const throttle = new Throttle();
    const periods: number[] = [];
    let now = 0;
    for (let failures = 0; periods.length < 8; failures++) {
      assert.ok(failures < 100);
      throttle.wake(now as Instant);
      const [effect] = throttle.feed({ type: 'outcome', gateway: 'a', outcome: 'failed' }, now as Instant);
      if (effect?.type !== 'throttled') continue;
      assert.ok(failures >= 9, 'nine are bad luck');
      periods.push(effect.period / 60_000);
      now = effect.until;
    }
    assert.deepEqual(periods, [1, 2, 4, 8, 16, 32, 60, 60]);
  });

  test('probing goes on meanwhile, and the first positive answer restores it', () => {
    const throttle = new Throttle();
    const feed = (event: ThrottleEvent, now: number) => throttle.feed(event, now as Instant).map(({ type }) => type);
    for (let n = 0; n < 10; n++) feed({ type: 'outcome', gateway: 'a', outcome: 'failed' }, 0);
    assert.deepEqual(
      throttle.wake(30_000 as Instant).map(({ type }) => type),
      ['probe'],
    );
    assert.deepEqual(feed({ type: 'probed', gateway: 'a', alive: false }, 30_000), []);
    assert.deepEqual(feed({ type: 'probed', gateway: 'a', alive: true }, 60_000), ['restored']);
    assert.equal(throttle.out.size, 0);
  });

  test('all gateways of all routes out: the call is refused, and the caller is told', () => {
    const everything = { unavailable: down('core', 'pstn', 'pbx') };
    const directory = site({
      routes: [{ id: 'out', prefixes: ['+'], usages: ['any'], gateways: ['core', 'pstn', 'pbx'] }],
    });
    assert.equal(goes('+12125551234', { directory, facts: everything }), 'refused no-gateway-available 503');
  });

  test('an emergency ignores throttling, policy and limits, and tries everything', () => {
    const directory = site({ policies: [{ id: 'all', usages: [] }], routes: [] });
    const everythingDown = { unavailable: down('pstn', 'pbx', 'core'), wan: false, registered: new Set<string>() };
    for (const from of ['bob', 'gone', { type: 'unknown' } as const]) {
      const outcome = goes('911', { directory, from, facts: everythingDown });
      assert.equal(outcome, 'emergency pstn 911, then pbx 911, then core 911');
    }
  });

  test('nor do the limits of the box, a user or a gateway hold an emergency back', () => {
    const full = new Admission(
      () => ({ calls: 0, callsPerUser: 0, callsThrough: () => 0 }),
      () => {},
    );
    const [emergency, ordinary] = [dial('911'), dial('+12125551234')];
    assert.ok(emergency.type === 'hops' && ordinary.type === 'hops');
    const source = { type: 'user', id: 'bob' } as const;
    assert.equal(full.admit('a', source, emergency, 5), undefined);
    assert.equal(full.admit('b', source, ordinary, 5), 'box-full');
    for (const hop of emergency.hops) assert.ok(hop.type !== 'user' && full.dial('c', hop, true));
    for (const hop of ordinary.hops) assert.ok(hop.type !== 'user' && !full.dial('d', hop, false));
  });
});

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

describe('least-cost routing', () => {
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
});

/** A final answer that was heard on SIP. */
const answered = (status: number): Release => ({
  ...ourRelease(CAUSE.normalClearing),
  origin: { protocol: 'sip', status, reason: 'x', headers: [] },
});

describe('next hop or stop', () => {
  test('the next hop is tried on transport failure, timeout, 5xx, a 408 without a provisional, and by the cause', () => {
    const causes = Array.from({ length: 127 }, (_, i) => i + 1);
    const byCause = causes.filter((cause) => mayTryNext(ourRelease(causeOf(cause)), true));
    assert.deepEqual(byCause, [27, 34, 38, 41, 42, 44, 47, 102], '102: a timer has expired');
    assert.ok(mayTryNext(releaseOfSilence(503, CAUSE.temporaryFailure), false), 'transport failure');
    assert.ok(mayTryNext(releaseOfSilence(408, CAUSE.timerExpiry), false), 'timeout');
    for (const status of [500, 503, 599]) assert.ok(mayTryNext(answered(status), true));
    assert.ok(mayTryNext(answered(408), false) && !mayTryNext(answered(408), true));
  });

  test('it stops on 1, 17, 18, 19, 21, 22, 28, other 4xx and 6xx', () => {
    for (const cause of [1, 17, 18, 19, 21, 22, 28])
      assert.ok(!mayTryNext(ourRelease(causeOf(cause)), false), `${cause}`);
    for (const status of [400, 403, 404, 480, 486, 487, 600, 603])
      assert.ok(!mayTryNext(answered(status), false), `${status}`);
  });

  test('only no answer at all, a 5xx or a D-channel that is down count toward the throttle', () => {
    const of = (release: Release, heard: boolean, up = true) => outcomeOfHop(release, heard, up);
    assert.equal(of(releaseOfSilence(408, CAUSE.timerExpiry), false), 'failed');
    assert.equal(of(answered(500), true), 'failed');
    assert.equal(of(ourRelease(CAUSE.networkOutOfOrder), false, false), 'failed');
    for (const status of [404, 408, 486, 603]) assert.equal(of(answered(status), true), 'good', `${status}`);
    assert.equal(of(ourRelease(CAUSE.noChannel), false), 'neither', 'we had no channel for it');
  });
});
