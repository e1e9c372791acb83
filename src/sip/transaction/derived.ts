import { printCSeq } from '../message/cseq.ts';
import { cseqOf } from '../message/fields.ts';
import { type HeaderPairs, request, type SipRequest, type SipResponse } from '../message/message.ts';

/** The ACK of a 300–699 response: it belongs to the INVITE's own transaction, so it goes out under the same Via (§17.1.1.3). */
export const acknowledgeRefusal = (invite: SipRequest, response: SipResponse): SipRequest =>
  derived(invite, 'ACK', response.headers.get('To') ?? '', []);

/**
 * The CANCEL of an INVITE, RFC 3261 §9.1. `extra` are headers of the canceller's own, such as Reason (RFC 3326 §2). It
 * carries no Require: what it cancels has been understood already.
 */
export const cancelOf = (invite: SipRequest, extra: HeaderPairs): SipRequest =>
  derived(invite, 'CANCEL', invite.headers.get('To') ?? '', extra);

function derived(invite: SipRequest, method: 'ACK' | 'CANCEL', to: string, extra: HeaderPairs): SipRequest {
  const from = invite.headers;
  return request(method, invite.uri, [
    ['Via', from.get('Via') ?? ''],
    ...from.all('Route').map((route): [string, string] => ['Route', route]),
    ['Max-Forwards', '70'],
    ['From', from.get('From') ?? ''],
    ['To', to],
    ['Call-ID', from.get('Call-ID') ?? ''],
    ['CSeq', printCSeq({ number: cseqOf(invite)?.number ?? 0, method })],
    ...extra,
  ]);
}
