/**
 * The exact rules of numbering and routing, sentence by sentence: each bullet is a `describe`, each sentence of it a test.
 * Here: cut-off, tandem, emergencies. See also exact-rules-numbers, -routes, -parties, -permissions and -wire.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Call } from '../../../src/call/call.ts';
import { DEFAULT_LIMITS } from '../../../src/call/call-words.ts';
import type { CallerNumber } from '../../../src/call/number.ts';
import { clockOf } from '../../../src/config/line.ts';
import type { CallPath } from '../../../src/gateway/call-path.ts';
import { cutOff } from '../../../src/gateway/cut-off.ts';
import { type Instant, seconds } from '../../../src/kernel/time.ts';
import { decide } from '../../../src/routing/decide.ts';
import { outcomeOf } from '../../../src/routing/explain.ts';
import { dial, down, facts, goes, PBX, PSTN, says, site, user } from '../../support/dial-rules.ts';
import { emergencyDesk, phoneAt } from '../../support/emergency-desk.ts';
import { offer } from '../../support/puppet-calls.ts';
import { ANSWER, talking } from '../../support/sip-rig.ts';
import { fullSample, type Settings, siteOf } from '../../support/sites.ts';

describe('cut-off', () => {
  test('maximum duration', () => {
    const call = new Call('c', { leg: 'a', tones: 'ours' }, { ...DEFAULT_LIMITS, duration: seconds(3600) });
    const now = (s: number) => (s * 1000) as Instant;
    call.feed({ type: 'heard', leg: 'a', signal: offer }, now(0));
    call.feed({ type: 'decided', steps: [{ hops: ['x'] }] }, now(0));
    call.feed({ type: 'heard', leg: 'c.b1', signal: ANSWER }, now(10));
    assert.deepEqual(call.wake(now(3609)), []);
    const released = call.wake(now(3610)).find(({ type }) => type === 'released');
    assert.ok(released?.type === 'released' && released.by === 'us' && released.release.cause === 16);
  });

  test('RTP timeout, in each direction by itself', () => {
    const ended: string[] = [];
    // The cut-off asks these two things of the call’s way, and nothing else.
    const path = {
      callOf: () => ({ id: 'c1', talkingSince: 0 }),
      cutOff: (_id: string, why: string) => ended.push(why),
    } as unknown as CallPath;
    const limits = { silenceSeconds: 60 };
    for (const leg of ['c1.a', 'c1.b1']) {
      cutOff(path, leg, { type: 'silent', seconds: 55 }, limits, 90_000 as Instant);
      cutOff(path, leg, { type: 'silent', seconds: 60 }, limits, 90_000 as Instant);
    }
    assert.deepEqual(ended, ['silence', 'silence']);
  });

  test('signalling lost, but never while media is still heard', () => {
    const timer = { sessionTimer: { expires: 120, min: 90 } };
    const { rig, a, b } = talking(timer, timer);
    rig.drop = () => true;
    rig.run(3_600_000);
    assert.deepEqual([a.gone, b.gone], [[], []], 'an hour without a word, and both are heard');
    b.quiet('b1');
    rig.run(12_000);
    assert.equal(b.heard('release').cause, 102);
  });
});

/** The PBX behind us has +1425555 1000 to 1999, the users here the rest. */
const SPLIT = {
  spanGroups: [
    { id: 'pstn', spans: ['t1'], policy: 'in' },
    { id: 'pbx', spans: ['t2'], policy: 'all' },
  ],
  policies: [
    { id: 'all', usages: ['any'] },
    { id: 'in', usages: ['pbx'] },
  ],
  routes: [
    { id: 'pbx', pattern: '^\\+14255551\\d{3}$', usages: ['pbx', 'any'], gateways: ['pbx'] },
    { id: 'out', prefixes: ['+'], usages: ['any'], gateways: ['pstn'] },
  ],
};

describe('tandem', () => {
  test('PBX span to PSTN span, and back by the split of our numbers', () => {
    const directory = site(SPLIT);
    assert.equal(goes('+12125551234', { directory, from: PBX }), 'pstn 2125551234');
    assert.equal(goes('+14255551234', { directory, from: PSTN }), 'pbx 4255551234');
    assert.equal(goes('+14255550100', { directory, from: PSTN }), 'user ada');
    assert.equal(goes('+12125551234', { directory, from: PSTN }), 'refused no-common-usage 403', 'no transit');
  });

  test('each span is user or network side, and has its clock from the line or gives it', () => {
    const { spans } = siteOf({
      ...fullSample(),
      nfas: [],
      spans: (fullSample().spans as Settings[]).map((span, i) => (i === 1 ? { ...span, side: 'network' } : span)),
    });
    const [carrier, pbx] = spans;
    assert.ok(carrier !== undefined && pbx !== undefined);
    assert.deepEqual([carrier.side, clockOf(carrier)], ['user', 'line']);
    assert.deepEqual([pbx.side, clockOf(pbx)], ['network', 'ours']);
  });

  test('a call does not go back where it came from, nor a diversion to who diverted', () => {
    assert.equal(goes('+14255551234', { directory: site(SPLIT), from: PBX }), 'pstn 4255551234');
    const only = [{ id: 'pbx', prefixes: ['+'], usages: ['any'], gateways: ['pbx'] }];
    const { spanGroups } = SPLIT;
    const policies = [{ id: 'all', usages: ['any'] }, { id: 'in' }];
    const directory = site({ spanGroups, policies, routes: only });
    const back = goes('+12125551234', { directory, from: PBX });
    assert.equal(back, 'refused no-gateway-available 503');
    const number = {
      digits: '14255550100',
      type: 'international',
      plan: 'isdn',
      presentation: 'allowed',
      screening: 'passed',
    } as const;
    const users = [user('ada', { number: '+14255550100' }), user('bob', { diversions: { always: { user: 'ada' } } })];
    const redirecting = [{ number, reason: 'busy' as const }];
    assert.equal(goes('bob', { directory: site({ users }), from: 'ada', redirecting }), 'refused diversion-loop 482');
  });
});

const HQ = {
  id: 'hq',
  name: 'Building 1',
  elins: ['+14255550190'],
  subnets: ['10.1.0.0/16'],
  numbers: ['5555'],
  notify: ['bob'],
};
const attached = (over: Settings = {}) =>
  site({
    emergency: { locations: [HQ], ...over },
    profiles: [{ id: 'redmond', rules: [{ pattern: '^(d{10})$', translation: '+1$1' }] }],
  });
/** Nobody whom we know, at a desk of the building. */
const STRANGER = { from: { type: 'unknown' }, address: '10.1.2.3' } as const;

describe('emergency', () => {
  test('numbers per location', () => {
    assert.match(goes('5555', { directory: attached(), ...STRANGER }), /^emergency pstn 5555/);
    assert.match(goes('5555', { directory: attached(), from: 'bob', address: '10.2.0.1' }), /^refused/);
  });

  test('never refused to anyone attached, registered or not, in any mode', () => {
    const nothing = { registered: new Set<string>(), wan: false, unavailable: down('pstn', 'pbx', 'core') };
    for (const from of ['bob', 'gone', { type: 'unknown' }] as const) {
      for (const facts of [{}, nothing])
        assert.match(goes('911', { directory: attached(), from, facts }), /^emergency pstn 911/);
    }
  });

  test('location → ELIN, the callback number', () => {
    const decision = dial('911', { directory: attached(), ...STRANGER });
    assert.ok(decision.type === 'hops');
    assert.deepEqual(
      decision.hops.map(({ caller }) => caller?.digits),
      ['4255550190', '4255550190', '14255550190'],
    );
  });

  test('the callback map is kept 30 minutes, also across a restart', () => {
    const directory = attached();
    const decision = dial('911', { directory, ...STRANGER });
    const before = emergencyDesk(directory);
    before.decided(decision);
    before.ended(decision);
    before.pass(29 * 60_000);
    assert.deepEqual([...before.desk.elins.keys()], ['+14255550190']);
    before.pass(60_000);
    assert.deepEqual([...before.desk.elins.keys()], []);
    const after = emergencyDesk(directory, before.stored(10 * 60_000));
    assert.match(
      goes('4255550190', { directory, from: PSTN, facts: { elins: after.desk.elins } }),
      /^emergency user address 10.1.2.3/,
    );
    assert.deepEqual(after.desk.phone('+14255550190'), phoneAt('192.0.2.77'), 'the very phone');
    after.pass(20 * 60_000);
    assert.deepEqual([...after.desk.elins.keys()], []);
  });

  test('those who are to know are notified, and central is told', () => {
    const { decided, messages, kept } = emergencyDesk(attached());
    decided(dial('911', { directory: attached(), ...STRANGER }));
    assert.deepEqual(messages, [
      'MESSAGE sip:phone@sip:bob@contoso.com: Emergency call to 911 from an unknown caller (address 10.1.2.3 ) at Building 1; call back +14255550190',
    ]);
    const events = kept.flatMap((op) => (op.type === 'event' ? [op.event.id] : []));
    assert.deepEqual(events, ['emergency.call']);
  });

  test('… by a call as well, to whom the place’s announcement is played, whatever they divert or do not want', () => {
    const users = [user('ada', { extension: '201' }), user('bob', { diversions: { doNotDisturb: true } })];
    const announcements = [{ id: 'help', file: 'help.wav', times: 2 }];
    const place = { ...HQ, notify: ['bob', 'ada'], users: ['ada'], announcement: 'help' };
    const directory = site({ users, announcements, emergency: { locations: [place] } });
    const { decided, calls, messages } = emergencyDesk(directory);
    decided(dial('911', { directory, from: 'ada' }));
    assert.deepEqual(
      calls,
      ['user bob hears help, shown 14255550190 “Emergency call, Building 1”'],
      'not who calls himself',
    );
    assert.equal(messages.length, 2);
  });

  test('no test dialling is needed to prove it: a number of the site calls a simulated answering point', () => {
    const directory = attached({ gateways: ['pstn'], test: { number: '933', gateways: ['pbx'] } });
    const decision = dial('933', { directory, from: 'bob', address: '10.1.2.3' });
    assert.equal(outcomeOf(decision), 'pbx 911');
    assert.match(
      says(decision, 'emergency'),
      /the caller is at Building 1, by address 10.1.2.3, called as \+14255550190/,
    );
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
});
