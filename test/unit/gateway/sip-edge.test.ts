import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reactor } from '../../../src/gateway/reactor.ts';
import { SipEdge } from '../../../src/gateway/sip-edge.ts';
import { toLatin1 } from '../../../src/kernel/bytes.ts';
import { silent } from '../../../src/kernel/log.ts';
import { seeded } from '../../../src/kernel/random.ts';
import { fail, ok, type Result } from '../../../src/kernel/result.ts';
import type { Instant, WallTime } from '../../../src/kernel/time.ts';
import type { SipIn } from '../../../src/leg/sip-leg-words.ts';
import type { Flow, Target } from '../../../src/sip/message/flow.ts';
import { request as requestOf, responseTo, type SipRequest } from '../../../src/sip/message/message.ts';
import { parseMessage, printMessage } from '../../../src/sip/message/parse.ts';
import { TransactionLayer } from '../../../src/sip/transaction/layer.ts';
import { sip } from '../../support/sip-messages.ts';

const FLOW: Flow = {
  transport: 'udp',
  remote: { address: '192.0.2.9', port: 5070 },
  local: { address: '192.0.2.1', port: 5060 },
};

/** What the box answers to octets from `FLOW`, and where to. */
function answers(text: string): readonly { readonly text: string; readonly to: Flow | Target }[] {
  const sent: { text: string; to: Flow | Target }[] = [];
  const clock = { now: () => 0 as Instant, wall: () => 0 as WallTime };
  const reactor = new Reactor(clock, { set: () => {}, clear: () => {} }, (error) => assert.fail(String(error)));
  const random = seeded(1);
  const edge = new SipEdge({
    layer: new TransactionLayer({
      random,
      maxServerTransactions: 10,
      sentBy: () => ({ host: '192.0.2.1', port: 5060 }),
    }),
    reactor,
    log: silent,
    send: async (octets, to) => {
      sent.push({ text: toLatin1(octets), to });
      return ok(undefined);
    },
    resolve: async () => fail('nowhere'),
    onRequest: () => {},
    admits: () => true,
    onMessage: () => {},
  });
  edge.receive(sip(text), FLOW);
  return sent;
}

const request = (
  via: string,
  version = 'SIP/2.0',
  method = 'OPTIONS',
): string => `${method} sip:100@192.0.2.1 ${version}
Via: ${via}
Max-Forwards: 70
From: <sip:200@192.0.2.9>;tag=far
To: <sip:100@192.0.2.1>
Call-ID: one
CSeq: 1 ${method}
Content-Length: 0
`;

test('a request whose Via can’t be read is refused at the place it came from, with the Via as it came', () => {
  const [answer, ...more] = answers(request('SIP/2.0/UDP 192.0.2.15;;,;,,'));
  assert.match(answer?.text ?? '', /^SIP\/2\.0 400 /);
  assert.match(answer?.text ?? '', /^Via: SIP\/2\.0\/UDP 192\.0\.2\.15;;\r$/m);
  assert.deepEqual(answer?.to, FLOW);
  assert.deepEqual(more, []);
});

test('another version of SIP is told so, though its Via is of that version too', () => {
  const [answer] = answers(request('SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw', 'SIP/7.0'));
  assert.match(answer?.text ?? '', /^SIP\/2\.0 505 /);
  assert.deepEqual(answer?.to, FLOW);
});

test('an ACK is never answered, however broken', () => {
  assert.deepEqual(answers(request('SIP/2.0/UDP 192.0.2.15;;,;,,', 'SIP/2.0', 'ACK')), []);
});

const INVITE = requestOf('INVITE', 'sip:100@carrier.example', [
  ['Max-Forwards', '70'],
  ['From', '<sip:200@192.0.2.1>;tag=us'],
  ['To', '<sip:100@carrier.example>'],
  ['Call-ID', 'two'],
  ['CSeq', '1 INVITE'],
]);

/** An edge that sends, with a DNS that answers when it is told to; what its user hears. */
function sender(reaches: (to: Flow | Target) => boolean) {
  const sent: (Flow | Target)[] = [];
  const octets: Uint8Array[] = [];
  const heard: SipIn[] = [];
  let found: (targets: Result<readonly Target[]>) => void = () => {};
  const clock = { now: () => 0 as Instant, wall: () => 0 as WallTime };
  const reactor = new Reactor(clock, { set: () => {}, clear: () => {} }, (error) => assert.fail(String(error)));
  const layer = new TransactionLayer({
    random: seeded(1),
    maxServerTransactions: 10,
    sentBy: () => ({ host: '192.0.2.1', port: 5060 }),
  });
  const edge = new SipEdge({
    layer,
    reactor,
    log: silent,
    send: async (message, to) => {
      if (!reaches(to)) return fail('closed');
      sent.push(to);
      octets.push(message);
      return ok(undefined);
    },
    resolve: () =>
      new Promise((resolve) => {
        found = resolve;
      }),
    onRequest: () => {},
    admits: () => true,
    onMessage: () => {},
  });
  const say = (flow: Flow | undefined): void =>
    edge.say(
      { type: 'request', transaction: 't', request: INVITE, nextHop: 'sip:100@carrier.example' },
      { flow, hear: (wire) => heard.push(wire) },
    );
  const settled = () => new Promise((done) => setImmediate(done));
  const lookUp = async (address: string): Promise<void> => {
    found(ok([{ transport: 'tcp', address, port: 5060 }]));
    await settled();
  };
  return { edge, say, sent, octets, heard, lookUp, settled };
}

test('an INVITE that is cancelled, or whose leg goes, while the DNS is asked is never sent', async () => {
  const { edge, say, sent, heard, lookUp } = sender(() => true);
  say(undefined);
  edge.say({ type: 'cancel', transaction: 't', headers: [] }, { flow: undefined, hear: () => {} });
  assert.deepEqual(
    heard.map(({ type }) => type),
    ['failed'],
  );
  await lookUp('192.0.2.7');
  assert.deepEqual(sent, []);
  say(undefined);
  edge.abandon('t');
  await lookUp('192.0.2.7');
  assert.deepEqual(sent, []);
  assert.deepEqual([heard.length, edge.load.clients], [1, 0]);
});

test('a request for a connection that has closed goes where its URI says; only if that fails too is it lost', async () => {
  const connection: Flow = { ...FLOW, transport: 'tcp', connection: 'tcp-1' };
  for (const there of [true, false]) {
    const { say, sent, heard, lookUp, settled } = sender((to) => !('remote' in to) && there);
    say(connection);
    await settled();
    assert.deepEqual(heard, []);
    await lookUp('192.0.2.7');
    assert.deepEqual(
      sent.map((to) => ('remote' in to ? to.remote.address : to.address)),
      there ? ['192.0.2.7'] : [],
    );
    assert.deepEqual(
      heard.map(({ type }) => type),
      there ? [] : ['failed'],
    );
  }
});

test('an answer that nobody waits for is ACKed each time it comes, and ended once; a flood of them is not followed', async () => {
  const { edge, say, octets, settled } = sender(() => true);
  say(FLOW);
  edge.abandon('t');
  await settled();
  const invite = parseMessage(octets[0] ?? new Uint8Array(0));
  assert.ok(invite.ok && invite.value.type === 'request');
  const answered = (tag: string): void =>
    edge.receive(printMessage(responseTo(invite.value as SipRequest, 200, { toTag: tag })), FLOW);
  const count = (method: string): number => octets.filter((sent) => toLatin1(sent).startsWith(method)).length;
  for (let n = 0; n < 3; n++) answered('late');
  await settled();
  assert.deepEqual([count('ACK'), count('BYE')], [3, 1]);
  for (let n = 0; n < 1000; n++) answered(`late-${n}`);
  await settled();
  assert.equal(count('BYE'), 200);
});

test('a caller whose connection has closed while it rang is answered where he listens (RFC 3261 18.2.2); a stranger is not', async () => {
  const connection: Flow = { ...FLOW, transport: 'tcp', connection: 'tcp-1' };
  for (const ours of [true, false]) {
    const { edge, sent, settled } = sender((to) => !('remote' in to));
    if (ours) edge.join('one', 'ours', { hear: () => {}, flow: connection });
    edge.receive(sip(request('SIP/2.0/TCP 10.0.0.9:5080;rport;branch=z9hG4bKa', 'SIP/2.0', 'INVITE')), connection);
    const invite = parseMessage(sip(request('SIP/2.0/TCP 10.0.0.9:5080;branch=z9hG4bKa', 'SIP/2.0', 'INVITE')));
    assert.ok(invite.ok && invite.value.type === 'request');
    edge.respond('in-1', invite.value, 200, { toTag: 'ours' });
    await settled();
    assert.deepEqual(sent, ours ? [{ transport: 'tcp', address: '192.0.2.9', port: 5080 }] : []);
  }
});

test('an INVITE from before a crash is refused in a transaction: its copy gets the same, and its ACK ends it', async () => {
  const { edge, sent, settled } = sender(() => true);
  const text = request('SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKold', 'SIP/2.0', 'INVITE');
  const invite = parseMessage(sip(text));
  assert.ok(invite.ok && invite.value.type === 'request');
  edge.refuseStored(invite.value, FLOW, 503, { toTag: 'ours' });
  edge.receive(sip(text), FLOW);
  await settled();
  assert.equal(sent.length, 2);
  assert.equal(edge.load.servers, 1);
  const ack = text.replace(/INVITE/g, 'ACK').replace('To: <sip:100@192.0.2.1>', 'To: <sip:100@192.0.2.1>;tag=ours');
  edge.receive(sip(ack), FLOW);
  edge.receive(sip(text), FLOW);
  await settled();
  assert.equal(sent.length, 2);
});
