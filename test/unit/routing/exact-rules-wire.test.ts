/**
 * The exact rules of numbering and routing, sentence by sentence: each bullet is a `describe`, each sentence of it a test.
 * Here: early media and causes, on both wires. See also exact-rules-numbers, -routes, -parties, -permissions and -calls.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Call, ourRelease } from '../../../src/call/call.ts';
import { causeOf } from '../../../src/call/cause.ts';
import type { LegEffect } from '../../../src/call/leg.ts';
import type { Signal } from '../../../src/call/signal.ts';
import type { CallRequest } from '../../../src/isdn/q931/primitives.ts';
import type { Instant } from '../../../src/kernel/time.ts';
import { causeOfStatus, statusOfCause } from '../../../src/leg/cause-table.ts';
import { IsdnLeg } from '../../../src/leg/isdn-leg.ts';
import { refusalOf, releaseOfResponse } from '../../../src/leg/sip-leg-release.ts';
import { type HeaderPairs, request, responseTo, type SipResponse } from '../../../src/sip/message/message.ts';
import { offer } from '../../support/puppet-calls.ts';
import { offerOf as offerTo, pair } from '../../support/sip-rig.ts';

const ISDN_IN_BAND = [{ location: 'public-local', description: 8 }] as const;
const now = 0 as Instant;
/** What an ISDN leg says to the call and sends on the D-channel. */
const words = (effects: readonly LegEffect<CallRequest>[]): readonly string[] =>
  effects.flatMap((effect) => {
    if (effect.type === 'say')
      return [`${effect.signal.type}${'inBand' in effect.signal && effect.signal.inBand ? ' in band' : ''}`];
    if (effect.type !== 'wire') return [];
    const { message } = effect;
    const progress = 'progress' in message ? (message.progress ?? []).map(({ description }) => ` ${description}`) : [];
    return [`${message.type}${progress.join('')}`];
  });
/** What a SIP caller gets while the call tells our leg so. */
function sipHears(...signals: readonly Signal[]): readonly string[] {
  const { rig, a, b } = pair({ reliable: 'off' }, { reliable: 'off' });
  a.call(b, offerTo());
  rig.run(50);
  rig.ladder.length = 0;
  for (const signal of signals) {
    b.tell('b1', signal);
    rig.run(50);
  }
  return rig.ladder.filter((line) => line.startsWith('b → a'));
}

describe('early media', () => {
  test('PRI → SIP: CALL PROCEEDING at once', () => {
    const call = new Call('c', { leg: 'a', tones: 'ours' });
    call.feed({ type: 'heard', leg: 'a', signal: offer }, now);
    const [first] = call.feed({ type: 'decided', steps: [{ hops: ['x'] }] }, now);
    assert.deepEqual(first, { type: 'tell', leg: 'a', signal: { type: 'proceed' } });
    assert.deepEqual(words(new IsdnLeg().tell({ type: 'proceed' }, now)), ['proceeding']);
  });

  test('PRI → SIP: 180 is ALERTING with progress indicator 8, and our tone', () => {
    const call = new Call('c', { leg: 'a', tones: 'ours' });
    call.feed({ type: 'heard', leg: 'a', signal: offer }, now);
    call.feed({ type: 'decided', steps: [{ hops: ['x'] }] }, now);
    const effects = call.feed({ type: 'heard', leg: 'c.b1', signal: { type: 'alert', inBand: false } }, now);
    assert.deepEqual(
      effects.find(({ type }) => type === 'media'),
      {
        type: 'media',
        command: { type: 'play', leg: 'a', tone: 'ringback' },
      },
    );
    assert.deepEqual(words(new IsdnLeg().tell({ type: 'alert', inBand: true }, now)), ['alerting 8']);
  });

  test('PRI → SIP: 183 with SDP is PROGRESS with 8', () => {
    const { rig, a, b } = pair();
    a.call(b, offerTo());
    rig.run(50);
    b.tell('b1', { type: 'progress', inBand: true, cause: undefined });
    rig.run(50);
    const heard = a.heard('progress');
    assert.equal(heard.inBand, true);
    assert.deepEqual(words(new IsdnLeg().tell(heard, now)), ['progress 8']);
  });

  test('SIP → PRI: a bare ALERTING is 180', () => {
    const leg = new IsdnLeg();
    leg.tell(offer, now);
    assert.deepEqual(words(leg.hear({ type: 'alerting', progress: [], elements: [] }, now)), ['alert']);
    assert.deepEqual(sipHears({ type: 'alert', inBand: false }), ['b → a 180 INVITE']);
  });

  test('SIP → PRI: indicator 1 or 8 is heard, as 183 with SDP', () => {
    for (const description of [1, 8]) {
      const leg = new IsdnLeg();
      leg.tell(offer, now);
      const progress = [{ location: 'public-local', description }] as const;
      assert.deepEqual(words(leg.hear({ type: 'alerting', progress, elements: [] }, now)), ['alert in band']);
    }
    for (const line of [
      sipHears({ type: 'alert', inBand: true })[0],
      sipHears({ type: 'progress', inBand: true, cause: undefined })[0],
    ]) {
      assert.match(line ?? '', /^b → a 183 INVITE \+sdp/);
    }
  });

  test('SIP → PRI: DISCONNECT with 8 is heard before the release', () => {
    const leg = new IsdnLeg();
    leg.tell(offer, now);
    leg.hear({ type: 'channel', channel: { span: 't1', slot: 3 } }, now);
    leg.hear({ type: 'proceeding', progress: [] }, now);
    const cause = { cause: causeOf(1), location: 'public-local', diagnostics: undefined } as const;
    const disconnect = { type: 'disconnect', cause, progress: ISDN_IN_BAND, elements: [] } as const;
    assert.deepEqual(words(leg.hear(disconnect, now)), ['progress in band']);
    const later = leg.deadline;
    assert.ok(later !== undefined && later > now);
    assert.deepEqual(words(leg.wake(later))[0], 'release');
  });
});

describe('causes', () => {
  const response = (status: number, headers: HeaderPairs = []): SipResponse =>
    responseTo(request('INVITE', 'sip:x', []), status, { headers });

  test('one table both ways, and the site’s own rows go before it', () => {
    assert.equal(statusOfCause(causeOf(17), 'public-remote'), 486);
    assert.equal(causeOfStatus(486), 17);
    const own = { toSip: new Map([[17, 600]]), toQ850: new Map([[486, 21]]) };
    assert.equal(refusalOf(ourRelease(causeOf(17)), own).status, 600);
    assert.equal(releaseOfResponse(response(486), own).cause, 21);
  });

  test('Reason goes both ways', () => {
    const heard = releaseOfResponse(response(480, [['Reason', 'Q.850;cause=20']]));
    assert.equal(heard.cause, 20);
    assert.deepEqual(refusalOf(ourRelease(causeOf(20))).headers, [['Reason', 'Q.850;cause=20;location=LPN']]);
  });

  test('SIP refuses unrestricted digital bearers with 65', () => {
    const { a } = pair();
    const { id } = a.newLeg({ uri: 'sip:100@10.0.0.2', domain: 'x', routes: [] });
    a.tell(id, offerTo({ bearer: { capability: 'unrestricted', law: undefined } }));
    assert.equal(a.heard('release').cause, 65);
  });
});
