import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Offer, Release } from '../../../src/call/signal.ts';
import { byeFromRecord, recordFromJson } from '../../../src/leg/sip-leg-record.ts';
import { reasons, refusalOf, releaseOfRequest, releaseOfResponse } from '../../../src/leg/sip-leg-release.ts';
import { type HeaderPairs, request, responseTo, type SipResponse } from '../../../src/sip/message/message.ts';
import { RawPeer, sdp } from '../../support/sip-raw.ts';
import { ANSWER, offerOf, pair, releaseOf, talking } from '../../support/sip-rig.ts';

const response = (status: number, headers: HeaderPairs = []): SipResponse =>
  responseTo(request('INVITE', 'sip:x', []), status, { headers });

const release = (cause: number, parts: Partial<Release> = {}): Release =>
  ({ type: 'release', cause, location: 'user', origin: undefined, ...parts }) as Release;

test('a Q.850 Reason wins over the status, another protocol of Reason does not (RFC 3326, 6432)', () => {
  assert.equal(releaseOfResponse(response(480, [['Reason', 'Q.850;cause=19;text="no answer"']])).cause, 19);
  assert.equal(releaseOfResponse(response(480, [['Reason', 'SIP;cause=302']])).cause, 18);
  assert.equal(releaseOfResponse(response(480, [['Reason', 'SIP;cause=302, q.850 ;cause=1']])).cause, 1);
  for (const wrong of ['Q.850', 'Q.850;cause=0', 'Q.850;cause=200', 'Q.850;cause=x', 'Q.850;cause']) {
    assert.equal(releaseOfResponse(response(486, [['Reason', wrong]])).cause, 17, wrong);
  }
});

test('a BYE or CANCEL is normal clearing unless its Reason says otherwise', () => {
  const bye = (headers: HeaderPairs): Release => releaseOfRequest(request('BYE', 'sip:x', headers));
  assert.deepEqual([bye([]).cause, bye([]).location], [16, 'user']);
  const told = bye([['Reason', 'Q.850;cause=38;location=TN']]);
  assert.deepEqual([told.cause, told.location], [38, 'transit']);
});

test('488 goes by its Warning, 3xx is redirection', () => {
  assert.equal(releaseOfResponse(response(488, [['Warning', '305 x "no codec"']])).cause, 65);
  assert.equal(releaseOfResponse(response(488)).cause, 31);
  assert.equal(releaseOfResponse(response(302, [['Contact', '<sip:b@x>']])).cause, 23);
});

test('a cause is told as a status and as a Reason with its place (RFC 8606)', () => {
  assert.deepEqual(refusalOf(release(17)), { status: 486, headers: [['Reason', 'Q.850;cause=17;location=U']] });
  assert.equal(refusalOf(release(21)).status, 603);
  assert.equal(refusalOf(release(21, { location: 'public-local' })).status, 403);
});

test('a refusal of one SIP leg is repeated by the other with what it carried, a challenge is not', () => {
  const heard = response(302, [
    ['Contact', '<sip:b@x>'],
    ['Warning', '399 x "moved"'],
    ['Server', 'other'],
  ]);
  const repeated = refusalOf(releaseOfResponse(heard));
  assert.equal(repeated.status, 302);
  assert.deepEqual(repeated.headers, [
    ['Contact', '<sip:b@x>'],
    ['Warning', '399 x "moved"'],
    ['Reason', 'Q.850;cause=23;location=U'],
  ]);
  assert.equal(refusalOf(releaseOfResponse(response(606))).status, 606);
  for (const challenge of [401, 407]) assert.equal(refusalOf(releaseOfResponse(response(challenge))).status, 603);
});

test('how long somebody else is overloaded is not said of us: the caller would leave us alone for so long (RFC 3261 16.7)', () => {
  const told = (status: number): unknown =>
    refusalOf(releaseOfResponse(response(status, [['Retry-After', '3600']]))).headers.map(([name]) => name);
  assert.deepEqual(told(503), ['Reason']);
  assert.deepEqual(told(480), ['Retry-After', 'Reason']);
});

test('a Reason that was heard is repeated, and a Q.850 one is not doubled', () => {
  const both: HeaderPairs = [
    ['Reason', 'SIP;cause=200;text="elsewhere"'],
    ['Reason', 'Q.850;cause=26'],
  ];
  assert.deepEqual(reasons(releaseOfRequest(request('CANCEL', 'sip:x', both))), both);
  const one = reasons(releaseOfRequest(request('CANCEL', 'sip:x', both.slice(0, 1))));
  assert.deepEqual(one, [both[0], ['Reason', 'Q.850;cause=16;location=U']]);
});

test('a 302 reaches the call as targets in order of preference and as a release', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  const contacts = '<sip:low@x>;q=0.1, <sip:first@x>, <sip:mid@x>;q=0.5';
  raw.reply('INVITE', 302, { headers: [['Contact', contacts]] });
  rig.run(50);
  assert.deepEqual(a.words('a1'), ['redirect', 'release']);
  assert.deepEqual(a.heard('redirect').targets.slice(-2), ['sip:mid@x', 'sip:low@x']);
  assert.deepEqual(a.gone, ['a1']);
});

test('the call redirects its caller with 302 and the targets', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { body: sdp() });
  rig.run(50);
  a.tell('a1', { type: 'redirect', targets: ['sip:b@x', 'sip:c@x'], origin: undefined });
  rig.run(50);
  assert.equal(raw.response('INVITE').status, 302);
  assert.deepEqual(raw.response('INVITE').headers.all('Contact'), ['<sip:b@x>', '<sip:c@x>']);
  assert.deepEqual(a.gone, ['a1']);
});

test('a BYE tells why in its Reason', () => {
  const { rig, a, b } = talking();
  a.tell('a1', releaseOf(41, 'public-local'));
  rig.run(50);
  const { cause, location } = b.heard('release');
  assert.deepEqual([cause, location], [41, 'public-local']);
});

/** What an INVITE that can't be taken is answered with; no leg stays and the call hears nothing. */
function refused(parts: { headers?: HeaderPairs; body?: Uint8Array; text?: string }, side = {}): SipResponse {
  const { rig, a, b } = pair(side);
  const raw = new RawPeer(b);
  raw.invite(a, { body: sdp(), ...parts });
  rig.run(50);
  assert.deepEqual(a.said, []);
  assert.deepEqual(a.gone, ['a1']);
  return raw.response('INVITE');
}

test('an INVITE that asks for what we do not have is refused before anyone is called', () => {
  const extension = refused({ headers: [['Require', 'holography']] });
  assert.deepEqual([extension.status, extension.headers.get('Unsupported')], [420, 'holography']);
  assert.equal(refused({ headers: [['Require', '100rel']] }, { reliable: 'off' }).status, 420);
  assert.equal(refused({}, { reliable: 'required' }).status, 421);
  assert.equal(refused({ headers: [['Content-Type', 'text/plain']] }).status, 415);
  assert.equal(refused({ text: 'v=nonsense' }).status, 400);
  const codec = refused({
    text: 'v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\nm=audio 9 RTP/AVP 18\r\n',
  });
  assert.deepEqual([codec.status, codec.headers.get('Warning')?.slice(0, 3)], [488, '305']);
  const video = refused({
    text: 'v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\nm=video 9 RTP/AVP 31\r\n',
  });
  assert.deepEqual([video.status, video.headers.get('Warning')?.slice(0, 3)], [488, '304']);
  // Whoever is called would answer a call that can't be.
  const secured = refused({
    text: 'v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\nm=audio 9 RTP/SAVP 0\r\n',
  });
  assert.deepEqual([secured.status, secured.headers.get('Warning')?.slice(0, 3)], [488, '302']);
  const nowhere = refused({ text: 'v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n' });
  assert.deepEqual([nowhere.status, nowhere.headers.get('Warning')?.slice(0, 3)], [488, '301']);
});

test('an INVITE for a dialog that is not ours gets 481 and begins no call', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { body: sdp(), headers: [['To', '<sip:100@10.0.0.1>;tag=gone']] });
  rig.run(50);
  assert.equal(raw.response('INVITE').status, 481);
  assert.deepEqual([a.said, a.gone], [[], ['a1']]);
});

test('a call that goes round in circles from SIP to SIP ends: its hops are counted on', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { body: sdp(), headers: [['Max-Forwards', '2']] });
  rig.run(50);
  const next = (origin: Offer['origin']): string | undefined => {
    const { id } = a.newLeg({ uri: 'sip:100@10.0.0.2:5060', domain: 'x', routes: [] });
    a.tell(id, offerOf({ origin }));
    rig.run(50);
    return raw.last('INVITE').message.headers.get('Max-Forwards');
  };
  assert.equal(next(a.heard('offer').origin), '1');
  next({ protocol: 'sip', status: undefined, reason: undefined, headers: [['Max-Forwards', '1']] });
  assert.equal(a.heard('release').cause, 25);
  assert.equal(next(undefined), '70');
});

test('a stored dialog still ends its call after a restart, with a CSeq that the peer has not seen', () => {
  const { rig, a, b } = talking();
  const record = recordFromJson(JSON.parse(JSON.stringify(b.legs.get('b1')?.dialogRecord())));
  assert.ok(record);
  b.tell('b1', { type: 'hold' });
  rig.run(50);
  const bye = byeFromRecord(record, releaseOf(41, 'private-local') as Release);
  assert.ok(bye.type === 'request');
  const target = { transport: 'udp', address: a.address, port: 5060 } as const;
  b.effects(b.layer.send({ id: bye.transaction, request: bye.request, targets: [target] }, rig.now));
  rig.run(50);
  assert.equal(a.heard('release').cause, 41);
  assert.deepEqual(a.gone, ['a1']);
});

test('a phone that rings stops ringing by the stored early dialog; only the side that called may end it so', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf());
  rig.run(50);
  b.tell('b1', { type: 'alert', inBand: false });
  rig.run(50);
  assert.equal(b.legs.get('b1')?.dialogRecord(), undefined);
  const record = recordFromJson(JSON.parse(JSON.stringify(a.legs.get('a1')?.dialogRecord())));
  assert.ok(record);
  const bye = byeFromRecord(record, releaseOf(41, 'private-local') as Release);
  assert.ok(bye.type === 'request');
  const target = { transport: 'udp', address: b.address, port: 5060 } as const;
  a.effects(a.layer.send({ id: bye.transaction, request: bye.request, targets: [target] }, rig.now));
  rig.run(50);
  assert.equal(b.heard('release').cause, 41);
  assert.deepEqual(b.gone, ['b1']);
});

test('there is no record before there is a dialog, and what is no record is not read as one', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf());
  rig.run(50);
  assert.equal(a.legs.get('a1')?.dialogRecord(), undefined);
  assert.equal(b.legs.get('b1')?.dialogRecord(), undefined);
  b.tell('b1', ANSWER);
  rig.run(50);
  assert.ok(a.legs.get('a1')?.dialogRecord());
  for (const wrong of [undefined, null, 'x', {}, { leg: 'x', userAgent: 'y', dialog: {} }]) {
    assert.equal(recordFromJson(wrong), undefined);
  }
});
