import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourRelease } from '../../../src/call/call.ts';
import { CAUSE } from '../../../src/call/cause.ts';
import { toLatin1 } from '../../../src/kernel/bytes.ts';
import type { HeaderPairs } from '../../../src/sip/message/message.ts';
import { RawPeer, sdp } from '../../support/sip-raw.ts';
import { ANSWER, offerOf, type Party, pair, releaseOf, type SipRig } from '../../support/sip-rig.ts';

/** A raw peer in a call with a1, which a1 has answered. */
function answered(): { rig: SipRig; a: Party; raw: RawPeer; refer: (headers: HeaderPairs) => number } {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { body: sdp() });
  rig.run(50);
  a.tell('a1', ANSWER);
  rig.run(50);
  raw.ack(raw.response('INVITE'));
  rig.run(50);
  const refer = (headers: HeaderPairs): number => {
    raw.send('REFER', { headers });
    rig.run(50);
    return raw.response('REFER').status;
  };
  return { rig, a, raw, refer };
}

const to = (uri: string): HeaderPairs => [['Refer-To', `<${uri}>`]];

/** What the last NOTIFY says. */
function notified(raw: RawPeer): string {
  const { message } = raw.last('NOTIFY');
  raw.reply('NOTIFY', 200);
  const { headers } = message;
  assert.equal(headers.get('Content-Type'), 'message/sipfrag;version=2.0');
  return `${toLatin1(message.body).trim()}, ${headers.get('Subscription-State')}, ${headers.get('Event')}`;
}

test('REFER: 202, NOTIFY 100, then 180 and 200, all of them in its subscription (RFC 3515)', () => {
  const { rig, a, raw, refer } = answered();
  assert.equal(refer(to('sip:203@10.0.0.1;method=INVITE')), 202);
  assert.deepEqual(a.said.at(-1)?.signal, {
    type: 'transfer',
    target: 'sip:203@10.0.0.1',
    called: { digits: '203', type: 'unknown', plan: 'unknown' },
    replaces: undefined,
  });
  assert.equal(notified(raw), 'SIP/2.0 100 Trying, active;expires=300, refer;id=2');
  assert.equal(refer(to('sip:204@10.0.0.1')), 491, 'one at a time');
  a.tell('a1', { type: 'transferring' });
  rig.run(50);
  assert.equal(notified(raw), 'SIP/2.0 180 Ringing, active;expires=300, refer;id=2');
  a.tell('a1', { type: 'transferred', failure: undefined });
  rig.run(50);
  assert.equal(notified(raw), 'SIP/2.0 200 OK, terminated;reason=noresource, refer;id=2');
  a.tell('a1', { type: 'transferring' });
  rig.run(50);
  assert.equal(raw.count('NOTIFY'), 3, 'nothing follows the outcome');
});

test('a transfer that fails says how, as the target said it, and another may follow', () => {
  const { rig, a, raw, refer } = answered();
  refer(to('tel:+12145550203'));
  a.tell('a1', { type: 'transferred', failure: ourRelease(CAUSE.userBusy) });
  rig.run(50);
  assert.match(notified(raw), /^SIP\/2\.0 486 Busy Here, terminated/);
  const origin = { protocol: 'sip', status: 603, reason: 'Decline', headers: [] } as const;
  assert.equal(refer(to('sip:203@10.0.0.1')), 202);
  a.tell('a1', { type: 'transferred', failure: { ...ourRelease(CAUSE.rejected), origin } });
  rig.run(50);
  assert.match(notified(raw), /^SIP\/2\.0 603 .*id=3$/);
});

test('Refer-Sub: false is answered so, and brings no NOTIFY (RFC 4488)', () => {
  const { rig, a, raw, refer } = answered();
  assert.equal(refer([...to('sip:203@10.0.0.1'), ['Refer-Sub', 'false'], ['Require', 'norefersub']]), 202);
  assert.equal(raw.response('REFER').headers.get('Refer-Sub'), 'false');
  a.tell('a1', { type: 'transferred', failure: undefined });
  rig.run(50);
  assert.equal(raw.count('NOTIFY'), 0);
});

test('a NOTIFY that is refused, or lost, does not cost the call', () => {
  for (const status of [481, 405, undefined]) {
    const { rig, a, raw, refer } = answered();
    refer(to('sip:203@10.0.0.1'));
    if (status !== undefined) raw.reply('NOTIFY', status);
    rig.run(40_000);
    assert.deepEqual(a.gone, [], `after ${status ?? 'silence'}`);
    a.tell('a1', releaseOf(16));
    rig.run(50);
    raw.reply('BYE', 200);
    rig.run(50);
    assert.deepEqual(a.gone, ['a1']);
  }
});

test('a REFER that asks for what can not be done is refused, and nobody is told', () => {
  const { a, refer } = answered();
  const said = a.said.length;
  assert.equal(refer([]), 400);
  assert.equal(refer([['Refer-To', '<sip:203@10.0.0.1>, <sip:204@10.0.0.1>']]), 400);
  assert.equal(refer(to('mailto:bob@example.com')), 416);
  assert.equal(refer(to('sip:203@10.0.0.1;method=BYE')), 501);
  assert.equal(refer(to('sip:203@10.0.0.1?Replaces=nonsense')), 400);
  assert.equal(refer([['Refer-To', '<<<']]), 400);
  assert.equal(a.said.length, said);
});

test('Replaces stands in Refer-To unescaped in the signal, and goes out in the INVITE of a call that carries it', () => {
  const { a, refer } = answered();
  refer(to('sip:203@10.0.0.1?Replaces=c%40x%3Bto-tag%3D1%3Bfrom-tag%3D2'));
  const signal = a.said.at(-1)?.signal;
  assert.equal(signal?.type === 'transfer' ? signal.replaces : undefined, 'c@x;to-tag=1;from-tag=2');
  const other = pair();
  const raw = new RawPeer(other.b);
  other.a.call(other.b, offerOf({ replaces: 'c@x;to-tag=1;from-tag=2' }));
  other.rig.run(50);
  const { headers } = raw.last('INVITE').message;
  assert.deepEqual([headers.get('Replaces'), headers.get('Require')], ['c@x;to-tag=1;from-tag=2', 'replaces']);
});

test('who hangs up right after the 202 is let go', () => {
  const { rig, a, raw, refer } = answered();
  refer(to('sip:203@10.0.0.1'));
  raw.send('BYE');
  rig.run(50);
  assert.equal(raw.response('BYE').status, 200);
  assert.deepEqual(a.gone, ['a1']);
});
