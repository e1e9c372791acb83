import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromLatin1, toLatin1 } from '../../../../src/kernel/bytes.ts';
import { descriptionOf, partsOf } from '../../../../src/sip/message/body.ts';
import { checkSupport } from '../../../../src/sip/message/check.ts';
import { request } from '../../../../src/sip/message/message.ts';

const SDP = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n';
const withBody = (type: string, body: string) =>
  request('INVITE', 'sip:100@192.0.2.1', [['Content-Type', type]], fromLatin1(body));
const part = (type: string, content: string): string => `Content-Type: ${type}\r\n\r\n${content}\r\n`;
const mixed = (boundary: string, ...parts: readonly string[]): string =>
  `${parts.map((text) => `--${boundary}\r\n${text}`).join('')}--${boundary}--\r\n`;
const found = (type: string, body: string): string => toLatin1(descriptionOf(withBody(type, body)));

test('a description is found alone, among other parts, and in a part of parts (RFC 5621 §8)', () => {
  assert.equal(found('application/sdp', SDP), SDP);
  const isup = part('application/isup;version=itu-t92+', '\x01\x11\xff');
  const sdp = part('application/sdp', SDP);
  assert.equal(found('multipart/mixed;boundary=b1', mixed('b1', isup, sdp)), SDP);
  assert.equal(found('multipart/mixed; boundary="a b:1"', `preamble\r\n${mixed('a b:1', sdp, isup)}`), SDP);
  const inner = part('multipart/alternative;boundary=in', mixed('in', part('text/plain', 'x'), sdp));
  assert.equal(found('multipart/mixed;boundary=out', mixed('out', isup, inner)), SDP);
  assert.equal(found('multipart/mixed;boundary=b1', mixed('b1', isup)), '');
  const folded = `c:\r\n application/sdp\r\nContent-Disposition: session\r\n\r\n${SDP}\r\n`;
  assert.equal(found('multipart/mixed;boundary=b1', mixed('b1', folded)), SDP);
});

test('octets of a part come as they are', () => {
  const octets = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
  const parts = partsOf(withBody('multipart/mixed;boundary=b', mixed('b', part('application/x', octets))));
  assert.deepEqual(
    parts.map(({ octets: heard }) => toLatin1(heard)),
    [octets],
  );
});

test('a body of many parts is taken when we read one of them; one of none, or cut short, is refused', () => {
  const can = { methods: ['INVITE'], extensions: [], contentTypes: ['application/sdp'] } as const;
  const status = (type: string, body: string) => checkSupport(withBody(type, body), can)?.status;
  const pidf = part('application/pidf+xml', '<presence/>');
  assert.equal(status('multipart/mixed;boundary=b', mixed('b', part('application/sdp', SDP), pidf)), undefined);
  assert.equal(status('multipart/mixed;boundary=b', mixed('b', pidf)), 415);
  assert.equal(status('multipart/mixed', mixed('b', part('application/sdp', SDP))), 415, 'no boundary');
  assert.equal(status('multipart/mixed;boundary=b', `--b\r\n${part('application/sdp', SDP)}`), 415, 'no end');
});

test('no body takes long or throws, whatever its boundaries', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('--b', '--', 'b', '\r\n', 'Content-Type: multipart/mixed;boundary=b', 'x'), {
        maxLength: 200,
      }),
      (bits) => {
        assert.ok(partsOf(withBody('multipart/mixed;boundary=b', bits.join(''))).length <= 20);
      },
    ),
  );
});
