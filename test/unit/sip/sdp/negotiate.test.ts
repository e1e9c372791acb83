import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromLatin1, toLatin1 } from '../../../../src/kernel/bytes.ts';
import type { Direction, Sdp } from '../../../../src/sip/sdp/description.ts';
import { DIRECTIONS, directionOf } from '../../../../src/sip/sdp/description.ts';
import {
  type AgreedAudio,
  type Answered,
  answer,
  G711,
  type LocalEnd,
  type MediaCapabilities,
  offer,
  readAnswer,
  takable,
} from '../../../../src/sip/sdp/negotiate.ts';
import { parseSdp, printSdp } from '../../../../src/sip/sdp/parse.ts';
import { mutated } from '../../../support/mutate.ts';

const us: LocalEnd = { address: '192.0.2.1', port: 60000, session: '77' };

function sdp(media: string, session = 'c=IN IP4 198.51.100.7\nt=0 0\n'): Sdp {
  const text = `v=0\no=- 3894 1 IN IP4 198.51.100.7\ns=-\n${session}${media}`;
  const result = parseSdp(fromLatin1(text));
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value;
}

const PHONE = 'm=audio 40000 RTP/AVP 8 0 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\n';

function accepted(
  offered: Sdp,
  can: MediaCapabilities = G711,
  local = us,
): { text: string; agreed: AgreedAudio; answer: Sdp } {
  const result = answer(offered, can, local);
  assert.ok(result.type === 'answer', result.type === 'refused' ? result.why : '');
  return { text: toLatin1(printSdp(result.answer)), agreed: result.agreed, answer: result.answer };
}

const refusal = (result: Answered): string =>
  result.type === 'refused' ? `${result.status} ${result.warning} ${result.why}` : 'answered';

test('an offer of ours lists G.711 and digits, and nothing undefined', () => {
  assert.equal(
    toLatin1(printSdp(offer(G711, us))),
    'v=0\r\no=- 77 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 60000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n' +
      'a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\na=rtcp-mux\r\n',
  );
  assert.match(toLatin1(printSdp(offer(G711, { ...us, address: '2001:db8::1' }))), /^c=IN IP6 2001:db8::1\r$/m);
});

test('an answer takes the offerer’s first codec that we have, under its payload types', () => {
  const { text, agreed } = accepted(
    sdp('m=audio 40000 RTP/AVP 18 97 0 100\na=rtpmap:97 pcma/8000\na=rtpmap:100 TELEPHONE-EVENT/8000\n'),
  );
  assert.deepEqual(agreed, {
    address: '198.51.100.7',
    port: 40000,
    rtcpPort: undefined,
    codec: 'PCMA',
    payloadType: 97,
    telephoneEvent: 100,
    direction: 'sendrecv',
    packetTime: 20,
  });
  assert.match(
    text,
    /m=audio 60000 RTP\/AVP 97 100\r\na=rtpmap:97 PCMA\/8000\r\na=rtpmap:100 telephone-event\/8000\r\na=fmtp:100 0-15/,
  );
});

test('every line but the one taken is declined in its place, with its own formats', () => {
  const { text, answer } = accepted(
    sdp(
      `m=video 50000 RTP/AVP 31 96\na=rtpmap:96 H264/90000\nm=audio 0 RTP/AVP 0\n${PHONE}m=audio 40002 RTP/AVP 0\nm=image 6000 udptl t38\n`,
    ),
  );
  assert.deepEqual(
    text.split('\r\n').filter((line) => line.startsWith('m=')),
    [
      'm=video 0 RTP/AVP 31 96',
      'm=audio 0 RTP/AVP 0',
      'm=audio 60000 RTP/AVP 8 101',
      'm=audio 0 RTP/AVP 0',
      'm=image 0 udptl t38',
    ],
  );
  assert.equal(answer.media.length, 5);
});

test('an offer that we can’t answer is refused with a warning that says why', () => {
  assert.equal(refusal(answer(sdp('m=video 5 RTP/AVP 31\n'), G711, us)), '488 304 No audio offered');
  assert.equal(refusal(answer(sdp(''), G711, us)), '488 304 No audio offered');
  assert.equal(refusal(answer(sdp('m=audio 5 RTP/AVP 18 3\n'), G711, us)), '488 305 No codec in common');
  assert.equal(
    refusal(answer(sdp('m=audio 5 RTP/AVP 101\na=rtpmap:101 telephone-event/8000\n'), G711, us)),
    '488 305 No codec in common',
  );
  assert.equal(refusal(answer(sdp('m=audio 5 RTP/SAVP 0\n'), G711, us)), '488 302 No RTP/SAVP here');
  assert.equal(
    refusal(answer(sdp(PHONE, 'c=IN IP6 2001:db8::7\n'), G711, us)),
    '488 301 The media address is of another family',
  );
  assert.equal(
    refusal(answer(sdp(PHONE, 'c=IN IP4 phone.example\n'), G711, us)),
    '488 301 The media address is no IP address',
  );
  assert.equal(refusal(answer(sdp(PHONE, ''), G711, us)), '488 301 The media address is no IP address');
  const long = refusal(answer(sdp(`m=audio 5 ${'X'.repeat(9000)} 0\n`), G711, us));
  assert.equal(long.length < 100, true, `${long.length}`);
});

test('an answer under other payload types: we send by the peer’s, it sends by ours (RFC 3264 5.1)', () => {
  const offered = offer(G711, us);
  const read = (media: string) => {
    const agreed = readAnswer(offered, sdp(media));
    return agreed.ok ? [agreed.value.payloadType, agreed.value.telephoneEvent, agreed.value.heardAs] : agreed.error;
  };
  assert.deepEqual(read('m=audio 5 RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000\n'), [
    0,
    96,
    { payloadType: 0, telephoneEvent: 101 },
  ]);
  assert.deepEqual(read('m=audio 5 RTP/AVP 97\na=rtpmap:97 PCMA/8000\n'), [
    97,
    undefined,
    { payloadType: 8, telephoneEvent: undefined },
  ]);
  assert.deepEqual(read('m=audio 5 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n'), [8, 101, undefined]);
});

test('a number that means something in a session means the same in our next offer (RFC 3264 8.3.2)', () => {
  const next = (media: string): readonly string[] | undefined => {
    const { answer: previous } = accepted(sdp(media));
    return offer(G711, { ...us, previous }).media[0]?.formats;
  };
  assert.deepEqual(next('m=audio 5 RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000\n'), ['0', '8', '96']);
  assert.deepEqual(next('m=audio 5 RTP/AVP 101\na=rtpmap:101 PCMU/8000\n'), ['0', '8', '102']);
});

test('what can be taken is known before our own address is', () => {
  const codecs = takable(sdp(`m=audio 5 RTP/SAVP 8\n${PHONE}`), G711);
  assert.deepEqual(codecs, { ok: true, value: ['PCMA', 'PCMU'] });
  assert.deepEqual(takable(sdp('m=audio 5 RTP/SAVP 8\n'), G711), {
    ok: false,
    error: { warning: 302, why: 'No RTP/SAVP here' },
  });
});

test('PCMU at another rate or with two channels is another codec', () => {
  assert.equal(
    refusal(answer(sdp('m=audio 5 RTP/AVP 96 97\na=rtpmap:96 PCMU/16000\na=rtpmap:97 PCMA/8000/2\n'), G711, us)),
    '488 305 No codec in common',
  );
});

test('every direction offered is answered by its mirror, narrowed by our own hold', () => {
  const table: Readonly<Record<Direction, readonly [open: Direction, held: Direction]>> = {
    sendrecv: ['sendrecv', 'sendonly'],
    sendonly: ['recvonly', 'inactive'],
    recvonly: ['sendonly', 'sendonly'],
    inactive: ['inactive', 'inactive'],
  };
  for (const direction of DIRECTIONS) {
    const offered = sdp(`${PHONE}a=${direction}\n`);
    for (const [i, wish] of (['sendrecv', 'sendonly'] as const).entries()) {
      const { agreed, answer } = accepted(offered, G711, { ...us, direction: wish });
      const [audio] = answer.media;
      assert.ok(audio !== undefined);
      assert.equal(agreed.direction, table[direction][i], `${direction} against ${wish}`);
      assert.equal(directionOf(answer, audio), agreed.direction);
    }
  }
});

test('an address of zeros holds, as RFC 2543 phones do it', () => {
  const zeros = 'c=IN IP4 0.0.0.0\n';
  assert.equal(accepted(sdp(PHONE, zeros)).agreed.direction, 'recvonly');
  assert.equal(accepted(sdp(`${PHONE}a=recvonly\n`, zeros)).agreed.direction, 'inactive');
  const v6 = accepted(sdp(PHONE, 'c=IN IP6 ::\n'), G711, { ...us, address: '2001:db8::1' });
  assert.equal(v6.agreed.direction, 'recvonly');
});

test('packets get as long as the peer wishes, in whole steps of 20 ms and within both bounds', () => {
  for (const [line, expected] of [
    ['', 20],
    ['a=ptime:10', 20],
    ['a=ptime:30', 20],
    ['a=ptime:40', 40],
    ['a=ptime:200', 60],
    ['a=ptime:60\na=maxptime:40', 40],
    ['a=ptime:x', 20],
    ['a=ptime:-40', 20],
  ] as const) {
    assert.equal(accepted(sdp(`${PHONE}${line}\n`)).agreed.packetTime, expected, line);
  }
});

test('RTCP goes where a=rtcp says, or onto the RTP port when both sides mux', () => {
  assert.equal(accepted(sdp(`${PHONE}a=rtcp:40009\n`)).agreed.rtcpPort, 40009);
  assert.equal(accepted(sdp(`${PHONE}a=rtcp:99999\n`)).agreed.rtcpPort, undefined);
  const muxed = accepted(sdp(`${PHONE}a=rtcp:40009\na=rtcp-mux\n`));
  assert.equal(muxed.agreed.rtcpPort, 40000);
  assert.match(muxed.text, /a=rtcp-mux/);
  assert.doesNotMatch(accepted(sdp(PHONE)).text, /rtcp-mux/);
  assert.equal(accepted(sdp(`${PHONE}a=rtcp-mux\n`), { ...G711, rtcpMux: false }).agreed.rtcpPort, undefined);
});

test('an answer says the t= of its offer', () => {
  assert.match(
    accepted(sdp(PHONE, 'c=IN IP4 198.51.100.7\nt=2873397496 2873404696\n')).text,
    /\r\nt=2873397496 2873404696\r\n/,
  );
});

test('the version rises when something changed and only then', () => {
  const first = offer(G711, us);
  const same = offer(G711, { ...us, previous: first });
  assert.deepEqual(printSdp(same), printSdp(first));
  const held = offer(G711, { ...us, previous: same, direction: 'sendonly' });
  assert.equal(held.origin.version, '2');
  assert.equal(offer(G711, { ...us, previous: held, direction: 'sendonly' }).origin.version, '2');
  const reply = accepted(sdp(PHONE), G711, { ...us, previous: held });
  assert.equal(reply.answer.origin.version, '3');
});

test('a later offer keeps the number and places of the lines', () => {
  const { answer: before } = accepted(sdp(`m=video 50000 RTP/AVP 31\n${PHONE}`));
  const next = offer(G711, { ...us, previous: before, direction: 'sendonly' });
  assert.deepEqual(
    next.media.map(({ kind, port }) => `${kind} ${port}`),
    ['video 0', 'audio 60000'],
  );
});

test('what the two ends read out of one exchange is the same', () => {
  const them: LocalEnd = { address: '198.51.100.7', port: 40000, session: '3894' };
  fc.assert(
    fc.property(
      fc.constantFrom(...DIRECTIONS),
      fc.constantFrom(...DIRECTIONS),
      fc.shuffledSubarray(['PCMU', 'PCMA'] as const, { minLength: 1 }),
      fc.shuffledSubarray(['PCMU', 'PCMA'] as const, { minLength: 1 }),
      fc.boolean(),
      fc.boolean(),
      (wish, theirWish, codecs, theirCodecs, events, mux) => {
        const offered = offer({ ...G711, codecs }, { ...us, direction: wish });
        const reply = answer(
          offered,
          { ...G711, codecs: theirCodecs, telephoneEvent: events, rtcpMux: mux },
          { ...them, direction: theirWish },
        );
        if (reply.type === 'refused') {
          assert.ok(codecs.every((codec) => !theirCodecs.includes(codec)));
          return;
        }
        const ours = readAnswer(offered, reply.answer);
        assert.ok(ours.ok, ours.ok ? '' : ours.error);
        assert.deepEqual([ours.value.address, ours.value.port], [them.address, them.port]);
        assert.deepEqual([reply.agreed.address, reply.agreed.port], [us.address, us.port]);
        assert.equal(ours.value.codec, reply.agreed.codec);
        assert.equal(ours.value.telephoneEvent !== undefined, events);
        assert.equal(ours.value.rtcpPort !== undefined, mux);
        const mirror = {
          sendrecv: 'sendrecv',
          sendonly: 'recvonly',
          recvonly: 'sendonly',
          inactive: 'inactive',
        } as const;
        assert.equal(ours.value.direction, mirror[reply.agreed.direction]);
      },
    ),
  );
});

test('an answer that doesn’t fit its offer is an error, not a call', () => {
  const offered = offer(G711, us);
  for (const [media, error] of [
    ['', 'The answer has another number of m= lines'],
    [`${PHONE}m=video 0 RTP/AVP 31\n`, 'The answer has another number of m= lines'],
    ['m=video 5 RTP/AVP 31\n', 'No audio in the answer'],
    ['m=audio 0 RTP/AVP 0\n', 'The answer declines the audio'],
    ['m=audio 5 RTP/SAVP 0\n', 'The answer has another transport protocol'],
    ['m=audio 5 RTP/AVP 18\n', 'The answer has no codec that was offered'],
  ] as const) {
    assert.deepEqual(readAnswer(offered, sdp(media)), { ok: false, error });
  }
});

test('an answer cannot widen the direction that was offered', () => {
  const held = offer(G711, { ...us, direction: 'sendonly' });
  const read = readAnswer(held, sdp(`${PHONE}a=sendrecv\n`));
  assert.ok(read.ok && read.value.direction === 'sendonly');
});

test('no description that can be read makes the negotiation throw', () => {
  const seed = printSdp(sdp(`${PHONE}a=ptime:20\na=rtcp:40001\na=sendonly\n`));
  const offered = offer(G711, us);
  fc.assert(
    fc.property(mutated(seed), (bytes) => {
      const heard = parseSdp(bytes);
      if (!heard.ok) return;
      const reply = answer(heard.value, G711, us);
      if (reply.type === 'answer') assert.equal(reply.answer.media.length, heard.value.media.length);
      readAnswer(offered, heard.value);
    }),
    { numRuns: 2000 },
  );
});
