import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Capabilities,
  checkExtensions,
  checkRequest,
  checkResponse,
  checkSupport,
} from '../../../../src/sip/message/check.ts';
import { heardRequest, heardResponse, INVITE } from '../../../support/sip-messages.ts';

const can: Capabilities = {
  methods: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS'],
  extensions: ['100rel', 'timer'],
  contentTypes: ['application/sdp'],
};

/** The INVITE with one change. */
const changed = (from: string | RegExp, to: string): ReturnType<typeof heardRequest> => {
  const text = INVITE.replace(from, () => to);
  assert.notEqual(text, INVITE);
  return heardRequest(text);
};

const said = (refusal: ReturnType<typeof checkRequest>): string =>
  refusal === undefined
    ? 'ok'
    : [`${refusal.status} ${refusal.reason}`, ...refusal.headers.map((h) => h.join(': '))].join(' | ');

test('each fault of a request is refused with what is wrong', () => {
  const table: readonly (readonly [from: string | RegExp, to: string, said: string])[] = [
    ['Max-Forwards: 70\n', '', 'ok'],
    [';tag=1928301774', '', 'ok'],
    ['branch=z9hG4bK776asdhds;', '', 'ok'],
    ['To: <', 'X-To: <', '400 Missing To'],
    ['Call-ID: ', 'X-Call-ID: ', '400 Missing Call-ID'],
    ['Via: ', 'X-Via: ', '400 Missing Via'],
    ['Max-Forwards: 70', 'From: <sip:x@y>', '400 Multiple From'],
    ['Max-Forwards: 70', 'Max-Forwards: 256', '400 Malformed Max-Forwards'],
    ['Max-Forwards: 70', 'Max-Forwards: seventy', '400 Malformed Max-Forwards'],
    ['314159 INVITE', '314159 BYE', '400 CSeq of another method'],
    ['314159 INVITE', '4294967296 INVITE', '400 Malformed CSeq'],
    ['Call-ID: a84b', 'Call-ID: a84b c', '400 Malformed Call-ID'],
    ['From: "Alice', 'From: Alice', '400 From: display name is not made of tokens'],
    ['SIP/2.0/UDP 192', 'SIP/1.0/UDP 192', '400 Malformed Via'],
    [
      'Contact: <sip:201@192.0.2.7:5062;transport=udp>',
      'Contact: <sip:201@[::g]>',
      '400 Contact: URI user, host or port malformed',
    ],
    ['Supported: 100rel', 'Route: <sip:a@b\nSupported: 100rel', '400 Route: URI: < left open'],
    ['Content-Type: application/sdp', 'Content-Type: sdp', '400 Malformed Content-Type'],
    [/^INVITE \S+/, 'INVITE soap.beep://192.0.2.1', '416 Unsupported URI Scheme'],
    [/^INVITE \S+/, 'INVITE sip:a@b?Route=%3Csip:c%3E', '400 Request-URI with headers'],
    [/^INVITE \S+/, 'INVITE <sip:a@b>', '400 Request-URI: URI scheme malformed'],
    [/^INVITE \S+/, 'INVITE tel:+12145550100', 'ok'],
  ];
  for (const [from, to, expected] of table) assert.equal(said(checkRequest(changed(from, to))), expected, to);
});

test('what a sound request asks for and we cannot do is named', () => {
  const table: readonly (readonly [from: string | RegExp, to: string, said: string])[] = [
    ['User-Agent: phone/1.0', 'Require: 100REL', 'ok'],
    ['User-Agent: phone/1.0', 'Require: timer, sec-agree, Foo', '420 Bad Extension | Unsupported: sec-agree, Foo'],
    [
      'Content-Type: application/sdp',
      'Content-Type: application/x',
      '415 Unsupported Media Type | Accept: application/sdp',
    ],
    ['Content-Type: application/sdp\n', '', '400 Missing Content-Type'],
    ['User-Agent: phone/1.0', 'Content-Encoding: gzip', '415 Unsupported Media Type | Accept-Encoding: identity'],
    [/User-Agent.*\nContent-Type: .*/, 'Content-Disposition: icon;handling=optional\nContent-Type: image/png', 'ok'],
    ['User-Agent: phone/1.0', 'Accept: text/x', '406 Not Acceptable | Accept: application/sdp'],
    ['User-Agent: phone/1.0', 'Accept: text/x, application/*;q=0.1', 'ok'],
    [/INVITE(?= sip)|INVITE$/gm, 'MESSAGE', '405 Method Not Allowed | Allow: INVITE, ACK, CANCEL, BYE, OPTIONS'],
    [/INVITE(?= sip)|INVITE$/gm, 'NEWMETHOD', '501 Not Implemented | Allow: INVITE, ACK, CANCEL, BYE, OPTIONS'],
  ];
  for (const [from, to, expected] of table) assert.equal(said(checkSupport(changed(from, to), can)), expected, to);
});

test('a proxy looks at Proxy-Require only, and a CANCEL is never refused for a Require', () => {
  const request = changed('User-Agent: phone/1.0', 'Require: foo\nProxy-Require: bar');
  assert.equal(said(checkExtensions(request, 'Proxy-Require', [])), '420 Bad Extension | Unsupported: bar');
  assert.equal(checkSupport({ ...request, method: 'CANCEL' }, can), undefined);
});

test('a response that cannot be matched is not let through', () => {
  const text = INVITE.replace(/^.*/, 'SIP/2.0 200 OK');
  assert.equal(checkResponse(heardResponse(text)), true);
  assert.equal(checkResponse(heardResponse(text.replace('314159 ', '4294967296 '))), false);
  assert.equal(checkResponse(heardResponse(text.replace('Via', 'X'))), false);
  assert.equal(checkResponse(heardResponse(text.replace('To: <', 'To: '))), false);
});
