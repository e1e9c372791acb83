/** SIP messages for tests, written with plain line ends. */
import assert from 'node:assert/strict';
import { fromLatin1 } from '../../src/kernel/bytes.ts';
import type { SipMessage, SipRequest, SipResponse } from '../../src/sip/message/message.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';

/** Lines → octets with CRLF; a text without an empty line gets the one that ends the headers. */
export function sip(text: string): Uint8Array {
  const whole = text.includes('\n\n') ? text : `${text.trimEnd()}\n\n`;
  return fromLatin1(whole.replaceAll('\n', '\r\n'));
}

export function heard(text: string): SipMessage {
  const result = parseMessage(sip(text));
  assert.ok(result.ok, result.ok ? '' : result.error.reason);
  return result.value;
}

export function heardRequest(text: string): SipRequest {
  const message = heard(text);
  assert.ok(message.type === 'request');
  return message;
}

export function heardResponse(text: string): SipResponse {
  const message = heard(text);
  assert.ok(message.type === 'response');
  return message;
}

export const INVITE = `INVITE sip:+12145550100@192.0.2.1:5060;user=phone SIP/2.0
Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK776asdhds;rport
Max-Forwards: 70
From: "Alice \\"A\\"" <sip:201@branch.example>;tag=1928301774
To: <sip:+12145550100@192.0.2.1;user=phone>
Call-ID: a84b4c76e66710@192.0.2.7
CSeq: 314159 INVITE
Contact: <sip:201@192.0.2.7:5062;transport=udp>
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK
Supported: 100rel, timer, replaces
User-Agent: phone/1.0
Content-Type: application/sdp
Content-Length: 161

v=0
o=- 3894 1 IN IP4 192.0.2.7
s=-
c=IN IP4 192.0.2.7
t=0 0
m=audio 40000 RTP/AVP 0 8 101
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
`;

export const REGISTER = `REGISTER sip:branch.example SIP/2.0
Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKnashds7
Max-Forwards: 70
From: <sip:201@branch.example>;tag=456248
To: <sip:201@branch.example>
Call-ID: 843817637684230@998sdasdh09
CSeq: 1826 REGISTER
Contact: <sip:201@192.0.2.7:5062>
Expires: 3600
Content-Length: 0
`;
