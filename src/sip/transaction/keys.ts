/** The names by which messages find their transactions. */

import { cseqOf, fromOf, toOf, topVia } from '../message/fields.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/message.ts';
import { tagOf } from '../message/name-addr.ts';
import { branchOf, MAGIC_COOKIE, type Via } from '../message/via.ts';

export function tagIn(message: SipMessage, header: 'From' | 'To'): string | undefined {
  const party = header === 'From' ? fromOf(message) : toOf(message);
  return party === undefined ? undefined : tagOf(party);
}

/** §17.1.3: the branch and the method of CSeq. Undefined for a message without them. */
export function clientKey(message: SipMessage): string | undefined {
  const via = topVia(message);
  const branch = via === undefined ? undefined : branchOf(via);
  const method = cseqOf(message)?.method;
  return branch === undefined || method === undefined ? undefined : keyOf(branch, method);
}

/**
 * §17.2.3: branch, sent-by and method, where an ACK counts as its INVITE. The Call-ID too, which is one throughout a transaction:
 * a device whose branches are not unique is then answered each time, not with what it was told before. For a branch that RFC
 * 3261 didn't make, what RFC 2543 compares. The To tag is left out there: only an ACK could differ in it, and its owner
 * compares it.
 */
export function serverKey(request: SipRequest, via: Via, method: string = request.method): string {
  const counted = method === 'ACK' ? 'INVITE' : method;
  const branch = branchOf(via) ?? '';
  if (branch.startsWith(MAGIC_COOKIE)) return keyOf(branch, sentBy(via), callId(request), counted);
  const number = cseqOf(request)?.number ?? 0;
  return keyOf('2543', request.uri, tagIn(request, 'From'), callId(request), number, sentBy(via), branch, counted);
}

/** A response of ours finds the transaction that sent it by its Via, as the request did. */
export function serverKeyOf(response: SipResponse): string | undefined {
  const via = topVia(response);
  const method = cseqOf(response)?.method;
  const branch = via === undefined ? undefined : branchOf(via);
  if (via === undefined || method === undefined || !branch?.startsWith(MAGIC_COOKIE)) return undefined;
  return keyOf(branch, sentBy(via), callId(response), method);
}

/** The ACK of a 2xx is a transaction of its own; it is tied to the 2xx by its dialog and CSeq number (§13.2.2.4). */
export const answerKey = (message: SipMessage): string =>
  keyOf(callId(message), tagIn(message, 'From'), tagIn(message, 'To'), cseqOf(message)?.number ?? 0);

/** §8.2.2.2: what two copies of one request that took different paths have in common. Undefined inside a dialog. */
export function mergeKey(request: SipRequest): string | undefined {
  if (tagIn(request, 'To') !== undefined) return undefined;
  return keyOf(callId(request), tagIn(request, 'From'), cseqOf(request)?.number ?? 0, request.method);
}

const callId = (message: SipMessage): string => message.headers.get('Call-ID') ?? '';

const sentBy = (via: Via): string => `${via.host.toLowerCase()}:${via.port ?? ''}`;

/** No part has a line break in it, so the joined parts can't be mistaken for others. */
const keyOf = (...parts: readonly (string | number | undefined)[]): string => parts.join('\n');
