import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, branchIn, flow, LayerRig, outgoing, TCP, UDP } from '../../support/transactions.ts';

test('an INVITE over UDP is repeated by timer A and given up by timer B (RFC 3261 17.1.1.2)', () => {
  const rig = new LayerRig();
  rig.send(outgoing('INVITE'));
  rig.run(40_000);
  assert.deepEqual(rig.log(), [
    ...[0, 500, 1500, 3500, 7500, 15_500, 31_500].map((at) => `${at} INVITE`),
    '32000 timeout',
    '32000 ended',
  ]);
  assert.equal(rig.layer.load.clients, 0);
});

test('other requests over UDP are repeated by timer E, capped at T2, and given up by timer F', () => {
  const rig = new LayerRig();
  rig.send(outgoing('OPTIONS'));
  rig.run(40_000);
  assert.deepEqual(rig.log(), [
    ...[0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500].map((at) => `${at} OPTIONS`),
    '32000 timeout',
    '32000 ended',
  ]);
});

test('after a provisional a request other than INVITE is repeated every T2', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('OPTIONS'));
  rig.run(100);
  rig.receive(answer(sent, 100));
  rig.run(9000);
  assert.deepEqual(rig.log(), ['0 OPTIONS', '100 response 100', '500 OPTIONS', '4500 OPTIONS', '8500 OPTIONS']);
});

test('over TCP nothing is sent twice, and the transaction still times out', () => {
  const rig = new LayerRig();
  rig.send(outgoing('INVITE'), { targets: [TCP] });
  rig.run(40_000);
  assert.deepEqual(rig.log(), ['0 INVITE', '32000 timeout', '32000 ended']);
});

test('a refusal is ACKed under the same branch, also when it comes again, and told once', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('INVITE'));
  rig.run(100);
  const busy = answer(sent, 486, 'busy');
  rig.receive(busy);
  const ack = rig.lastSent('request');
  assert.equal(ack.method, 'ACK');
  assert.equal(branchIn(ack), branchIn(sent));
  assert.equal(ack.headers.get('To'), '<sip:200@192.0.2.9>;tag=busy');
  assert.equal(ack.headers.get('CSeq'), '7 ACK');
  assert.equal(ack.headers.get('Route'), '<sip:192.0.2.9;lr>');
  assert.equal(ack.headers.has('Require'), false);
  rig.run(1000);
  rig.receive(busy);
  rig.run(40_000);
  assert.deepEqual(rig.log(), ['0 INVITE', '100 ACK', '100 response 486', '1100 ACK', '32100 ended']);
});

test('a refusal over TCP ends the transaction at once (timer D is zero)', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('INVITE'), { targets: [TCP] });
  rig.receive(answer(sent, 486), TCP);
  assert.deepEqual(rig.log(), ['0 INVITE', '0 ACK', '0 response 486', '0 ended']);
});

test('every 2xx of a forked INVITE reaches the user for 64·T1 (RFC 6026 7.2)', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('INVITE'));
  rig.receive(answer(sent, 200, 'one'));
  rig.run(20_000);
  rig.receive(answer(sent, 200, 'two'));
  rig.receive(answer(sent, 180, 'three'));
  rig.run(20_000);
  rig.receive(answer(sent, 200, 'four'));
  assert.deepEqual(rig.log(), ['0 INVITE', '0 response 200', '20000 response 200', '32000 ended']);
});

test('a CANCEL waits for a provisional, then goes out under the branch of its INVITE (9.1)', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('INVITE'));
  rig.do(rig.layer.cancel('mine', [['Reason', 'Q.850;cause=16']], rig.now));
  assert.deepEqual(rig.log(), ['0 INVITE']);
  rig.run(100);
  rig.receive(answer(sent, 100));
  const cancel = rig.lastSent('request');
  assert.equal(cancel.method, 'CANCEL');
  assert.equal(branchIn(cancel), branchIn(sent));
  assert.equal(cancel.headers.get('CSeq'), '7 CANCEL');
  assert.equal(cancel.headers.get('To'), '<sip:200@192.0.2.9>');
  assert.equal(cancel.headers.get('Reason'), 'Q.850;cause=16');
  assert.equal(cancel.headers.has('Require'), false);
  rig.receive(answer(cancel, 200));
  rig.receive(answer(sent, 487));
  assert.deepEqual(rig.log(), ['100 response 100', '100 CANCEL', '100 ACK', '100 response 487']);
});

test('a cancelled INVITE whose 487 never comes is over 64·T1 after its CANCEL', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('INVITE'));
  rig.receive(answer(sent, 180));
  rig.do(rig.layer.cancel('mine', [], rig.now));
  const cancel = rig.lastSent('request');
  rig.receive(answer(cancel, 200));
  rig.log();
  rig.run(100_000);
  assert.deepEqual(rig.log(), ['32000 timeout', '32000 ended']);
  assert.equal(rig.layer.load.clients, 0);
});

test('an INVITE that has its final response is not cancelled', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('INVITE'));
  rig.receive(answer(sent, 200));
  rig.log();
  rig.do(rig.layer.cancel('mine', [], rig.now));
  assert.deepEqual(rig.log(), []);
});

const BACKUP = flow('udp', '192.0.2.10');

test('a target that can not be reached makes way for the next one, under a new branch (RFC 3263 4.3)', () => {
  const rig = new LayerRig();
  const first = rig.send(outgoing('INVITE'), { targets: [UDP, BACKUP] });
  rig.do(rig.layer.sendFailed(first, 'refused', rig.now));
  const second = rig.lastSent('request');
  assert.notEqual(branchIn(second), branchIn(first));
  rig.receive(answer(second, 200));
  assert.deepEqual(rig.log(), ['0 INVITE', '0 INVITE', '0 response 200']);
});

test('when no target can be reached the user is told once', () => {
  const rig = new LayerRig();
  const first = rig.send(outgoing('BYE'), { targets: [UDP, BACKUP] });
  rig.do(rig.layer.sendFailed(first, 'refused', rig.now));
  rig.do(rig.layer.sendFailed(rig.lastSent('request'), 'refused', rig.now));
  rig.run(40_000);
  assert.deepEqual(rig.log(), ['0 BYE', '0 BYE', '0 failed', '0 ended']);
  assert.equal(rig.layer.load.clients, 0);
});

test('a request without any target fails instead of waiting for ever', () => {
  const rig = new LayerRig();
  rig.do(rig.layer.send({ id: 'mine', request: outgoing('BYE'), targets: [] }, rig.now));
  assert.deepEqual(rig.log(), ['0 failed', '0 ended']);
});

test('a 503 makes way for the next target and is still ACKed; the last 503 is told', () => {
  const rig = new LayerRig();
  const first = rig.send(outgoing('INVITE'), { targets: [UDP, BACKUP] });
  rig.receive(answer(first, 503));
  const second = rig.lastSent('request');
  assert.equal(second.method, 'INVITE');
  rig.receive(answer(second, 503));
  assert.deepEqual(rig.log(), ['0 INVITE', '0 ACK', '0 INVITE', '0 ACK', '0 response 503']);
});

test('a silent target loses its turn after the given patience; when it rings late it is cancelled', () => {
  const rig = new LayerRig();
  const first = rig.send(outgoing('INVITE'), { targets: [UDP, BACKUP], patience: 4000 });
  rig.run(4000);
  const second = rig.lastSent('request');
  assert.notEqual(branchIn(second), branchIn(first));
  rig.receive(answer(second, 100));
  rig.log();
  rig.run(1000);
  rig.receive(answer(first, 180));
  assert.deepEqual(rig.log(), ['5000 CANCEL']);
  assert.equal(branchIn(rig.send(outgoing('OPTIONS'))) === branchIn(first), false);
});

test('a silent target that answers late is handed over as an orphan, not as the answer', () => {
  const rig = new LayerRig();
  const first = rig.send(outgoing('INVITE'), { patience: 4000 });
  rig.run(4000);
  rig.receive(answer(first, 200));
  const log = rig.log();
  assert.deepEqual(log.slice(-3), ['4000 timeout', '4000 ended', '4000 orphan']);
});

test('patience ends with the first provisional: a phone may ring as long as it likes', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('INVITE'), { targets: [UDP, BACKUP], patience: 4000 });
  rig.run(1000);
  rig.receive(answer(sent, 180));
  rig.run(100_000);
  assert.deepEqual(rig.log(), ['0 INVITE', '500 INVITE', '1000 response 180']);
});

test('responses that match nothing are dropped', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('OPTIONS'));
  rig.log();
  const foreign = { ...sent, headers: sent.headers.clone().set('Via', 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKother') };
  rig.receive(answer(foreign, 200));
  const otherMethod = { ...sent, headers: sent.headers.clone().set('CSeq', '7 INVITE') };
  rig.receive(answer(otherMethod, 200));
  assert.deepEqual(rig.log(), []);
});

test('a 2xx whose user has gone is handed over as an orphan', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('INVITE'));
  rig.receive(answer(sent, 200, 'one'));
  rig.do(rig.layer.abandon('mine', rig.now));
  rig.receive(answer(sent, 200, 'two'));
  rig.run(40_000);
  assert.deepEqual(rig.log(), ['0 INVITE', '0 response 200', '0 orphan']);
  assert.equal(rig.layer.load.clients, 0);
});

test('a peer that goes on ringing after its CANCEL can not keep the INVITE alive, nor draw one CANCEL after the other', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('INVITE'), { targets: [TCP] });
  rig.receive(answer(sent, 180), TCP);
  rig.do(rig.layer.cancel('mine', [], rig.now));
  const cancel = rig.lastSent('request');
  rig.receive(answer(cancel, 200), TCP);
  rig.log();
  for (let second = 0; second < 60; second++) {
    rig.run(1000);
    rig.receive(answer(sent, 180), TCP);
  }
  const log = rig.log();
  assert.equal(log.includes('32000 timeout'), true, log.slice(-3).join());
  assert.deepEqual(
    log.filter((line) => line.endsWith('CANCEL')),
    [],
  );
  assert.equal(rig.layer.load.clients, 0);
});

test('an INVITE that rings when its user goes is cancelled, and forgotten though no final response ever comes', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('INVITE'));
  rig.receive(answer(sent, 180));
  rig.log();
  rig.do(rig.layer.abandon('mine', rig.now));
  assert.deepEqual(rig.log(), ['0 CANCEL']);
  rig.run(100_000);
  assert.equal(rig.layer.load.clients, 0);
});

test('one that was cancelled already is not cancelled again when its user goes', () => {
  const rig = new LayerRig();
  const sent = rig.send(outgoing('INVITE'));
  rig.receive(answer(sent, 180));
  rig.do(rig.layer.cancel('mine', [], rig.now));
  rig.receive(answer(rig.lastSent('request'), 200));
  rig.run(10_000);
  rig.log();
  rig.do(rig.layer.abandon('mine', rig.now));
  assert.deepEqual(rig.log(), []);
  rig.run(23_000);
  assert.equal(rig.layer.load.clients, 0);
});
