import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toLatin1 } from '../../../src/kernel/bytes.ts';
import type { SipSide } from '../../../src/leg/sip-leg-words.ts';
import type { SipMessage } from '../../../src/sip/message/message.ts';
import { RawPeer, sdp } from '../../support/sip-raw.ts';
import { ANSWER, offerOf, type Party, pair, releaseOf, type SipRig, talking } from '../../support/sip-rig.ts';

const RTPMAP = 'a=rtpmap:101 telephone-event/8000';

/** A call that a raw peer has made to a1 and a1 has answered. */
function answered(side: Partial<SipSide> = {}): { rig: SipRig; a: Party; raw: RawPeer } {
  const { rig, a, b } = pair(side);
  const raw = new RawPeer(b);
  raw.invite(a, { body: sdp() });
  rig.run(50);
  a.tell('a1', ANSWER);
  rig.run(50);
  raw.ack(raw.response('INVITE'));
  rig.run(50);
  rig.ladder.length = 0;
  return { rig, a, raw };
}

const sdpOf = (message: SipMessage): string => toLatin1(message.body);

test('hold and resume: sendonly, then both ways; the far side is told, media is aimed anew, the o= version rises', () => {
  const { rig, a, b } = talking();
  a.tell('a1', { type: 'hold' });
  rig.run(50);
  a.tell('a1', { type: 'resume' });
  rig.run(50);
  rig.expect(`
    a → b INVITE +sdp
    b → a 200 INVITE +sdp
    b says hold
    a → b ACK
    a says accepted
    a → b INVITE +sdp
    b → a 200 INVITE +sdp
    b says resume
    a → b ACK
    a says accepted
  `);
  assert.deepEqual(b.media, ['open-rtp', 'aim', 'aim', 'aim']);
  const offers = rig.sent.filter(
    ({ from, message }) => from === 'a' && message.type === 'request' && message.body.length > 0,
  );
  assert.deepEqual(
    offers.map(({ message }) => /^o=- \d+ (\d+) .*a=(sendrecv|sendonly)/ms.exec(sdpOf(message))?.slice(1).join(' ')),
    ['1 sendrecv', '2 sendonly', '3 sendrecv'],
  );
});

test('hold the old way, with an address of zeros, is hold too (RFC 3264 8.4)', () => {
  const { rig, a, raw } = answered();
  const zeros = new TextEncoder().encode(
    sdpOf({ body: sdp([RTPMAP], 3) } as SipMessage).replace('c=IN IP4 10.0.0.2', 'c=IN IP4 0.0.0.0'),
  );
  raw.send('INVITE', { body: zeros });
  rig.run(50);
  assert.deepEqual(a.words('a1').at(-1), 'hold');
  assert.match(sdpOf(raw.response('INVITE')), /a=recvonly/);
});

test('a description that changes nothing does not touch the media', () => {
  const { rig, a, raw } = answered();
  raw.send('INVITE', { body: sdp() });
  rig.run(50);
  raw.ack(raw.response('INVITE'));
  raw.send('UPDATE', { body: sdp() });
  rig.run(50);
  assert.equal(raw.response('UPDATE').status, 200);
  assert.deepEqual(a.media, ['open-rtp', 'aim']);
});

test('both change at once: 491 each way, and after different waits both get through (RFC 3261 14.1)', () => {
  const { rig, a, b } = talking();
  a.tell('a1', { type: 'hold' });
  b.tell('b1', { type: 'hold' });
  rig.run(8000);
  rig.expect(`
    a → b INVITE +sdp
    b → a INVITE +sdp
    b → a 491 INVITE
    a → b 491 INVITE
    a → b ACK
    b → a ACK
    b → a INVITE +sdp
    a → b 200 INVITE +sdp
    a says hold
    b → a ACK
    b says accepted
    a → b INVITE +sdp
    b → a 200 INVITE +sdp
    b says hold
    a → b ACK
    a says accepted
  `);
});

test('a change that is wanted while another is under way waits for it; only the last one counts', () => {
  const { rig, a, b } = talking();
  a.tell('a1', { type: 'hold' });
  a.tell('a1', { type: 'update', codecs: ['PCMA'] });
  a.tell('a1', { type: 'resume' });
  rig.run(200);
  assert.equal(
    rig.sent.filter(({ from, message }) => from === 'a' && message.type === 'request' && message.method === 'INVITE')
      .length,
    3,
  );
  assert.deepEqual(b.words('b1'), ['offer', 'confirm', 'hold', 'resume']);
});

test('an update offers the wanted codecs only, and says which was taken', () => {
  const { rig, a } = talking();
  a.tell('a1', { type: 'update', codecs: ['PCMA'] });
  rig.run(50);
  assert.deepEqual(a.heard('accepted').codecs, ['PCMA']);
});

test('a refused change leaves the session as it was', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  raw.reply('INVITE', 200, { body: sdp() });
  rig.run(50);
  a.tell('a1', { type: 'hold' });
  rig.run(50);
  raw.reply('INVITE', 488);
  rig.run(50);
  assert.deepEqual(a.heard('refused'), { type: 'refused', status: 488 });
  assert.deepEqual(a.media, ['open-rtp', 'aim']);
  raw.sendAsCalled('INVITE', 1, { body: sdp() });
  rig.run(50);
  assert.match(sdpOf(raw.response('INVITE')), /a=sendrecv/);
});

test('a re-INVITE with nothing in common gets 488 with a Warning, and the call goes on', () => {
  const { rig, a, raw } = answered();
  const video = new TextEncoder().encode(
    'v=0\r\no=- 1 2 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 30000 RTP/AVP 18\r\n',
  );
  raw.send('INVITE', { body: video });
  rig.run(50);
  assert.equal(raw.response('INVITE').status, 488);
  assert.match(raw.response('INVITE').headers.get('Warning') ?? '', /^305 a\.example "/);
  assert.deepEqual(a.words('a1'), ['offer', 'confirm']);
  rig.run(40_000);
  assert.deepEqual(a.gone, []);
});

test('a re-INVITE without a description is offered one, and the ACK answers it', () => {
  const { rig, a, raw } = answered();
  raw.send('INVITE');
  rig.run(50);
  assert.match(sdpOf(raw.response('INVITE')), /a=sendrecv/);
  raw.ack(raw.response('INVITE'), sdp(['a=sendonly'], 2));
  rig.run(50);
  assert.deepEqual(a.words('a1'), ['offer', 'confirm', 'hold']);
});

test('a request out of order gets 500 and changes nothing; an unknown method 405 with Allow', () => {
  const { rig, raw } = answered();
  raw.send('MESSAGE');
  rig.run(50);
  assert.equal(raw.response('MESSAGE').status, 405);
  assert.ok(raw.response('MESSAGE').headers.all('Allow').includes('UPDATE'));
  raw.send('INFO', { headers: [['CSeq', '1 INFO']] });
  rig.run(50);
  assert.equal(raw.response('INFO').status, 500);
});

test('OPTIONS inside the call tells what we can do', () => {
  const { rig, raw } = answered();
  raw.send('OPTIONS');
  rig.run(50);
  const { status, headers } = raw.response('OPTIONS');
  assert.deepEqual([status, headers.get('Supported')], [200, '100rel']);
  assert.ok(headers.has('Allow') && headers.has('Accept'));
});

const TIMED = { sessionTimer: { expires: 600, min: 90 } };

test('the session is refreshed at half its interval without touching the media, by UPDATE', () => {
  const { rig, a, b } = talking(TIMED, { sessionTimer: { expires: 300, min: 90 } });
  rig.run(320_000);
  rig.expect(`
    a → b UPDATE
    b → a 200 UPDATE
    a → b UPDATE
    b → a 200 UPDATE
  `);
  assert.deepEqual(
    [a.media, b.media],
    [
      ['open-rtp', 'aim'],
      ['open-rtp', 'aim'],
    ],
  );
});

test('where the peer has no UPDATE, the refresh is a re-INVITE with the same description', () => {
  const { rig, a, b } = pair(TIMED);
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  const timed: readonly (readonly [string, string])[] = [['Session-Expires', '600;refresher=uac']];
  raw.reply('INVITE', 200, { body: sdp(), headers: [['Allow', 'INVITE, BYE'], ...timed] });
  rig.run(50);
  const first = raw.last('INVITE').message;
  rig.run(300_000);
  const refresh = raw.last('INVITE').message;
  assert.notEqual(refresh, first);
  assert.equal(sdpOf(refresh), sdpOf(first));
  assert.equal(refresh.headers.get('Session-Expires'), '600;refresher=uac');
  raw.reply('INVITE', 200, { body: sdp(), headers: timed });
  rig.run(50);
  assert.deepEqual(a.media, ['open-rtp', 'aim']);
  assert.deepEqual(a.words('a1'), ['answer']);
});

test('the peer that should refresh falls silent: BYE goes out before the session expires (RFC 4028 10)', () => {
  const { rig, a, b } = talking(TIMED, TIMED);
  rig.drop = (message, from) => from === a && message.type === 'request' && message.method === 'UPDATE';
  rig.run(567_000);
  assert.deepEqual(b.words('b1'), ['offer', 'confirm']);
  b.quiet('b1');
  rig.run(2000);
  assert.equal(b.heard('release').cause, 102);
  rig.run(1000);
  assert.deepEqual([a.gone, b.gone], [['a1'], ['b1']]);
});

test('the signalling is lost for good and the voice is not: the call lives until nobody is heard', () => {
  const { rig, a, b } = talking(TIMED, TIMED);
  rig.run(1000);
  rig.drop = () => true;
  rig.run(3_600_000);
  assert.deepEqual([a.gone, b.gone], [[], []]);
  b.quiet('b1');
  rig.run(12_000);
  assert.equal(b.heard('release').cause, 102);
});

test('a session that has run out is refreshed as soon as the signalling is back', () => {
  const { rig, a, b } = talking(TIMED, TIMED);
  rig.run(1000);
  const end = rig.now + 1_200_000;
  rig.drop = () => rig.now < end;
  rig.run(1_300_000);
  a.quiet('a1');
  b.quiet('b1');
  rig.run(600_000);
  assert.deepEqual([a.gone, b.gone], [[], []]);
});

test('refreshes lost while the WAN is away for less than the session do not end the call', () => {
  const { rig, a, b } = talking(TIMED, TIMED);
  const end = rig.now + 380_000;
  rig.drop = () => rig.now > 250_000 && rig.now < end;
  rig.run(1_500_000);
  assert.deepEqual([a.gone, b.gone], [[], []]);
});

test('an interval that is too small gets 422, and our own call asks again with what the 422 wants', () => {
  const { rig, a, raw } = answered({ sessionTimer: { expires: 1800, min: 120 } });
  const short: readonly (readonly [string, string])[] = [
    ['Supported', 'timer'],
    ['Session-Expires', '100'],
  ];
  raw.send('UPDATE', { headers: short });
  rig.run(50);
  assert.equal(raw.response('UPDATE').status, 422);
  assert.equal(raw.response('UPDATE').headers.get('Min-SE'), '120');
  const { id } = a.newLeg({ uri: 'sip:100@10.0.0.2:5060', domain: 'x', routes: [] });
  a.tell(id, offerOf());
  rig.run(50);
  raw.reply('INVITE', 422, { headers: [['Min-SE', '3600']] });
  rig.run(50);
  const again = raw.last('INVITE').message;
  assert.deepEqual([again.headers.get('Session-Expires'), again.headers.get('CSeq')], ['3600', '2 INVITE']);
});

test('a refresh that is refused is tried again, where UPDATE is not known after all by re-INVITE', () => {
  const { rig, a, b } = pair({ sessionTimer: { expires: 90, min: 90 } });
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  const headers: readonly (readonly [string, string])[] = [
    ['Session-Expires', '90;refresher=uac'],
    ['Allow', 'UPDATE'],
  ];
  raw.reply('INVITE', 200, { body: sdp(), headers });
  rig.run(45_100);
  raw.reply('UPDATE', 500);
  rig.run(10_100);
  assert.equal(raw.count('UPDATE'), 2);
  raw.reply('UPDATE', 501);
  rig.run(50);
  assert.equal(raw.count('INVITE'), 2);
  raw.reply('INVITE', 200, { body: sdp(), headers });
  rig.run(40_000);
  assert.deepEqual(a.words('a1'), ['answer']);
});

test('a re-INVITE that the peer never finishes is cancelled, so that the call can change again', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  raw.reply('INVITE', 200, { body: sdp() });
  rig.run(50);
  a.tell('a1', { type: 'hold' });
  rig.run(50);
  raw.reply('INVITE', 183);
  rig.run(31_000);
  assert.equal(raw.count('INVITE'), 2);
  assert.equal(a.words('a1').includes('refused'), false);
  rig.run(1100);
  raw.reply('INVITE', 487);
  rig.run(50);
  assert.equal(a.heard('refused').status, 487);
  raw.sendAsCalled('INVITE', 1, { body: sdp() });
  rig.run(50);
  assert.equal(raw.response('INVITE').status, 200);
});

test('a session never lasts longer than was asked for, whatever least interval stands beside it (RFC 4028 9)', () => {
  const { rig, raw } = answered(TIMED);
  const absurd: readonly (readonly [string, string])[] = [
    ['Supported', 'timer'],
    ['Session-Expires', '200'],
    ['Min-SE', '2000000'],
  ];
  raw.send('UPDATE', { headers: absurd });
  rig.run(50);
  assert.match(raw.response('UPDATE').headers.get('Session-Expires') ?? '', /^200;/);
});

test('a peer whose least interval grows each time it is asked does not get us to ask for ever', () => {
  const { rig, a, b } = pair({ sessionTimer: { expires: 90, min: 90 } });
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  const headers: readonly (readonly [string, string])[] = [
    ['Session-Expires', '90;refresher=uac'],
    ['Allow', 'UPDATE'],
  ];
  raw.reply('INVITE', 200, { body: sdp(), headers });
  rig.run(45_100);
  for (let n = 0; n < 30 && raw.count('UPDATE') > n; n++) {
    raw.reply('UPDATE', 422, { headers: [['Min-SE', String(100 + n)]] });
    rig.run(20);
  }
  assert.equal(raw.count('UPDATE') <= 5, true, `${raw.count('UPDATE')} UPDATEs`);
});

test('an interval of nothing in the answer does not make us refresh without end', () => {
  const { rig, a, b } = pair(TIMED);
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  const headers: readonly (readonly [string, string])[] = [
    ['Session-Expires', '0;refresher=uac'],
    ['Allow', 'UPDATE'],
  ];
  raw.reply('INVITE', 200, { body: sdp(), headers });
  rig.run(44_000);
  assert.equal(raw.count('UPDATE'), 0);
  assert.deepEqual(a.words('a1'), ['answer']);
});

test('a peer without session timers is refreshed by us', () => {
  const { rig, a, b } = pair(TIMED);
  const raw = new RawPeer(b);
  raw.invite(a, { body: sdp(), headers: [['Allow', 'INVITE, UPDATE']] });
  rig.run(50);
  a.tell('a1', ANSWER);
  rig.run(50);
  assert.equal(raw.response('INVITE').headers.get('Session-Expires'), '600;refresher=uas');
  assert.equal(raw.response('INVITE').headers.has('Require'), false);
  raw.ack(raw.response('INVITE'));
  rig.run(300_100);
  assert.equal(raw.count('UPDATE'), 1);
});

test('a peer that has forgotten the call (481) ends it', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  raw.reply('INVITE', 200, { body: sdp() });
  rig.run(50);
  a.tell('a1', { type: 'hold' });
  rig.run(50);
  raw.reply('INVITE', 481);
  rig.run(50);
  raw.reply('BYE', 481);
  rig.run(50);
  assert.equal(a.heard('release').cause, 41);
  assert.deepEqual(a.gone, ['a1']);
});

test('a connected name that comes late goes out in an UPDATE and is told at the other end', () => {
  const { rig, a, b } = talking();
  const number = {
    digits: '14255550199',
    type: 'international',
    plan: 'isdn',
    presentation: 'allowed',
    screening: 'network',
  } as const;
  const connected = { number, name: { text: 'Bob', presentation: 'allowed' } as const };
  b.tell('b1', { type: 'identity', connected });
  rig.run(50);
  rig.expect(`
    b → a UPDATE
    a → b 200 UPDATE
    a says identity
  `);
  assert.deepEqual(a.heard('identity').connected, connected);
  a.tell('a1', releaseOf(16));
});

test('a description among other parts is as good as one alone; a body that may be ignored makes no offer', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  const text = [
    '--x',
    'Content-Type: application/isup',
    '',
    'isup',
    '--x',
    'Content-Type: application/sdp',
    '',
    toLatin1(sdp()),
  ];
  raw.invite(a, {
    text: [...text, '--x--', ''].join('\r\n'),
    headers: [['Content-Type', 'multipart/mixed;boundary=x']],
  });
  rig.run(50);
  assert.deepEqual(a.heard('offer').codecs, ['PCMU', 'PCMA']);
  a.tell('a1', ANSWER);
  rig.run(50);
  assert.match(sdpOf(raw.response('INVITE')), /^m=audio 40000 RTP\/AVP 0/m);

  const other = pair();
  const late = new RawPeer(other.b);
  late.invite(other.a, {
    text: '<x/>',
    headers: [
      ['Content-Type', 'application/x-vendor'],
      ['Content-Disposition', 'render;handling=optional'],
    ],
  });
  other.rig.run(50);
  assert.deepEqual(other.a.heard('offer').codecs, []);
});
