import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endDialogs, type LegRecovery, q931Records, recoveriesOf } from '../../../src/gateway/recovery.ts';
import type { SipUser } from '../../../src/gateway/sip-edge.ts';
import type { SipOut } from '../../../src/leg/sip-leg-words.ts';
import type { Flow } from '../../../src/sip/message/flow.ts';

const UDP: Flow = {
  transport: 'udp',
  remote: { address: '198.51.100.7', port: 40_000 },
  local: { address: '192.0.2.1', port: 5060 },
};

const sip = (flow: unknown) => ({
  type: 'sip',
  record: {
    leg: 'c1.a',
    userAgent: 'Branchline',
    dialog: {
      role: 'uas',
      confirmed: true,
      callId: 'one',
      localTag: 'ours',
      remoteTag: 'theirs',
      localParty: '<sip:5551234@branch.example>',
      remoteParty: '<sip:201@branch.example>',
      localCSeq: 1,
      remoteTarget: 'sip:201@10.0.0.7:5060',
      routeSet: [],
      secure: false,
    },
  },
  flow,
});
const q931 = {
  type: 'q931',
  span: 't1',
  record: { handle: 1, callRef: 7, outgoing: true, span: 't1', slot: 3, state: 10 },
};

/** What a row holds after the way through the store. */
const stored = (...dialogs: readonly unknown[]): readonly LegRecovery[] =>
  recoveriesOf([{ dialogs: JSON.parse(JSON.stringify(dialogs)) }]);

function byes(left: readonly LegRecovery[]): readonly { readonly out: SipOut; readonly user: SipUser }[] {
  const said: { out: SipOut; user: SipUser }[] = [];
  endDialogs(left, { say: (out, user) => said.push({ out, user }), refuseStored: () => assert.fail('no INVITE') });
  return said;
}

test('the BYE after a crash goes through the hole in the phone’s NAT, not to the private address in its Contact', () => {
  const [bye] = byes(stored(sip(UDP), q931));
  assert.ok(bye?.out.type === 'request');
  assert.equal(bye.out.request.method, 'BYE');
  assert.deepEqual(bye.user.flow, UDP);
});

test('a connection that died with the process is not sent on: the BYE goes where the dialog says', () => {
  const [bye] = byes(stored(sip({ ...UDP, transport: 'tcp', connection: 'tcp-1' })));
  assert.ok(bye?.out.type === 'request');
  assert.equal(bye.user.flow, undefined);
  assert.match(bye.out.nextHop, /10\.0\.0\.7/);
});

test('a row that another release wrote costs its own call’s goodbye and no other', () => {
  const left = stored(
    undefined,
    'what',
    { type: 'sip' },
    { type: 'sip', record: { leg: 1 } },
    { type: 'q931', span: 't1' },
    { type: 'q931', span: 't1', record: { callRef: '7' } },
    sip(undefined),
    q931,
  );
  assert.deepEqual(
    left.map(({ type }) => type),
    ['sip', 'q931'],
  );
  assert.equal(q931Records(left, 't1').length, 1);
  assert.equal(q931Records(left, 't2').length, 0);
});

test('a caller who still waits is refused where the INVITE came from, with the tag that it knows, over UDP only', () => {
  const invite = {
    uri: 'sip:5551234@branch.example',
    headers: [
      ['Via', 'SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK1;received=198.51.100.7;rport=40000'],
      ['CSeq', '1 INVITE'],
    ],
    toTag: 'ours',
  };
  const refused: unknown[] = [];
  const left = stored(
    { type: 'invite', invite, flow: UDP },
    { type: 'invite', invite, flow: { ...UDP, transport: 'tcp', connection: 'tcp-1' } },
    { type: 'invite', invite: { ...invite, headers: [['Via', 'x\r\nEvil: 1']] }, flow: UDP },
    { type: 'invite', flow: UDP },
  );
  endDialogs(left, {
    say: () => assert.fail('no dialog'),
    refuseStored: (request, flow, status, { toTag, headers }) =>
      refused.push([request.method, request.headers.get('CSeq'), flow, status, toTag, headers?.[0]?.[1]]),
  });
  assert.deepEqual(refused, [['INVITE', '1 INVITE', UDP, 503, 'ours', 'Q.850;cause=41;location=LPN']]);
});
