import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat, fromLatin1, sameBytes, toLatin1 } from '../../../../src/kernel/bytes.ts';
import { type Framed, StreamFramer } from '../../../../src/sip/message/framer.ts';
import { LIMITS } from '../../../../src/sip/message/limits.ts';
import { INVITE, REGISTER, sip } from '../../../support/sip-messages.ts';

function frame(...chunks: readonly Uint8Array[]): Framed[] {
  const framer = new StreamFramer();
  return chunks.flatMap((chunk) => [...framer.push(chunk)]);
}

const types = (framed: readonly Framed[]): string[] => framed.map(({ type }) => type);

test('messages come out whole, however the stream is cut', () => {
  const messages = [sip(INVITE), sip(REGISTER), sip(REGISTER.replace('Content-Length: 0\n', '')), sip(INVITE)];
  const stream = concat(...messages);
  fc.assert(
    fc.property(fc.array(fc.nat({ max: stream.length })), (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      const chunks = edges.slice(1).map((edge, i) => stream.subarray(edges[i], edge));
      const out = frame(...chunks);
      assert.deepEqual(types(out), ['message', 'message', 'message', 'message']);
      for (const [i, framed] of out.entries()) {
        assert.ok(framed.type === 'message' && sameBytes(framed.bytes, messages[i] ?? new Uint8Array(0)));
      }
    }),
    { numRuns: 200 },
  );
});

test('a message handed out is not overwritten by what comes later', () => {
  const framer = new StreamFramer();
  const [first] = framer.push(sip(REGISTER));
  assert.ok(first?.type === 'message');
  const copy = first.bytes.slice();
  for (let i = 0; i < 50; i++) framer.push(sip(INVITE));
  assert.ok(sameBytes(first.bytes, copy));
});

test('pings and pongs are told apart, also when cut', () => {
  const crlf = fromLatin1('\r\n');
  assert.deepEqual(types(frame(concat(crlf, crlf))), ['ping']);
  assert.deepEqual(types(frame(crlf, sip(REGISTER), crlf)), ['pong', 'message', 'pong']);
  assert.deepEqual(types(frame(fromLatin1('\r'), fromLatin1('\n\r'), fromLatin1('\n'))), ['pong', 'ping']);
  assert.deepEqual(types(frame(concat(crlf, crlf, crlf, crlf), sip(REGISTER))), ['ping', 'ping', 'message']);
});

test('the length is found in every spelling and under a fold', () => {
  for (const line of ['content-length: 3', 'l:3', 'L \t:\t3  ', 'Content-Length:\n 3']) {
    const text = `${REGISTER.replace('Content-Length: 0', line)}\nabc`;
    const out = frame(sip(text), sip(REGISTER));
    assert.deepEqual(types(out), ['message', 'message'], line);
    assert.ok(out[0]?.type === 'message' && toLatin1(out[0].bytes).endsWith('\r\n\r\nabc'));
  }
});

test('a stream whose framing is lost says so once and nothing after it', () => {
  for (const [line, status] of [
    ['Content-Length: -999', 400],
    ['Content-Length: 1\nContent-Length: 2', 400],
    ['Content-Length:', 400],
    [`Content-Length: ${LIMITS.message}`, 513],
  ] as const) {
    const out = frame(sip(REGISTER.replace('Content-Length: 0', line)), sip(REGISTER));
    assert.deepEqual(
      out.map((framed) => (framed.type === 'broken' ? framed.status : framed.type)),
      [status],
      line,
    );
  }
});

test('headers without an end are cut off at the limit, octet by octet too', () => {
  const framer = new StreamFramer();
  const line = fromLatin1('X: y\r\n');
  let sent = 0;
  let out: readonly Framed[] = framer.push(fromLatin1('OPTIONS sip:a SIP/2.0\r\n'));
  while (out.length === 0 && sent < 2 * LIMITS.head) {
    out = framer.push(line);
    sent += line.length;
  }
  assert.deepEqual(types(out), ['broken']);
  assert.ok(sent <= LIMITS.head + line.length);
});

test('a peer that has begun a message is seen to be midway', () => {
  const framer = new StreamFramer();
  const bytes = sip(INVITE);
  assert.equal(framer.midway, false);
  framer.push(bytes.subarray(0, 100));
  assert.equal(framer.midway, true);
  framer.push(bytes.subarray(100));
  assert.equal(framer.midway, false);
});
