import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromLatin1, sameBytes, toLatin1 } from '../../../../src/kernel/bytes.ts';
import { attributeOf, attributesOf, connectionOf, directionOf, type Sdp } from '../../../../src/sip/sdp/description.ts';
import { parseSdp, printSdp } from '../../../../src/sip/sdp/parse.ts';
import { payloadsOf } from '../../../../src/sip/sdp/payload.ts';
import { mutated } from '../../../support/mutate.ts';

const crlf = (text: string): Uint8Array => fromLatin1(text.replaceAll('\n', '\r\n'));

/** Everything that RFC 8866 §5 lists, in its order, and what SRTP, ICE and fax will need. */
const RICH = `v=0
o=jdoe 18446744073709551615 2890842807 IN IP4 198.51.100.1
s=Seminar \xc3\xa4
i=A seminar
u=http://www.example.com/sdp.pdf
e=j.doe@example.com (Jane Doe)
p=+1 617 555-6011
c=IN IP4 198.51.100.1
b=AS:128
t=2873397496 2873404696
r=7d 1h 0 25h
z=2882844526 -1h
k=prompt
a=group:BUNDLE audio
a=ice-ufrag:8hhY
a=recvonly
m=audio 49170 RTP/SAVP 0 96 101
i=the sound
c=IN IP6 2001:db8::2
b=TIAS:64000
a=rtpmap:96 opus/48000/2
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj
a=candidate:1 1 UDP 2130706431 10.0.1.1 8998 typ host
a=sendonly
m=image 5000 udptl t38
a=T38FaxVersion:0
m=video 0/2 RTP/AVP 31
`;

function read(text: string): Sdp {
  const result = parseSdp(crlf(text));
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value;
}

const BARE = 'v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\n';

test('a description prints back as it was, attributes that nobody here knows included', () => {
  assert.equal(toLatin1(printSdp(read(RICH))), toLatin1(crlf(RICH)));
});

test('a media line’s own address and direction go before those of the session', () => {
  const sdp = read(RICH);
  const [audio, image] = sdp.media;
  assert.ok(audio !== undefined && image !== undefined);
  assert.deepEqual([connectionOf(sdp, audio)?.address, directionOf(sdp, audio)], ['2001:db8::2', 'sendonly']);
  assert.deepEqual([connectionOf(sdp, image)?.address, directionOf(sdp, image)], ['198.51.100.1', 'recvonly']);
  assert.equal(directionOf(read(`${BARE}m=audio 1 RTP/AVP 0\n`), audio), 'sendonly');
  assert.deepEqual(
    [attributeOf(audio, 'nothing'), attributeOf(audio, 'sendonly'), attributesOf(audio, 'rtpmap').length],
    [undefined, '', 2],
  );
});

test('payload types mean what rtpmap says, else what RFC 3551 says, else nothing', () => {
  const [media] = read(
    `${BARE}m=audio 1 RTP/AVP 0 8 18 33 97 98 8 200 x\na=rtpmap:8 L16/8000\na=rtpmap:97 PCMA/8000/1\na=rtpmap:98 broken\n`,
  ).media;
  assert.ok(media !== undefined);
  assert.deepEqual(
    payloadsOf(media).map(({ type, encoding }) => `${type} ${encoding}`),
    ['0 PCMU', '8 L16', '18 G729', '97 PCMA', '8 L16'],
  );
});

test('line ends of every kind and a missing s= or t= are forgiven', () => {
  for (const text of [
    'v=0\no=- 1 1 IN IP4 h\nm=audio 1 RTP/AVP 0',
    'v=0\ro=- 1 1 IN IP4 h\rs= \rt=0 0\r\r',
    'v=0\r\no=- 1 1 IN IP4 h\r\n\r\n',
  ]) {
    assert.equal(parseSdp(fromLatin1(text)).ok, true, JSON.stringify(text));
  }
});

test('what is no description is refused and says where', () => {
  const table: readonly (readonly [text: string, error: string])[] = [
    ['', 'SDP must begin with v=0'],
    ['v=1\n', 'SDP must begin with v=0'],
    ['v=0\ns=-\n', 'SDP without o='],
    ['v=0\no=- one 1 IN IP4 h\n', 'SDP o= malformed'],
    ['v=0\no=- 1 -1 IN IP4 h\n', 'SDP o= malformed'],
    ['v=0\no=- 1 1 IN IP4\n', 'SDP o= malformed'],
    [`${BARE}c=IN IP5 h\n`, 'SDP c= malformed'],
    [`${BARE}m=audio\n`, 'SDP m= malformed: audio'],
    [`${BARE}m=audio 65536 RTP/AVP 0\n`, 'SDP m= malformed: audio 65536 RTP/AVP 0'],
    [`${BARE}m=audio 1 RTP/AVP\n`, 'SDP m= malformed: audio 1 RTP/AVP'],
    [`${BARE}a=:x\n`, 'SDP a= without a name'],
    [`${BARE}A=x\n`, 'SDP line of an unknown type'],
    [`${BARE}hello\n`, 'SDP line malformed: hello'],
    [`${BARE}${'m=audio 1 RTP/AVP 0\n'.repeat(33)}`, 'SDP has too many m= lines'],
    [`${BARE}${'a=x\n'.repeat(1000)}`, 'SDP has too many lines'],
    [`${BARE}a=${'x'.repeat(40_000)}\n`, 'SDP too long'],
  ];
  for (const [text, error] of table) assert.deepEqual(parseSdp(crlf(text)), { ok: false, error }, text.slice(0, 60));
});

test('no octets whatever make the reader throw, and what it takes prints stably', () => {
  let read = 0;
  fc.assert(
    fc.property(mutated(crlf(RICH)), (bytes) => {
      const first = parseSdp(bytes);
      if (!first.ok) return;
      read++;
      for (const media of first.value.media) payloadsOf(media);
      const printed = printSdp(first.value);
      const second = parseSdp(printed);
      assert.ok(second.ok);
      assert.ok(sameBytes(printSdp(second.value), printed));
    }),
    { numRuns: 3000 },
  );
  assert.ok(read > 300, `only ${read} of the mutated descriptions could be read`);
});
