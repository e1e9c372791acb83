import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SipRequest } from '../../../src/sip/message/message.ts';
import { answer, heard, LayerRig, outgoing, TCP, UDP } from '../../support/transactions.ts';

const METHODS = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS'] as const;
const step = fc.oneof(
  fc.record({
    do: fc.constant('hear' as const),
    method: fc.constantFrom(...METHODS),
    branch: fc.nat(3),
    tag: fc.nat(2),
  }),
  fc.record({
    do: fc.constant('respond' as const),
    pick: fc.nat(9),
    status: fc.constantFrom(100, 180, 200, 302, 408, 486, 603),
  }),
  fc.record({
    do: fc.constant('send' as const),
    method: fc.constantFrom('INVITE', 'BYE', 'OPTIONS'),
    targets: fc.nat(2),
  }),
  fc.record({
    do: fc.constant('answer' as const),
    pick: fc.nat(9),
    status: fc.constantFrom(100, 183, 200, 404, 487, 503),
  }),
  fc.record({ do: fc.constant('cancel' as const), pick: fc.nat(9) }),
  fc.record({ do: fc.constant('fail' as const), pick: fc.nat(9) }),
  fc.record({ do: fc.constant('wait' as const), time: fc.nat(5000) }),
);

test('no order of messages, failures and time leaves a transaction behind or a user untold', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const rig = new LayerRig();
      const sent: SipRequest[] = [];
      const taken: { transaction: string; request: SipRequest }[] = [];
      const asked: string[] = [];
      const note = (effects: ReturnType<LayerRig['do']>): void => {
        for (const effect of effects) {
          if (effect.type === 'transmit' && effect.message.type === 'request') sent.push(effect.message);
          if (effect.type === 'request') taken.push(effect);
        }
      };
      steps.forEach((at, i) => {
        const from = i % 2 === 0 ? UDP : TCP;
        if (at.do === 'hear') {
          const toTag = at.tag === 0 ? {} : { toTag: `t${at.tag}` };
          note(rig.receive(heard(at.method, { branch: `z9hG4bK${at.branch}`, ...toTag }), from));
        } else if (at.do === 'respond') {
          const to = taken[at.pick % Math.max(1, taken.length)];
          if (to !== undefined) note(rig.respond(to.transaction, answer(to.request, at.status, 't1')));
        } else if (at.do === 'send') {
          const id = `s${i}`;
          asked.push(id);
          const targets = [UDP, TCP].slice(0, at.targets);
          note(rig.do(rig.layer.send({ id, request: outgoing(at.method), targets }, rig.now)));
        } else if (at.do === 'answer') {
          const to = sent[at.pick % Math.max(1, sent.length)];
          if (to !== undefined) note(rig.receive(answer(to, at.status), from));
        } else if (at.do === 'cancel') note(rig.do(rig.layer.cancel(`s${at.pick}`, [], rig.now)));
        else if (at.do === 'fail') {
          const to = sent[at.pick % Math.max(1, sent.length)];
          if (to !== undefined) note(rig.do(rig.layer.sendFailed(to, 'closed', rig.now)));
        } else rig.run(at.time);
      });
      for (const { transaction, request } of taken) rig.respond(transaction, answer(request, 500));
      for (const id of asked) rig.do(rig.layer.cancel(id, [], rig.now));
      rig.run(200_000);
      assert.deepEqual(rig.layer.load, { clients: 0, servers: 0 });
      for (const { transaction } of taken)
        assert.equal(rig.ended.get(transaction), 1, 'a server transaction ends once');
      for (const id of asked) assert.equal(rig.ended.get(id), 1, 'a client transaction ends once');
    }),
    { numRuns: 300 },
  );
});
