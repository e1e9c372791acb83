import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topVia } from '../../../src/sip/message/fields.ts';
import { paramOf } from '../../../src/sip/message/grammar.ts';
import type { SipRequest } from '../../../src/sip/message/message.ts';
import type { TransactionEffect } from '../../../src/sip/transaction/words.ts';
import { answer, flow, heard, LayerRig, TCP, UDP } from '../../support/transactions.ts';

/** Takes a request in; its transaction and the request as the user sees it. */
function taken(rig: LayerRig, message: SipRequest, from = UDP): { transaction: string; request: SipRequest } {
  const effect = rig.receive(message, from).find(({ type }) => type === 'request');
  assert.ok(effect?.type === 'request');
  return effect;
}

test('an INVITE whose user is slow gets its 100 after 200 ms; a quick one is not doubled', () => {
  const slow = new LayerRig();
  slow.receive(heard('INVITE'));
  slow.run(1000);
  assert.deepEqual(slow.log(), ['0 request INVITE', '200 100']);
  const quick = new LayerRig();
  const { transaction, request } = taken(quick, heard('INVITE'));
  quick.run(100);
  quick.respond(transaction, answer(request, 180));
  quick.run(1000);
  assert.deepEqual(quick.log(), ['0 request INVITE', '100 180']);
});

test('a repeated INVITE gets the latest provisional again and is not told twice', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE'));
  rig.receive(heard('INVITE'));
  rig.respond(transaction, answer(request, 180));
  rig.receive(heard('INVITE'));
  assert.deepEqual(rig.log(), ['0 request INVITE', '0 180', '0 180']);
});

test('a refusal is repeated by timer G until its ACK, which is not told', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE'));
  rig.respond(transaction, answer(request, 486, 'mine'));
  rig.run(8000);
  rig.receive(heard('ACK', { toTag: 'mine' }));
  rig.run(60_000);
  const log = ['0 request INVITE', '0 486', '500 486', '1500 486', '3500 486', '7500 486', '13000 ended'];
  assert.deepEqual(rig.log(), log);
});

test('a refusal that is never ACKed ends with timer H', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE'), TCP);
  rig.respond(transaction, answer(request, 486));
  rig.run(60_000);
  assert.deepEqual(rig.log(), ['0 request INVITE', '0 486', '32000 timeout', '32000 ended']);
});

test('a 2xx is repeated on every transport until the ACK of its dialog comes under another branch (13.3.1.4)', () => {
  for (const from of [UDP, TCP]) {
    const rig = new LayerRig();
    const { transaction, request } = taken(rig, heard('INVITE'), from);
    rig.respond(transaction, answer(request, 200, 'mine'));
    rig.run(2000);
    const [told] = rig.receive(heard('ACK', { toTag: 'mine', branch: 'z9hG4bKack' }), from);
    assert.ok(told?.type === 'ack');
    assert.equal(told.transaction, transaction);
    rig.run(60_000);
    assert.deepEqual(rig.log(), ['0 request INVITE', '0 200', '500 200', '1500 200', '2000 ack', '32000 ended']);
  }
});

test('a 2xx that is never ACKed is repeated up to T2 apart and then reported', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE'));
  rig.respond(transaction, answer(request, 200));
  rig.run(60_000);
  const log = rig.log();
  assert.equal(log.filter((line) => line.endsWith(' 200')).length, 11);
  assert.deepEqual(log.slice(-2), ['32000 timeout', '32000 ended']);
});

test('an INVITE repeated after its 2xx is absorbed, not taken for a new call (RFC 6026 7.1)', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE'));
  rig.respond(transaction, answer(request, 200, 'mine'));
  rig.receive(heard('ACK', { toTag: 'mine', branch: 'z9hG4bKack' }));
  rig.run(10_000);
  rig.log();
  rig.receive(heard('INVITE'));
  assert.deepEqual(rig.log(), []);
});

test('a proxy passes every 2xx on and repeats none', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE'));
  rig.respond(transaction, answer(request, 200, 'one'), 'proxy');
  rig.respond(transaction, answer(request, 200, 'two'), 'proxy');
  rig.run(60_000);
  assert.deepEqual(rig.log(), ['0 request INVITE', '0 200', '0 200', '32000 ended']);
});

test('the ACK of a 2xx that nobody here sent is handed over for forwarding', () => {
  const rig = new LayerRig();
  const [told] = rig.receive(heard('ACK', { toTag: 'elsewhere', branch: 'z9hG4bKack' }));
  assert.ok(told?.type === 'ack');
  assert.equal(told.transaction, undefined);
});

test('a CANCEL is answered and told once, while its INVITE has no final response', () => {
  const rig = new LayerRig();
  const { transaction } = taken(rig, heard('INVITE'));
  const effects = rig.receive(heard('CANCEL'));
  const cancelled = effects.find(({ type }) => type === 'cancelled');
  assert.ok(cancelled?.type === 'cancelled');
  assert.equal(cancelled.transaction, transaction);
  rig.receive(heard('CANCEL'));
  assert.deepEqual(rig.log(), ['0 request INVITE', '0 200', '0 cancelled', '0 200']);
});

test('a CANCEL after the final response has no effect; one that matches nothing gets 481', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE'));
  rig.respond(transaction, answer(request, 200));
  rig.receive(heard('CANCEL'));
  rig.receive(heard('CANCEL', { branch: 'z9hG4bKunknown' }));
  assert.deepEqual(rig.log(), ['0 request INVITE', '0 200', '0 200', '0 481']);
});

test('every answer of ours has a tag, the one to a CANCEL that of its INVITE (8.2.6.2, 9.2)', () => {
  const tag = (rig: LayerRig): string => /;tag=(.+)/.exec(rig.lastSent('response').headers.get('To') ?? '')?.[1] ?? '';
  const rig = new LayerRig(1);
  const { transaction, request } = taken(rig, heard('INVITE'));
  rig.respond(transaction, answer(request, 180, 'mine'));
  rig.receive(heard('CANCEL'));
  assert.equal(tag(rig), 'mine');
  rig.receive(heard('OPTIONS', { branch: 'z9hG4bKtwo' }));
  assert.equal(rig.lastSent('response').status, 503);
  assert.notEqual(tag(rig), '');
  const empty = new LayerRig();
  empty.receive(heard('CANCEL'));
  assert.equal(empty.lastSent('response').status, 481);
  assert.notEqual(tag(empty), '');
});

test('requests other than INVITE: the answer is repeated on demand for 64·T1, and only then (timer J)', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('OPTIONS'));
  rig.receive(heard('OPTIONS'));
  rig.respond(transaction, answer(request, 200));
  rig.run(1000);
  rig.receive(heard('OPTIONS'));
  rig.run(40_000);
  assert.deepEqual(rig.log(), ['0 request OPTIONS', '0 200', '1000 200', '32000 ended']);
});

test('a 100 for another method than INVITE comes not before 3.5 s; 408 never; a late answer is swallowed (RFC 4320)', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('OPTIONS'));
  rig.respond(transaction, answer(request, 183));
  rig.run(10_000);
  assert.deepEqual(rig.log(), ['0 request OPTIONS', '3500 100']);
  rig.run(30_000);
  rig.respond(transaction, answer(request, 200));
  assert.deepEqual(rig.log(), ['32000 ended']);
  const other = new LayerRig();
  const timedOut = taken(other, heard('OPTIONS'));
  other.respond(timedOut.transaction, answer(timedOut.request, 408));
  assert.deepEqual(other.log(), ['0 request OPTIONS', '0 ended']);
});

test('the same request over another path is marked as merged (8.2.2.2); one inside a dialog never is', () => {
  const rig = new LayerRig();
  rig.receive(heard('INVITE', { branch: 'z9hG4bKone' }));
  rig.receive(heard('INVITE', { branch: 'z9hG4bKtwo' }));
  rig.receive(heard('INFO', { branch: 'z9hG4bKthree', toTag: 'mine', cseq: 2 }));
  rig.receive(heard('INFO', { branch: 'z9hG4bKfour', toTag: 'mine', cseq: 2 }));
  const told = ['0 request INVITE', '0 request INVITE merged', '0 request INFO', '0 request INFO'];
  assert.deepEqual(rig.log(), told);
});

test('sent-by tells equal branches of two clients apart', () => {
  const rig = new LayerRig();
  rig.receive(heard('OPTIONS'));
  const other = heard('OPTIONS');
  other.headers.set('Via', 'SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKone').set('Call-ID', 'call-77');
  rig.receive(other);
  assert.deepEqual(rig.log(), ['0 request OPTIONS', '0 request OPTIONS']);
});

test('a device that uses one branch for everything is answered each time: the Call-ID tells its requests apart', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('REGISTER'));
  rig.respond(transaction, answer(request, 401));
  const other = heard('REGISTER');
  other.headers.set('Call-ID', 'call-77');
  rig.receive(other);
  rig.receive(heard('REGISTER'));
  assert.deepEqual(rig.log(), ['0 request REGISTER', '0 401', '0 request REGISTER', '0 401']);
});

test('a client of RFC 2543 is matched by its headers, its ACK by our tag too', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE', { branch: '1' }));
  rig.receive(heard('INVITE', { branch: '1' }));
  rig.respond(transaction, answer(request, 486, 'mine'));
  rig.receive(heard('ACK', { branch: '1', toTag: 'other' }));
  rig.run(600);
  rig.receive(heard('ACK', { branch: '1', toTag: 'mine' }));
  rig.run(10_000);
  assert.deepEqual(rig.log(), ['0 request INVITE', '0 486', '0 ack', '500 486', '5600 ended']);
});

test('over the limit new requests get 503 with Retry-After; known ones and ACK go on', () => {
  const rig = new LayerRig(1);
  const { transaction, request } = taken(rig, heard('INVITE'));
  rig.receive(heard('OPTIONS', { branch: 'z9hG4bKtwo' }));
  assert.equal(rig.lastSent('response').headers.get('Retry-After'), '5');
  rig.respond(transaction, answer(request, 486, 'mine'));
  rig.receive(heard('ACK', { toTag: 'mine' }));
  assert.deepEqual(rig.log(), ['0 request INVITE', '0 503', '0 486']);
});

test('over the limit calls can still be cancelled and ended, up to twice the limit', () => {
  const rig = new LayerRig(2);
  rig.receive(heard('INVITE'));
  rig.receive(heard('OPTIONS', { branch: 'z9hG4bKtwo' }));
  rig.receive(heard('CANCEL'));
  rig.receive(heard('BYE', { branch: 'z9hG4bKthree', toTag: 'mine' }));
  rig.receive(heard('BYE', { branch: 'z9hG4bKfour', toTag: 'other' }));
  const told = ['0 request INVITE', '0 request OPTIONS', '0 200', '0 cancelled', '0 request BYE', '0 503'];
  assert.deepEqual(rig.log(), told);
});

test('the response goes to the source port that rport asked for, else to sent-by (RFC 3581, 18.2.2)', () => {
  const rig = new LayerRig();
  const source = flow('udp', '198.51.100.7', 33_333);
  const asked = heard('OPTIONS');
  asked.headers.set('Via', 'SIP/2.0/UDP 192.0.2.9:5070;rport;branch=z9hG4bKone');
  const seen = taken(rig, asked, source);
  const via = topVia(seen.request);
  assert.equal(paramOf(via?.params ?? [], 'received'), '198.51.100.7');
  assert.equal(paramOf(via?.params ?? [], 'rport'), '33333');
  assert.deepEqual(placeOf(rig.respond(seen.transaction, answer(seen.request, 200))), ['198.51.100.7', 33_333]);
  const plain = heard('OPTIONS', { branch: 'z9hG4bKtwo' });
  plain.headers.set('Via', 'SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKtwo').set('Call-ID', 'call-3');
  const unasked = taken(rig, plain, source);
  assert.deepEqual(placeOf(rig.respond(unasked.transaction, answer(unasked.request, 200))), ['198.51.100.7', 5070]);
});

test('no Via sends our answer to a third party: neither by maddr nor by a received of its own (RFC 3261 26.1.5)', () => {
  for (const forged of ['192.0.2.9:5070;maddr=198.51.100.66', '192.0.2.9:5070;received=198.51.100.66']) {
    const rig = new LayerRig();
    const asked = heard('OPTIONS');
    asked.headers.set('Via', `SIP/2.0/UDP ${forged};branch=z9hG4bKone`);
    const { transaction, request } = taken(rig, asked);
    assert.deepEqual(placeOf(rig.respond(transaction, answer(request, 200))), ['192.0.2.9', 5070], forged);
  }
});

test('a stranger is refused once for each time that he asks, and soon forgotten (RFC 3261 26.3.2.4)', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE'));
  rig.respond(transaction, answer(request, 401, 'mine'), 'refuser');
  rig.run(500);
  rig.receive(heard('INVITE'));
  rig.run(60_000);
  assert.deepEqual(rig.log(), ['0 request INVITE', '0 401', '500 401', '5000 ended']);
});

test('a stranger refused anything but a call is forgotten as soon', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('BYE', { toTag: 'nobody' }));
  rig.respond(transaction, answer(request, 481), 'refuser');
  rig.run(4000);
  rig.receive(heard('BYE', { toTag: 'nobody' }));
  rig.run(60_000);
  assert.deepEqual(rig.log(), ['0 request BYE', '0 481', '4000 481', '5000 ended']);
});

test('a refusal of a stranger is ACKed like any other', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE'));
  rig.respond(transaction, answer(request, 401, 'mine'), 'refuser');
  rig.run(100);
  rig.receive(heard('ACK', { toTag: 'mine' }));
  rig.run(60_000);
  assert.deepEqual(rig.log(), ['0 request INVITE', '0 401', '5100 ended']);
});

test('whom we have told that we are trying hears a refusal until he ACKs it: he repeats nothing any more', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE'));
  rig.run(300);
  rig.respond(transaction, answer(request, 403, 'mine'), 'refuser');
  rig.run(1000);
  assert.deepEqual(rig.log(), ['0 request INVITE', '200 100', '300 403', '800 403']);
});

function placeOf(effects: readonly TransactionEffect[]): unknown {
  const sent = effects.find(({ type }) => type === 'transmit');
  assert.ok(sent?.type === 'transmit' && 'remote' in sent.to);
  return [sent.to.remote.address, sent.to.remote.port];
}

test('a response that can not be sent is told, and a set-up that can not be answered is forgotten', () => {
  const rig = new LayerRig();
  const { transaction, request } = taken(rig, heard('INVITE'), TCP);
  const ringing = answer(request, 180);
  rig.respond(transaction, ringing);
  rig.do(rig.layer.sendFailed(ringing, 'closed', rig.now));
  assert.deepEqual(rig.log(), ['0 request INVITE', '0 180', '0 failed', '0 ended']);
  assert.equal(rig.layer.load.servers, 0);
});
