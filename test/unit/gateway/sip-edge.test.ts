import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reactor } from '../../../src/gateway/reactor.ts';
import { SipEdge } from '../../../src/gateway/sip-edge.ts';
import { toLatin1 } from '../../../src/kernel/bytes.ts';
import { silent } from '../../../src/kernel/log.ts';
import { seeded } from '../../../src/kernel/random.ts';
import { fail, ok } from '../../../src/kernel/result.ts';
import type { Instant, WallTime } from '../../../src/kernel/time.ts';
import type { Flow, Target } from '../../../src/sip/message/flow.ts';
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
