/**
 * The exact rules of numbering and routing, sentence by sentence: each bullet is a `describe`, each sentence of it a test.
 * Here: who is shown, and who may call. See also exact-rules-numbers, -routes, -parties, -calls and -wire.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallerNumber } from '../../../src/call/number.ts';
import { Admission } from '../../../src/gateway/admission.ts';
import { Dispatch, type DispatchParts } from '../../../src/gateway/dispatch.ts';
import { sourceName } from '../../../src/gateway/live-call.ts';
import { trunkOf } from '../../../src/gateway/trunk-identity.ts';
import type { Instant, WallTime } from '../../../src/kernel/time.ts';
import { offerOf, setupOf } from '../../../src/leg/isdn-leg-words.ts';
import { assertedFor, callerOf, fromFor } from '../../../src/leg/sip-leg-identity.ts';
import type { RoutingFacts, Source } from '../../../src/routing/query.ts';
import { Surges } from '../../../src/routing/surge.ts';
import { request, type SipRequest } from '../../../src/sip/message/message.ts';
import { dial, goes, PBX, PSTN, says, site, user } from '../../support/dial-rules.ts';
import { phoneAt } from '../../support/emergency-desk.ts';
import { offer } from '../../support/puppet-calls.ts';
import { SIDE } from '../../support/sip-rig.ts';
import { type Settings, siteOf } from '../../support/sites.ts';

describe('identity', () => {
  test('P-Asserted-Identity counts from a trusted peer, Remote-Party-ID from an old one; Privacy hides the number', () => {
    const invite = (...headers: readonly (readonly [string, string])[]) =>
      request('INVITE', 'sip:100@a.example', [['From', '<sip:4711@far.example>;tag=1'], ...headers]);
    const of = (message: SipRequest, trusted = true) => {
      const { number } = callerOf(message, { ...SIDE, trusted }, undefined);
      return `${number?.digits} ${number?.presentation} ${number?.screening}`;
    };
    const asserted = ['P-Asserted-Identity', '<sip:+14255550111@far.example>'] as const;
    assert.equal(of(invite(asserted)), '14255550111 allowed network');
    assert.equal(of(invite(asserted), false), '4711 allowed not-screened', 'a stranger only says so');
    assert.equal(of(invite(asserted, ['Privacy', 'id'])), '14255550111 restricted network');
    const old = ['Remote-Party-ID', '<sip:+14255550122@far.example>;party=calling;privacy=full;screen=yes'] as const;
    assert.equal(of(invite(old)), '14255550122 restricted network');
    const side = { ...SIDE, identity: 'remote-party-id' } as const;
    const { number } = callerOf(invite(asserted), SIDE, undefined);
    assert.equal(assertedFor(number, undefined, side, 'calling')[0]?.[0], 'Remote-Party-ID', 'and so to an old one');
  });

  test('From must be who the digest credentials prove', () => {
    const asked = (from: string) => {
      const message = request('INVITE', 'sip:5551234@contoso.com', [
        ['From', `<${from}>;tag=1`],
        ['To', '<sip:5551234@contoso.com>'],
      ]);
      const said: string[] = [];
      // It asks its parts for nothing else on the way of an INVITE.
      const parts = {
        reactor: { clock: { now: () => 0 } },
        random: { bytes: (n: number) => new Uint8Array(n) },
        digest: { verify: () => ({ type: 'proven', user: 'ada' }) },
        directory: () => site(),
        capabilities: { methods: ['INVITE'], extensions: [], contentTypes: [] },
        algorithms: () => [],
        trunkAt: () => undefined,
        unfit: () => undefined,
        respond: (_transaction: string, _request: unknown, status: number) => said.push(`${status}`),
        invite: (_transaction: string, _request: unknown, _flow: unknown, source: Source) =>
          said.push(sourceName(source)),
      };
      new Dispatch(parts as unknown as DispatchParts).request('t', message, phoneAt('192.0.2.50').flow, false);
      return said.join();
    };
    assert.equal(asked('sip:ada@contoso.com'), 'user ada');
    assert.equal(asked('sip:+14255550100@contoso.com'), 'user ada', 'by her own number');
    assert.equal(asked('sip:anonymous@anonymous.invalid'), 'user ada');
    assert.equal(asked('sip:bob@contoso.com'), '403');
  });

  test('presentation and screening map to the ISDN calling-party number, both ways', () => {
    for (const presentation of ['allowed', 'restricted'] as const) {
      for (const screening of ['passed', 'network', 'not-screened'] as const) {
        const caller: CallerNumber = {
          digits: '14255550111',
          type: 'international',
          plan: 'isdn',
          presentation,
          screening,
        };
        const setup = setupOf({ ...offer, caller }, { type: 'any', order: 'ascending', exclusive: true }, 'ulaw');
        assert.deepEqual(setup.caller, caller);
        const heard = offerOf({ ...setup, channel: { span: 't1', slot: 1 } } as never).caller;
        assert.deepEqual(heard, caller);
        const words = assertedFor(heard, undefined, SIDE, 'calling').map(([name]) => name);
        assert.deepEqual(words, ['P-Asserted-Identity', ...(presentation === 'allowed' ? [] : ['Privacy'])]);
        assert.equal(
          fromFor({ ...offer, caller: heard }, SIDE).uri.includes('14255550111'),
          presentation === 'allowed',
        );
      }
    }
  });

  test('a trusted peer is known by its certificate, or by address and transport', () => {
    const trunks = siteOf({
      site: { name: 'Contoso', domain: 'contoso.com', profile: 'redmond' },
      sip: {
        listen: ['udp', 'tls'].map((transport, i) => ({ transport, address: '192.0.2.1', port: 5060 + i })),
        tls: { certificate: 'box.pem', key: 'box.key', ca: 'ca.pem' },
      },
      sipTrunks: [
        { id: 'core', address: '192.0.2.9', transport: 'tls', certificateName: 'core.example' },
        { id: 'peer', address: '192.0.2.10', transport: 'udp' },
      ],
      profiles: [{ id: 'redmond', rules: [{ pattern: '^(d{7})$', translation: '+1425$1' }] }],
    });
    const from = (transport: 'tls' | 'udp', address: string, certificate?: string) => {
      const { flow } = phoneAt(address);
      const known = trunkOf({ ...flow, transport }, trunks, (name) => name === certificate);
      return known === undefined ? undefined : `${known.id} by ${known.proof}`;
    };
    assert.equal(from('tls', '198.51.100.7', 'core.example'), 'core by certificate');
    assert.equal(from('tls', '192.0.2.9', 'another.example'), undefined, 'its address does not help it');
    assert.equal(from('udp', '192.0.2.10'), 'peer by address');
    assert.equal(from('tls', '192.0.2.10'), undefined, 'another transport');
  });

  test('call limits and anomaly alarms stay on even for trusted peers', () => {
    const told: string[] = [];
    const room = new Admission(
      () => ({ calls: 10, callsPerUser: 10, callsThrough: () => 1 }),
      (gateway) => told.push(gateway),
    );
    const core = { type: 'sip-trunk', id: 'core' } as const;
    const decision = dial('+14255550100', { from: core });
    assert.equal(room.admit('a', core, decision, 1), undefined);
    assert.equal(room.admit('b', core, decision, 2), 'gateway-full');
    assert.deepEqual(told, ['core', 'core']);
    const surges = new Surges();
    const alarms = Array.from({ length: 40 }, () => surges.called('core', 0 as Instant)).filter(
      (one) => one !== undefined,
    );
    assert.equal(alarms.length, 1);
  });

  test('a trusted peer that is known by its address alone is flagged as weak', () => {
    const decision = dial('+14255550100', { from: { type: 'sip-trunk', id: 'core' } });
    assert.match(says(decision, 'source'), /weak proof/);
  });

  test('own number, main number, withheld: what a trunk shows, and that we vouch for it', () => {
    const shown = (rule: Settings, from: string, presentation: CallerNumber['presentation'] = 'allowed') => {
      const sipTrunks = [{ id: 'core', address: '192.0.2.9', ...rule }];
      const caller = {
        digits: '1',
        type: 'unknown',
        plan: 'unknown',
        presentation,
        screening: 'not-screened',
      } as const;
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

  test('inbound is closed by default: it may not leave again, unless the trunk has a policy', () => {
    const routes = [{ id: 'out', prefixes: ['+'], gateways: ['core'] }];
    const directory = site({ routes, policies: [{ id: 'all' }] });
    assert.equal(goes('+12125551234', { directory, from: PSTN }), 'refused number-not-ours 404');
    assert.equal(goes('+12125551234', { directory, from: PBX }), 'core +12125551234');
    assert.equal(goes('+12125551234', { directory, from: { type: 'unknown' } }), 'refused source-unknown 403');
  });
});

describe('authorisation', () => {
  test('outward: PSTN access, administrative block, barring, concurrent calls, quota', () => {
    const numberLists = [{ id: 'premium', patterns: ['^\\+1900'] }];
    const bob = (settings: Settings, text = '+12125551234', facts: Partial<RoutingFacts> = {}) =>
      goes(text, { directory: site({ numberLists, users: [user('ada'), user('bob', settings)] }), facts });
    assert.equal(bob({}), 'core +12125551234');
    assert.equal(bob({ pstn: false }), 'refused no-pstn-access 403');
    assert.equal(bob({ pstn: false }, 'ada'), 'user ada', 'a colleague is no PSTN');
    assert.equal(bob({ blocked: true }, 'ada'), 'refused user-blocked 403');
    assert.equal(bob({ barred: ['premium'] }, '+19005551234'), 'refused number-barred 403');
    assert.equal(bob({ barred: ['premium'] }), 'core +12125551234');
    assert.equal(bob({ callsAtOnce: 2 }, undefined, { callsNow: new Map([['bob', 2]]) }), 'refused too-many-calls 403');
    const day = { day: '1970-01-01', dayCalls: 5, daySeconds: 600, month: '1970-01', monthCalls: 5, monthSeconds: 600 };
    const spent = { spent: new Map([['bob', day]]) };
    assert.equal(bob({ quota: { per: 'day', calls: 5 } }, undefined, spent), 'refused quota-calls 403');
    assert.equal(bob({ quota: { per: 'day', minutes: 10 } }, undefined, spent), 'refused quota-minutes 403');
    assert.equal(bob({ quota: { per: 'day', calls: 6, minutes: 11 } }, undefined, spent), 'core +12125551234');
  });

  test('inward: source, block, accept and reject by caller, time of day', () => {
    const numberLists = [
      { id: 'nuisance', patterns: ['666$'] },
      { id: 'friends', patterns: ['^\\+1206'] },
    ];
    const hours = [{ days: ['mon'], from: '08:00', to: '17:00' }];
    const calls = (inward: Settings, digits = '2065550666', at = Date.UTC(2026, 10, 23, 12)) => {
      const spanGroups = [
        { id: 'pstn', spans: ['t1'], inward },
        { id: 'pbx', spans: ['t2'] },
      ];
      const directory = site({ numberLists, calendars: [{ id: 'office', hours }], spanGroups });
      const caller = { digits, type: 'national', plan: 'isdn', presentation: 'allowed', screening: 'network' } as const;
      return goes('+14255550100', { directory, from: PSTN, caller, facts: { at: at as WallTime } });
    };
    assert.equal(calls({}), 'user ada');
    assert.equal(calls({ blocked: true }), 'refused gateway-blocked 403');
    assert.equal(calls({ reject: ['nuisance'] }), 'refused caller-rejected 403');
    assert.equal(calls({ accept: ['friends'] }), 'user ada');
    assert.equal(calls({ accept: ['friends'] }, '2125550100'), 'refused caller-not-accepted 403');
    assert.equal(calls({ hours: 'office' }), 'user ada', 'a Monday at noon');
    assert.equal(calls({ hours: 'office' }, '2065550666', Date.UTC(2026, 10, 22, 12)), 'refused outside-hours 480');
    assert.equal(goes('+14255550100', { from: { type: 'unknown' } }), 'refused source-unknown 403');
  });
});
