import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawPeer, sdp } from '../../support/sip-raw.ts';
import { ANSWER, offerOf, pair, RING, releaseOf, talking } from '../../support/sip-rig.ts';

test('a caller who gives up before anything was heard: CANCEL waits for the first provisional', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf());
  a.tell('a1', releaseOf(16));
  rig.run(1000);
  rig.expect(`
    a → b INVITE +sdp
    b says offer
    b → a 100 INVITE
    a → b CANCEL
    b → a 200 CANCEL
    b → a 487 INVITE
    b says release
    a → b ACK
  `);
  assert.deepEqual(a.media, ['open-rtp', 'close']);
  assert.deepEqual([a.gone, b.gone], [['a1'], ['b1']]);
});

test('a caller who gives up before our endpoint is open never sends an INVITE', () => {
  const { rig, a, b } = pair();
  const { id, leg } = a.newLeg({ uri: `sip:100@${b.address}`, domain: 'b.example', routes: [] });
  assert.deepEqual(leg.tell(offerOf(), rig.now), [{ type: 'media', command: { type: 'open-rtp' } }]);
  a.tell(id, releaseOf(16));
  assert.deepEqual(a.gone, [id]);
  assert.deepEqual(leg.media({ type: 'ready', address: a.address, port: 40_000 }, rig.now), []);
  rig.expect('');
});

test('a CANCEL carries the cause, and the called side is told of it', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf());
  rig.run(50);
  b.tell('b1', RING);
  rig.run(50);
  a.tell('a1', releaseOf(102, 'transit'));
  rig.run(50);
  const { cause, location } = b.heard('release');
  assert.deepEqual([cause, location], [102, 'transit']);
});

test('CANCEL crosses the 200: it is ACKed and ended with BYE, and the call hears no answer', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf());
  rig.run(50);
  b.tell('b1', RING);
  rig.run(50);
  b.tell('b1', ANSWER);
  a.tell('a1', releaseOf(16));
  rig.run(1000);
  rig.expect(`
    a → b INVITE +sdp
    b says offer
    b → a 180 INVITE
    a says alert
    b → a 200 INVITE +sdp
    a → b CANCEL
    a → b ACK
    a → b BYE
    b → a 200 CANCEL
    b says confirm
    b → a 200 BYE
    b says release
  `);
  assert.deepEqual([a.gone, b.gone], [['a1'], ['b1']]);
});

test('a cancelled INVITE that nobody ever finishes still lets the leg go', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  raw.reply('INVITE', 180);
  rig.run(50);
  a.tell('a1', releaseOf(16));
  rig.run(70_000);
  assert.deepEqual(a.gone, ['a1']);
});

test('who rings on is told so again each minute, until somebody answers (RFC 3261 13.3.1.1)', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  const rings = (): number =>
    raw.heard.filter(({ message }) => message.type === 'response' && message.status === 180).length;
  raw.invite(a, { body: sdp() });
  rig.run(50);
  a.tell('a1', RING);
  rig.run(130_000);
  assert.equal(rings(), 3);
  a.tell('a1', ANSWER);
  rig.run(50);
  raw.ack(raw.response('INVITE'));
  rig.run(130_000);
  assert.equal(rings(), 3);
});

test('an invitation that has expired is refused with 487; one that was answered before goes on (RFC 3261 13.3.1)', () => {
  for (const answered of [false, true]) {
    const { rig, a, b } = pair();
    const raw = new RawPeer(b);
    raw.invite(a, { body: sdp(), headers: [['Expires', '20']] });
    rig.run(50);
    a.tell('a1', answered ? ANSWER : RING);
    rig.run(50);
    if (answered) raw.ack(raw.response('INVITE'));
    rig.run(19_000);
    assert.deepEqual(a.gone, []);
    rig.run(1000);
    assert.equal(raw.response('INVITE').status, answered ? 200 : 487);
    assert.deepEqual(a.gone, answered ? [] : ['a1']);
    assert.deepEqual(a.words('a1'), answered ? ['offer', 'confirm'] : ['offer', 'release']);
  }
});

test('both hang up at once: each BYE is answered, nobody hears a release', () => {
  const { rig, a, b } = talking();
  b.tell('b1', releaseOf(16));
  a.tell('a1', releaseOf(16));
  rig.run(1000);
  assert.deepEqual([a.gone, b.gone], [['a1'], ['b1']]);
  assert.deepEqual(a.words('a1'), ['answer']);
});

test('we answer and hang up before the ACK: BYE waits for it (RFC 3261 15)', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf());
  rig.run(50);
  b.tell('b1', ANSWER);
  b.tell('b1', releaseOf(16));
  rig.run(1000);
  rig.expect(`
    a → b INVITE +sdp
    b says offer
    b → a 200 INVITE +sdp
    a → b ACK
    a says answer
    b → a BYE
    a → b 200 BYE
    a says release
  `);
});

test('a BYE in the early dialog ends the set-up with 487 (RFC 3261 15.1.2)', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { body: sdp() });
  rig.run(50);
  a.tell('a1', RING);
  rig.run(50);
  raw.follow(raw.response('INVITE'));
  raw.send('BYE');
  rig.run(50);
  rig.expect(`
    b → a INVITE +sdp
    a says offer
    a → b 180 INVITE
    b → a BYE
    a → b 200 BYE
    a → b 487 INVITE
    a says release
    b → a ACK
  `);
  assert.deepEqual(a.gone, ['a1']);
});

/** A call whose INVITE a proxy has forked: the raw peer answers for all branches. */
function forked(): ReturnType<typeof pair> & { raw: RawPeer } {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  return { rig, a, b, raw };
}

test('forks: each branch is told by its tag, the first 2xx wins, a late one is ACKed and ended', () => {
  const { rig, a, raw } = forked();
  raw.reply('INVITE', 180, { tag: 'one' });
  raw.reply('INVITE', 183, { tag: 'two', body: sdp() });
  rig.run(20);
  raw.reply('INVITE', 200, { tag: 'one', body: sdp(), by: 'proxy' });
  rig.run(20);
  raw.reply('INVITE', 200, { tag: 'two', body: sdp(), by: 'proxy' });
  rig.run(20);
  assert.equal(raw.last('BYE').message.headers.get('To'), '<sip:100@10.0.0.2:5060>;tag=two');
  raw.reply('BYE', 200);
  rig.run(20);
  assert.deepEqual(
    a.said.map(({ signal, branch }) => `${signal.type} ${branch}`),
    ['alert one', 'progress two', 'answer one'],
  );
  assert.equal(raw.count('ACK'), 2);
  assert.deepEqual(a.gone, []);
  a.tell('a1', releaseOf(16));
  rig.run(20);
  raw.reply('BYE', 200);
  rig.run(20);
  assert.deepEqual(a.gone, ['a1']);
});

test('a 2xx that comes when the leg has gone is ACKed and ended without it', () => {
  const { rig, a, raw } = forked();
  raw.reply('INVITE', 200, { tag: 'one', body: sdp(), by: 'proxy' });
  rig.run(20);
  raw.sendAsCalled('BYE', 1, { tag: 'one' });
  rig.run(20);
  assert.deepEqual(a.gone, ['a1']);
  raw.reply('INVITE', 200, { tag: 'two', body: sdp(), by: 'proxy' });
  rig.run(20);
  assert.equal(raw.count('BYE'), 1);
});

test('a flood of answers draws no more ACKs and BYEs than a fork can have branches', () => {
  const { rig, a, raw } = forked();
  for (let n = 0; n < 100; n++) raw.reply('INVITE', 200, { tag: `t${n}`, body: sdp(), by: 'proxy' });
  rig.run(20);
  assert.deepEqual(a.words('a1'), ['answer']);
  assert.equal(raw.count('BYE') <= 16, true, `${raw.count('BYE')} BYEs`);
  assert.equal(raw.count('ACK') <= 17, true, `${raw.count('ACK')} ACKs`);
});

test('an answer whose Record-Route makes no sense does not leave the call ringing', () => {
  const { rig, a, raw } = forked();
  raw.reply('INVITE', 200, { body: sdp(), headers: [['Record-Route', '<sip:192.0.2.1;lr']] });
  rig.run(20);
  assert.equal(a.heard('release').cause, 41);
  assert.deepEqual(a.gone, ['a1']);
});

test('a branch that says 199 is forgotten; its place does not count', () => {
  const { rig, a, raw } = forked();
  for (let n = 0; n < 40; n++) {
    raw.reply('INVITE', 180, { tag: `t${n}` });
    raw.reply('INVITE', 199, { tag: `t${n}` });
  }
  rig.run(20);
  assert.equal(a.said.length, 40);
});

test('no more branches than a fork can have are followed, and an answer of another one still counts', () => {
  const { rig, a, raw } = forked();
  for (let n = 0; n < 40; n++) raw.reply('INVITE', 180, { tag: `t${n}` });
  rig.run(20);
  assert.equal(a.said.length, 16);
  raw.reply('INVITE', 200, { tag: 't39', body: sdp() });
  rig.run(20);
  assert.equal(a.heard('answer').type, 'answer');
});

test('the caller hears the first branch that can be heard, then the one that answers', () => {
  const { rig, a, raw } = forked();
  raw.reply('INVITE', 183, { tag: 'one', body: sdp() });
  raw.reply('INVITE', 183, { tag: 'two', body: sdp(['a=ptime:40']) });
  rig.run(20);
  assert.deepEqual(a.media, ['open-rtp', 'aim']);
  raw.reply('INVITE', 200, { tag: 'two', body: sdp(['a=ptime:40']) });
  rig.run(20);
  assert.deepEqual(a.media, ['open-rtp', 'aim', 'aim']);
});

test('a fork that is not heard may change its session without taking the caller’s ear', () => {
  const { rig, a, raw } = forked();
  const reliable = (rseq: string): readonly (readonly [string, string])[] => [
    ['Require', '100rel'],
    ['RSeq', rseq],
  ];
  raw.reply('INVITE', 183, { tag: 'one', body: sdp(), headers: reliable('1') });
  raw.reply('INVITE', 183, { tag: 'two', body: sdp(['a=ptime:40']), headers: reliable('1') });
  rig.run(20);
  assert.deepEqual(a.media, ['open-rtp', 'aim']);
  raw.sendAsCalled('UPDATE', 1, { tag: 'two', body: sdp(['a=ptime:60'], 2) });
  rig.run(20);
  assert.equal(raw.response('UPDATE').status, 200);
  assert.deepEqual(a.media, ['open-rtp', 'aim']);
  raw.reply('INVITE', 200, { tag: 'two' });
  rig.run(20);
  assert.deepEqual(a.media, ['open-rtp', 'aim', 'aim']);
});

test('an answer whose description does not fit is ACKed, ended with BYE and told as a bearer fault', () => {
  const { rig, a, raw } = forked();
  raw.reply('INVITE', 200, { body: sdp(['a=x']).subarray(0, 20) });
  rig.run(20);
  raw.reply('BYE', 200);
  rig.run(20);
  assert.equal(a.heard('release').cause, 65);
  assert.equal(raw.count('ACK'), 1);
  assert.deepEqual(a.gone, ['a1']);
});

test('nobody answers the INVITE: 408 in the words of the call, cause 102', () => {
  const { rig, a } = pair();
  const { id } = a.newLeg({ uri: 'sip:100@10.9.9.9', domain: 'x', routes: [] });
  a.tell(id, offerOf());
  rig.run(40_000);
  const { cause, origin } = a.heard('release');
  assert.equal(cause, 102);
  assert.deepEqual(origin?.protocol === 'sip' && origin.status, 408);
  assert.deepEqual(a.gone, [id]);
});

test('no endpoint: a call out says so and goes, a call in is refused with 503', () => {
  const { rig, a, b } = pair();
  const { leg } = a.newLeg({ uri: 'sip:100@10.0.0.2', domain: 'x', routes: [] });
  leg.tell(offerOf(), rig.now);
  const effects = leg.media({ type: 'failed', why: 'no port left' }, rig.now);
  assert.deepEqual(
    effects.map(({ type }) => type),
    ['say', 'media', 'gone'],
  );
  const raw = new RawPeer(b);
  raw.invite(a, { body: sdp() });
  rig.run(50);
  const uas = a.legs.get('a2');
  assert.ok(uas);
  uas.tell(ANSWER, rig.now);
  a.do('a2', uas.media({ type: 'failed', why: 'no port left' }, rig.now));
  rig.run(50);
  assert.equal(raw.response('INVITE').status, 503);
  assert.equal(a.heard('release').cause, 47);
});

test('a data call is refused with cause 65 before anything is opened or sent', () => {
  const { rig, a } = pair();
  const { id } = a.newLeg({ uri: 'sip:100@10.0.0.2', domain: 'x', routes: [] });
  a.tell(id, offerOf({ bearer: { capability: 'unrestricted', law: undefined } }));
  assert.equal(a.heard('release').cause, 65);
  assert.deepEqual([a.gone, a.media], [[id], []]);
  rig.expect('a says release');
});

test('an ACK that the network has doubled ends nothing: not while our own offer is out, nor while an offer in a 2xx waits', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { body: sdp() });
  rig.run(50);
  a.tell('a1', ANSWER);
  rig.run(50);
  const first = raw.response('INVITE');
  raw.ack(first, undefined, 1);
  rig.run(50);
  a.tell('a1', { type: 'hold' });
  rig.run(50);
  assert.equal(raw.count('INVITE'), 1, 'our offer is out');
  raw.ack(first, undefined, 1);
  rig.run(50);
  raw.reply('INVITE', 200, { tag: 'rawtag', body: sdp(['a=recvonly'], 2) });
  rig.run(50);
  // A re-INVITE without a description, whose ACK with the answer is overtaken by the old one.
  raw.send('INVITE');
  rig.run(50);
  const second = raw.response('INVITE');
  assert.ok(second.body.length > 0);
  raw.ack(first, undefined, 1);
  rig.run(50);
  raw.ack(second, sdp([], 3), 2);
  rig.run(5_000);
  assert.deepEqual(a.gone, []);
  assert.equal(raw.count('BYE'), 0);
});
