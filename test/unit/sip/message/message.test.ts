import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toLatin1 } from '../../../../src/kernel/bytes.ts';
import { responseTo } from '../../../../src/sip/message/message.ts';
import { printMessage } from '../../../../src/sip/message/parse.ts';
import { heardRequest, INVITE, REGISTER } from '../../../support/sip-messages.ts';

const routed = heardRequest(
  INVITE.replace('Max-Forwards: 70', 'v: SIP/2.0/TCP b\nRecord-Route: <sip:p;lr>\nTimestamp: 54'),
);

test('a response repeats what RFC 3261 8.2.6 says and nothing else', () => {
  assert.equal(
    toLatin1(printMessage(responseTo(routed, 404, { toTag: 'x' }))),
    [
      'SIP/2.0 404 Not Found',
      'Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK776asdhds;rport',
      'Via: SIP/2.0/TCP b',
      'From: "Alice \\"A\\"" <sip:201@branch.example>;tag=1928301774',
      'To: <sip:+12145550100@192.0.2.1;user=phone>;tag=x',
      'Call-ID: a84b4c76e66710@192.0.2.7',
      'CSeq: 314159 INVITE',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
});

test('only a response that makes a dialog repeats Record-Route, only a 100 the Timestamp', () => {
  assert.deepEqual(responseTo(routed, 180).headers.all('Record-Route'), ['<sip:p;lr>']);
  assert.deepEqual(responseTo(routed, 200).headers.all('Record-Route'), ['<sip:p;lr>']);
  assert.equal(responseTo(routed, 486).headers.has('Record-Route'), false);
  assert.equal(responseTo({ ...routed, method: 'OPTIONS' }, 200).headers.has('Record-Route'), false);
  assert.equal(responseTo(routed, 100).headers.get('Timestamp'), '54');
  assert.equal(responseTo(routed, 200).headers.has('Timestamp'), false);
});

test('a tag is given once, never to a 100, and a tag inside the URI is not one', () => {
  const register = heardRequest(REGISTER);
  const to = (text: string, status: number): string | undefined =>
    responseTo({ ...register, headers: register.headers.clone().set('To', text) }, status, { toTag: 'n' }).headers.get(
      'To',
    );
  assert.equal(to('<sip:a@b>', 200), '<sip:a@b>;tag=n');
  assert.equal(to('<sip:a@b>', 100), '<sip:a@b>');
  assert.equal(to('<sip:a@b>;TAG = o', 200), '<sip:a@b>;TAG = o');
  assert.equal(to('<sip:a@b;tag=uri>', 200), '<sip:a@b;tag=uri>;tag=n');
  assert.equal(to('"x;tag=y" <sip:a@b>', 200), '"x;tag=y" <sip:a@b>;tag=n');
  assert.equal(to('sip:a@b', 200), 'sip:a@b;tag=n');
});
