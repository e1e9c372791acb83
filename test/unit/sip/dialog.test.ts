import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  acknowledgement,
  confirmed,
  type Dialog,
  dialogFromJson,
  dialogOfRequest,
  dialogOfResponse,
  inOrder,
  nextRequest,
  refreshed,
} from '../../../src/sip/dialog/dialog.ts';
import { parseRAck, reliableSeq } from '../../../src/sip/dialog/reliable.ts';
import { parseReplaces } from '../../../src/sip/dialog/replaces.ts';
import { type HeaderPairs, request, responseTo, type SipRequest } from '../../../src/sip/message/message.ts';

const invite = (headers: HeaderPairs = []): SipRequest =>
  request('INVITE', 'sip:bob@biloxi.example', [
    ['Via', 'SIP/2.0/UDP pc33.atlanta.example;branch=z9hG4bK1'],
    ['From', '"Alice" <sip:alice@atlanta.example>;tag=a1'],
    ['To', '<sip:bob@biloxi.example>'],
    ['Call-ID', 'c1@pc33'],
    ['CSeq', '314159 INVITE'],
    ['Contact', '<sip:alice@pc33.atlanta.example>'],
    ...headers,
  ]);

const ROUTES: HeaderPairs = [
  ['Record-Route', '<sip:p2.example;lr>, <sip:p1.example;lr>'],
  ['Record-Route', '<sip:p0.example;lr>'],
];

const made = (result: ReturnType<typeof dialogOfRequest>): Dialog => {
  assert.ok(result.ok);
  return result.value;
};

test('the called side keeps the route set in the order of Record-Route, the calling side reversed (12.1)', () => {
  const uas = made(dialogOfRequest(invite(ROUTES), 'b1'));
  assert.deepEqual(uas.routeSet, ['<sip:p2.example;lr>', '<sip:p1.example;lr>', '<sip:p0.example;lr>']);
  assert.equal(uas.remoteTarget, 'sip:alice@pc33.atlanta.example');
  const ok = responseTo(invite(ROUTES), 200, { toTag: 'b1', headers: [['Contact', '<sip:bob@10.0.0.2>']] });
  const uac = made(dialogOfResponse(invite(), ok));
  assert.deepEqual(uac.routeSet, ['<sip:p0.example;lr>', '<sip:p1.example;lr>', '<sip:p2.example;lr>']);
  assert.equal(uac.remoteTarget, 'sip:bob@10.0.0.2');
});

test('requests in the dialog swap From and To, count CSeq on, and name every loose router', () => {
  const uas = made(dialogOfRequest(invite(ROUTES), 'b1'));
  const { request: bye, dialog, nextHop } = nextRequest(uas, 'BYE', []);
  assert.equal(bye.uri, 'sip:alice@pc33.atlanta.example');
  assert.equal(bye.headers.get('From'), '<sip:bob@biloxi.example>;tag=b1');
  assert.equal(bye.headers.get('To'), '"Alice" <sip:alice@atlanta.example>;tag=a1');
  assert.deepEqual(bye.headers.all('Route'), uas.routeSet);
  assert.equal(nextHop, 'sip:p2.example;lr');
  assert.equal(nextRequest(dialog, 'INFO', []).request.headers.get('CSeq'), '2 INFO');
});

test('a strict router takes the Request-URI, the target goes to the end of Route (12.2.1.1)', () => {
  const uas = made(
    dialogOfRequest(invite([['Record-Route', '<sip:strict.example;method=INVITE>, <sip:p1.example;lr>']]), 'b'),
  );
  const { request: bye, nextHop } = nextRequest(uas, 'BYE', []);
  assert.equal(bye.uri, 'sip:strict.example');
  assert.deepEqual(bye.headers.all('Route'), ['<sip:p1.example;lr>', '<sip:alice@pc33.atlanta.example>']);
  assert.equal(nextHop, 'sip:p1.example;lr');
});

test('the 2xx replaces the route set of the early dialog and keeps its CSeq (13.2.2.4)', () => {
  const early = made(dialogOfResponse(invite(), responseTo(invite(ROUTES), 180, { toTag: 'b1' })));
  const pracked = nextRequest(early, 'PRACK', []).dialog;
  const late = confirmed(pracked, responseTo(invite(), 200, { headers: [['Contact', '<sip:bob@10.0.0.9>']] }));
  assert.deepEqual(
    [late.routeSet, late.remoteTarget, late.localCSeq, late.confirmed],
    [[], 'sip:bob@10.0.0.9', 314160, true],
  );
});

test('the ACK of a 2xx carries the number of its INVITE and leaves CSeq alone', () => {
  const dialog = made(dialogOfResponse(invite(), responseTo(invite(), 200, { toTag: 'b1' })));
  const ack = acknowledgement(nextRequest(dialog, 'PRACK', []).dialog, 314159, []);
  assert.equal(ack.request.headers.get('CSeq'), '314159 ACK');
  assert.equal(ack.dialog.localCSeq, 314160);
});

test('a request with a CSeq that has been is out of order; a gap is not (12.2.2)', () => {
  const dialog = made(dialogOfRequest(invite(), 'b1'));
  const bye = (n: number): SipRequest => request('BYE', 'sip:x', [['CSeq', `${n} BYE`]]);
  assert.equal(inOrder(dialog, bye(314159)), undefined);
  assert.equal(inOrder(dialog, bye(1)), undefined);
  assert.equal(inOrder(dialog, bye(400000))?.remoteCSeq, 400000);
});

test('a target refresh moves the remote target, a request without Contact does not', () => {
  const dialog = made(dialogOfRequest(invite(), 'b1'));
  assert.equal(refreshed(dialog, invite([])).remoteTarget, dialog.remoteTarget);
  const moved = request('UPDATE', 'sip:x', [['Contact', '<sip:alice@10.0.0.3:5070>']]);
  assert.equal(refreshed(dialog, moved).remoteTarget, 'sip:alice@10.0.0.3:5070');
  assert.equal(refreshed(dialog, request('UPDATE', 'sip:x', [])).remoteTarget, dialog.remoteTarget);
});

test('an INVITE without Contact, or with more routes than any path has, makes no dialog', () => {
  const bare = invite();
  bare.headers.delete('Contact');
  assert.equal(dialogOfRequest(bare, 'b').ok, false);
  const long = Array.from({ length: 71 }, (_, i): readonly [string, string] => [
    'Record-Route',
    `<sip:p${i}.example;lr>`,
  ]);
  assert.equal(dialogOfRequest(invite(long), 'b').ok, false);
});

test('a peer without a tag (RFC 2543) can be spoken to', () => {
  const old = invite();
  old.headers.set('From', '<sip:alice@atlanta.example>');
  const dialog = made(dialogOfRequest(old, 'b1'));
  assert.equal(nextRequest(dialog, 'BYE', []).request.headers.get('To'), '<sip:alice@atlanta.example>');
});

test('a dialog survives being stored as JSON; what is no dialog is told', () => {
  const dialog = made(dialogOfRequest(invite(ROUTES), 'b1'));
  assert.deepEqual(dialogFromJson(JSON.parse(JSON.stringify(dialog))), dialog);
  for (const wrong of [undefined, null, 7, 'x', {}, { ...dialog, routeSet: [1] }, { ...dialog, localCSeq: '1' }]) {
    assert.equal(dialogFromJson(wrong), undefined);
  }
});

test('only a provisional with Require and RSeq wants a PRACK; a malformed RAck is no acknowledgement', () => {
  const of = (status: number, headers: HeaderPairs): number | undefined =>
    reliableSeq(responseTo(invite(), status, { headers }));
  const rel: HeaderPairs = [
    ['Require', '100rel'],
    ['RSeq', '42'],
  ];
  assert.equal(of(183, rel), 42);
  assert.equal(of(100, rel), undefined);
  assert.equal(of(200, rel), undefined);
  assert.equal(of(183, [['RSeq', '42']]), undefined);
  assert.equal(of(183, [['Require', '100rel']]), undefined);
  assert.deepEqual(parseRAck('42 314159 INVITE'), { rseq: 42, cseq: 314159, method: 'INVITE' });
  for (const wrong of ['', '42', '42 INVITE', 'x y INVITE', '99999999999 1 INVITE'])
    assert.equal(parseRAck(wrong), undefined);
});

test('Replaces and Join name a dialog by Call-ID and both tags, or nothing', () => {
  assert.deepEqual(parseReplaces('98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff'), {
    callId: '98732@sip.example.com',
    fromTag: 'r33th4x0r',
    toTag: 'ff87ff',
    earlyOnly: false,
  });
  assert.equal(parseReplaces('a@b;to-tag=1;from-tag=2;early-only')?.earlyOnly, true);
  for (const wrong of ['', 'a@b', 'a@b;to-tag=1', 'a@b;from-tag=1', ';to-tag=1;from-tag=2']) {
    assert.equal(parseReplaces(wrong), undefined);
  }
});
