import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromLatin1, toLatin1 } from '../../../../src/kernel/bytes.ts';
import { LIMITS } from '../../../../src/sip/message/limits.ts';
import { parseMessage, printMessage } from '../../../../src/sip/message/parse.ts';
import { heard, heardRequest, heardResponse, INVITE, REGISTER, sip } from '../../../support/sip-messages.ts';

/** What parsing answers: `ok`, or status and reason. */
function verdict(bytes: Uint8Array): string {
  const result = parseMessage(bytes);
  return result.ok ? 'ok' : `${result.error.status} ${result.error.reason}`;
}

const withLine = (line: string): Uint8Array => sip(REGISTER.replace('Expires: 3600', line));

test('a request is read with method, URI, headers and body', () => {
  const request = heardRequest(INVITE);
  assert.equal(request.method, 'INVITE');
  assert.equal(request.uri, 'sip:+12145550100@192.0.2.1:5060;user=phone');
  assert.equal(request.headers.get('call-id'), 'a84b4c76e66710@192.0.2.7');
  assert.equal(toLatin1(request.body).split('\r\n')[5], 'm=audio 40000 RTP/AVP 0 8 101');
});

test('short names are told from each other and from longer ones, with and without blanks around the colon', () => {
  const names = 'To:a\nt:b\nto : c\nT :d\nv:\nV: e\nCall-ID:f\ni:\tg\nContact\t: h\nm:i\nContact-X: j\nV1: k\nTo-: l\n';
  const { headers } = heardRequest(`OPTIONS sip:a@b SIP/2.0\n${names}`);
  assert.equal(
    [...headers.entries()].map(([name, value]) => `${name}=${value}`).join(' '),
    'To=a t=b to=c T=d v= V=e Call-ID=f i=g Contact=h m=i Contact-X=j V1=k To-=l',
  );
  assert.deepEqual(
    [headers.all('To'), headers.all('Via'), headers.all('Call-ID'), headers.all('Contact')],
    [
      ['a', 'b', 'c', 'd'],
      ['', 'e'],
      ['f', 'g'],
      ['h', 'i'],
    ],
  );
  for (const line of [':x', 'T', 'To', 'Contact', 'To x: y', 'T;: y'])
    assert.match(verdict(withLine(line)), /^400 /, line);
});

test('a response keeps its reason phrase, empty or with every character', () => {
  const response = heardResponse('SIP/2.0 183 Bitte warten: "ja" <\xc3\xa4>\nCall-ID: a\n');
  assert.deepEqual([response.status, response.reason], [183, 'Bitte warten: "ja" <\xc3\xa4>']);
  assert.equal(heardResponse('SIP/2.0 100 \nCall-ID: a\n').reason, '');
  assert.equal(heardResponse('SIP/2.0 100\nCall-ID: a\n').reason, '');
});

test('untouched headers and bodies print back bit for bit, whatever their octets', () => {
  const every = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i).filter((i) => i !== 10 && i !== 13));
  const head = `MESSAGE sip:a@b SIP/2.0\r\nX-Octets: ${every.slice(33)}\r\nSubject: \xc3\xbc \xff\r\nContent-Length: 256\r\n\r\n`;
  const body = Uint8Array.from({ length: 256 }, (_, i) => i);
  const whole = new Uint8Array([...fromLatin1(head), ...body]);
  const result = parseMessage(whole);
  assert.ok(result.ok);
  assert.deepEqual(printMessage(result.value), whole);
});

test('folded lines become one, and colons may stand apart from their names', () => {
  const request = heardRequest(
    'OPTIONS sip:a@b SIP/2.0\nSubject  :  one\n  two\n\tthree  \nTO\t:\n sip:c@d\n;tag=1\nl: 0\n'.replace(
      '\n;tag',
      '\n ;tag',
    ),
  );
  assert.equal(request.headers.get('Subject'), 'one two three');
  assert.equal(request.headers.get('t'), 'sip:c@d ;tag=1');
});

test('a fold that is only white space ends no headers and hides none', () => {
  const request = heardRequest('OPTIONS sip:a@b SIP/2.0\nSubject: x\n \nCall-ID: y\n');
  assert.deepEqual(
    [...request.headers.entries()],
    [
      ['Subject', 'x'],
      ['Call-ID', 'y'],
    ],
  );
});

test('empty lines in front of a message are skipped', () => {
  assert.equal(verdict(new Uint8Array([...fromLatin1('\r\n\r\n\r\n'), ...sip(REGISTER)])), 'ok');
});

test('octets behind the Content-Length do not belong to the message', () => {
  const request = heardRequest(`${REGISTER}\nINVITE sip:evil@example.com SIP/2.0\n`);
  assert.equal(request.body.length, 0);
});

test('without a Content-Length the body reaches to the end of the datagram', () => {
  const request = heardRequest(`${REGISTER.replace('Content-Length: 0\n', '')}\nabc\n`);
  assert.equal(toLatin1(request.body), 'abc\r\n');
});

test('a start line that could be read in two ways is refused', () => {
  const lines: readonly (readonly [line: string, verdict: string])[] = [
    ['REGISTER sip:a@b SIP/2.0', 'ok'],
    ['REGISTER sip:a@b sip/2.0', 'ok'],
    ['REGISTER  sip:a@b SIP/2.0', '400 Malformed request line'],
    ['REGISTER sip:a@b  SIP/2.0', '400 Malformed request line'],
    ['REGISTER sip:a@b SIP/2.0 ', '400 Malformed request line'],
    ['REGISTER sip:a@b;x=a b SIP/2.0', '400 Malformed request line'],
    ['REGISTER SIP/2.0', '400 Malformed request line'],
    ['REGISTER sip:a@b SIP/7.0', '505 Version Not Supported'],
    ['REGISTER sip:a@b SIP/2.01', '505 Version Not Supported'],
    ['REG(STER sip:a@b SIP/2.0', '400 Not SIP'],
    ['GET / HTTP/1.1', '400 Not SIP'],
  ];
  for (const [line, expected] of lines) assert.equal(verdict(sip(REGISTER.replace(/^.*/, line))), expected, line);
});

test('a status that is not three digits of a known class is no status', () => {
  for (const status of ['5', '99', '700', '2000', '4294967301', '-200', '20x']) {
    assert.equal(verdict(sip(`SIP/2.0 ${status} OK\nCall-ID: a\n`)), '400 Malformed status line', status);
  }
});

test('what breaks the form of headers is refused and says why', () => {
  const lines: readonly (readonly [line: string, verdict: string])[] = [
    ['no colon here', '400 Header without a colon'],
    [': nameless', '400 Malformed header name'],
    ['two words: x', '400 Malformed header name'],
    ['Content-Length: 7', '400 Multiple Content-Length'],
    [`X-Long: ${'x'.repeat(LIMITS.line)}`, '400 Header too long'],
    [`X-Many: 1${'\nX-Many: 1'.repeat(LIMITS.headers)}`, '400 Too many headers'],
    ['X-Bare: a\rInjected: b', '400 Line without CRLF'],
  ];
  for (const [line, expected] of lines) assert.equal(verdict(withLine(line)), expected, line.slice(0, 40));
  const bareLf = toLatin1(withLine('X-Bare: aQInjected: b')).replace('Q', '\n');
  assert.equal(verdict(fromLatin1(bareLf)), '400 Line without CRLF');
});

test('a Content-Length that lies is refused', () => {
  for (const [length, expected] of [
    ['-1', 'Malformed Content-Length'],
    ['1e3', 'Malformed Content-Length'],
    ['99999999999999999999', 'Malformed Content-Length'],
    ['', 'Malformed Content-Length'],
    ['5', 'Content-Length beyond the message'],
  ] as const) {
    assert.equal(verdict(sip(REGISTER.replace('Content-Length: 0', `Content-Length: ${length}`))), `400 ${expected}`);
  }
});

test('a refused request still carries what its answer needs', () => {
  const result = parseMessage(withLine('no colon here'));
  assert.ok(!result.ok);
  const { request } = result.error;
  assert.equal(request?.headers.get('Via'), 'SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKnashds7');
  assert.equal(request?.headers.get('CSeq'), '1826 REGISTER');
});

test('a message that never ends is refused, not waited for', () => {
  assert.equal(verdict(fromLatin1('OPTIONS sip:a@b SIP/2.0\r\nCall-ID: a\r\n')), '400 Headers without an end');
  assert.equal(verdict(fromLatin1('OPTIONS sip:a@b SIP/2.0')), '400 No start line');
  assert.equal(verdict(new Uint8Array(LIMITS.message + 1)), '513 Message Too Large');
});

test('Content-Length is counted when printing, never copied', () => {
  const message = heard(REGISTER);
  const printed = toLatin1(printMessage({ ...message, body: fromLatin1('abc') }));
  assert.match(printed, /\r\nContent-Length: 3\r\n\r\nabc$/);
  assert.equal(printed.match(/Content-Length/g)?.length, 1);
});
