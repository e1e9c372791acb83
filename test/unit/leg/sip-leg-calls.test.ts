import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromLatin1, toLatin1 } from '../../../src/kernel/bytes.ts';
import { RawPeer, sdp } from '../../support/sip-raw.ts';
import { ANSWER, offerOf, pair, RING, RING_IN_BAND, releaseOf } from '../../support/sip-rig.ts';

test('a call rings, is answered and ends, with media opened, aimed and closed once at either end', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf());
  rig.run(300);
  b.tell('b1', RING);
  rig.run(100);
  b.tell('b1', ANSWER);
  rig.run(100);
  a.tell('a1', releaseOf(16));
  rig.run(100);
  rig.expect(`
    a → b INVITE +sdp
    b says offer
    b → a 100 INVITE
    a says proceed
    b → a 180 INVITE
    a says alert
    b → a 200 INVITE +sdp
    a → b ACK
    a says answer
    b says confirm
    a → b BYE
    b → a 200 BYE
    b says release
  `);
  for (const party of [a, b]) {
    assert.deepEqual(party.media, ['open-rtp', 'aim', 'close']);
    assert.deepEqual(party.gone, [`${party.name}1`]);
  }
});

test('early media goes reliably where the caller can PRACK, and the 200 repeats nothing', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf());
  rig.run(50);
  b.tell('b1', RING_IN_BAND);
  rig.run(50);
  b.tell('b1', RING);
  rig.run(50);
  b.tell('b1', ANSWER);
  rig.run(50);
  rig.expect(`
    a → b INVITE +sdp
    b says offer
    b → a 183 INVITE +sdp
    a → b PRACK
    a says progress
    b → a 200 PRACK
    b → a 180 INVITE
    a says alert
    b → a 200 INVITE
    a → b ACK
    a says answer
    b says confirm
  `);
  assert.equal(a.heard('progress').inBand, true);
  assert.equal(a.heard('alert').inBand, true, 'what could be heard still can be');
  assert.deepEqual(a.media, ['open-rtp', 'aim']);
});

test('early media without 100rel is said again in every later response: any of them may be lost', () => {
  const { rig, a, b } = pair({ reliable: 'off' });
  a.call(b, offerOf());
  rig.run(50);
  b.tell('b1', { type: 'progress', inBand: true, cause: undefined });
  rig.run(50);
  b.tell('b1', RING);
  rig.run(50);
  b.tell('b1', ANSWER);
  rig.run(50);
  rig.expect(`
    a → b INVITE +sdp
    b says offer
    b → a 183 INVITE +sdp
    a says progress
    b → a 180 INVITE +sdp
    a says alert
    b → a 200 INVITE +sdp
    a → b ACK
    a says answer
    b says confirm
  `);
  const bodies = rig.sent.filter(({ from, message }) => from === 'b' && message.body.length > 0);
  assert.equal(new Set(bodies.map(({ message }) => message.body.toString())).size, 1, 'always the same description');
});

test('a delayed offer: ours in the 200, the answer in the ACK', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a);
  rig.run(50);
  a.tell('a1', RING_IN_BAND);
  a.tell('a1', ANSWER);
  rig.run(50);
  assert.deepEqual(a.media, ['open-rtp']);
  raw.ack(raw.response('INVITE'), sdp());
  rig.run(50);
  raw.send('BYE');
  rig.run(50);
  rig.expect(`
    b → a INVITE
    a says offer
    a → b 180 INVITE
    a → b 200 INVITE +sdp
    b → a ACK +sdp
    a says confirm
    b → a BYE
    a → b 200 BYE
    a says release
  `);
  assert.deepEqual(a.media, ['open-rtp', 'aim', 'close']);
});

test('a delayed offer from a caller with 100rel: ours in the 183, the answer in the PRACK, early media before the answer', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { headers: [['Supported', '100rel']] });
  rig.run(50);
  a.tell('a1', RING_IN_BAND);
  rig.run(50);
  raw.prack(raw.response('INVITE'), sdp());
  rig.run(50);
  assert.deepEqual(a.media, ['open-rtp', 'aim']);
  a.tell('a1', ANSWER);
  rig.run(50);
  raw.ack(raw.response('INVITE'), undefined, 1);
  rig.run(50);
  rig.expect(`
    b → a INVITE
    a says offer
    a → b 183 INVITE +sdp
    b → a PRACK +sdp
    a → b 200 PRACK
    a → b 200 INVITE
    b → a ACK
    a says confirm
  `);
});

test('an ACK without the answer that it owes ends the call: there is no session', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a);
  rig.run(50);
  a.tell('a1', ANSWER);
  rig.run(50);
  raw.ack(raw.response('INVITE'));
  rig.run(50);
  raw.reply('BYE', 200);
  rig.run(50);
  rig.expect(`
    b → a INVITE
    a says offer
    a → b 200 INVITE +sdp
    b → a ACK
    a says release
    a → b BYE
    b → a 200 BYE
  `);
  assert.deepEqual(a.gone, ['a1']);
});

test('an unacknowledged 183 is sent again with doubling waits and ends the call after 64·T1 (RFC 3262 3)', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { headers: [['Require', '100rel']], body: sdp() });
  rig.run(50);
  a.tell('a1', RING);
  rig.run(40_000);
  const times = rig.ladder.filter((line) => line === 'a → b 180 INVITE').length;
  assert.equal(times, 7, 'at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s');
  assert.equal(raw.response('INVITE').status, 504);
  assert.equal(a.heard('release').cause, 102);
  assert.deepEqual(a.gone, ['a1']);
});

test('the answer waits while a description is on its way under a PRACK', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { headers: [['Supported', '100rel']], body: sdp() });
  rig.run(50);
  a.tell('a1', RING_IN_BAND);
  a.tell('a1', ANSWER);
  rig.run(50);
  assert.equal(raw.response('INVITE').status, 183);
  raw.prack(raw.response('INVITE'));
  rig.run(50);
  assert.equal(raw.response('INVITE').status, 200);
  assert.equal(raw.response('INVITE').body.length, 0);
});

test('a PRACK for what we did not send gets 481', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { headers: [['Require', '100rel']], body: sdp() });
  rig.run(50);
  a.tell('a1', RING);
  rig.run(50);
  raw.follow(raw.response('INVITE'));
  raw.send('PRACK', { headers: [['RAck', '1 1 INVITE']] });
  rig.run(50);
  assert.equal(raw.response('PRACK').status, 481);
});

test('a provisional that comes twice or out of order is acknowledged and told once', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  const rel = (n: number): { headers: readonly (readonly [string, string])[] } => ({
    headers: [
      ['Require', '100rel'],
      ['RSeq', String(n)],
    ],
  });
  raw.reply('INVITE', 180, rel(7));
  raw.reply('INVITE', 180, rel(7));
  raw.reply('INVITE', 183, rel(9));
  raw.reply('INVITE', 183, rel(8));
  rig.run(50);
  assert.equal(raw.count('PRACK'), 2);
  assert.deepEqual(a.words('a1'), ['alert', 'progress']);
  assert.equal(raw.last('PRACK').message.headers.get('RAck'), '8 1 INVITE');
});

test('a 2xx that is never ACKed ends the call with BYE', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf());
  rig.run(50);
  rig.drop = (message) => message.type === 'request' && message.method === 'ACK';
  b.tell('b1', ANSWER);
  rig.run(33_000);
  assert.deepEqual(rig.ladder.slice(-4), ['b says release', 'b → a BYE', 'a → b 200 BYE', 'a says release']);
  assert.equal(b.heard('release').cause, 102);
  assert.deepEqual([a.gone, b.gone], [['a1'], ['b1']]);
});

test('a 2xx that comes again is ACKed again', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf());
  rig.run(50);
  let lost = 0;
  rig.drop = (message) => message.type === 'request' && message.method === 'ACK' && lost++ === 0;
  b.tell('b1', ANSWER);
  rig.run(5000);
  assert.deepEqual(b.words('b1'), ['offer', 'confirm']);
  assert.deepEqual(a.words('a1'), ['answer']);
});

test('a digit that the call tells goes to the media plane; one in an INFO is told to the call', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { body: sdp() });
  rig.run(50);
  a.tell('a1', ANSWER);
  rig.run(50);
  raw.ack(raw.response('INVITE'));
  rig.run(50);
  a.tell('a1', { type: 'tone', digit: '5', duration: 100 });
  assert.equal(a.media.at(-1), 'send-digit');
  const info = (type: string, text: string): void => {
    raw.send('INFO', { headers: [['Content-Type', type]], text });
    rig.run(50);
    assert.equal(raw.response('INFO').status, 200);
  };
  info('application/dtmf-relay', 'Signal=7\r\nDuration=250\r\n');
  assert.deepEqual(a.heard('tone'), { type: 'tone', digit: '7', duration: 250 });
  info('application/dtmf-relay', 'Signal= 11\r\n');
  assert.deepEqual(a.heard('tone'), { type: 'tone', digit: '#', duration: 160 });
  info('application/dtmf', 'd');
  assert.deepEqual(a.heard('tone'), { type: 'tone', digit: 'D', duration: 160 });
  const before = a.said.length;
  info('application/dtmf-relay', 'Signal=nonsense\r\n');
  assert.equal(a.said.length, before);
});

test('a 200 without a description after an unreliable 183 that had one: what the 183 said stands', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  raw.reply('INVITE', 183, { body: sdp() });
  raw.reply('INVITE', 200);
  rig.run(50);
  assert.deepEqual(a.words('a1'), ['progress', 'answer']);
  assert.deepEqual(a.media, ['open-rtp', 'aim']);
});

test('a 200 without any description is no answer: it is ACKed and ended', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  raw.reply('INVITE', 200);
  rig.run(50);
  assert.deepEqual([raw.count('ACK'), raw.count('BYE')], [1, 1]);
  assert.deepEqual(a.words('a1'), ['release']);
});

test('a 200 that says something else than the unreliable 183 did: the 200 counts', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  raw.reply('INVITE', 183, { body: sdp() });
  raw.reply('INVITE', 200, { body: sdp(['a=ptime:40']) });
  rig.run(50);
  assert.deepEqual(a.media, ['open-rtp', 'aim', 'aim']);
});

test('a new offer in the PRACK is answered in its 200 (RFC 3262 5)', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { headers: [['Supported', '100rel']], body: sdp() });
  rig.run(50);
  a.tell('a1', RING_IN_BAND);
  rig.run(50);
  raw.prack(raw.response('INVITE'), sdp(['a=sendonly'], 2));
  rig.run(50);
  assert.match(toLatin1(raw.response('PRACK').body), /a=recvonly/);
  assert.deepEqual(a.media, ['open-rtp', 'aim', 'aim']);
});

test('a PRACK whose offer does not suit gets 488, and the set-up goes on without it', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { headers: [['Supported', '100rel']], body: sdp() });
  rig.run(50);
  a.tell('a1', RING_IN_BAND);
  rig.run(50);
  raw.prack(raw.response('INVITE'), fromLatin1('v=0\r\nnonsense'));
  rig.run(50);
  assert.equal(raw.response('PRACK').status, 400);
  a.tell('a1', ANSWER);
  rig.run(50);
  assert.equal(raw.response('INVITE').status, 200);
});

test('an offer of another address family can not be answered: 488, and the call is told', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  const six = toLatin1(sdp()).replaceAll('IP4 10.0.0.2', 'IP6 2001:db8::2');
  raw.invite(a, { body: fromLatin1(six) });
  rig.run(50);
  a.tell('a1', ANSWER);
  rig.run(50);
  assert.equal(raw.response('INVITE').status, 488);
  assert.equal(a.heard('release').cause, 65);
  assert.deepEqual(a.gone, ['a1']);
});

test('an answer that comes while the description still waits for its turn carries it in the 200', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { headers: [['Require', '100rel']], body: sdp() });
  rig.run(50);
  a.tell('a1', RING);
  a.tell('a1', RING_IN_BAND);
  a.tell('a1', ANSWER);
  rig.run(50);
  const final = raw.response('INVITE');
  assert.deepEqual([final.status, final.body.length > 0], [200, true]);
});

test('a PRACK that crosses the 200 is still answered with 200, so that nobody takes the dialog for lost', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { headers: [['Require', '100rel']], body: sdp() });
  rig.run(50);
  a.tell('a1', RING);
  rig.run(50);
  const ringing = raw.response('INVITE');
  a.tell('a1', ANSWER);
  raw.prack(ringing);
  rig.run(50);
  assert.equal(raw.response('PRACK').status, 200);
  rig.run(2000);
  assert.deepEqual(a.words('a1'), ['offer']);
});

test('provisional responses that wait for a PRACK go out one after the other', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { headers: [['Require', '100rel']], body: sdp() });
  rig.run(50);
  a.tell('a1', RING);
  a.tell('a1', RING_IN_BAND);
  rig.run(50);
  const first = raw.response('INVITE');
  assert.equal(first.status, 180);
  raw.prack(first);
  rig.run(50);
  const second = raw.response('INVITE');
  assert.equal(second.status, 183);
  assert.equal(Number(second.headers.get('RSeq')), Number(first.headers.get('RSeq')) + 1);
});
