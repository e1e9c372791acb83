import type { Release } from '../call/signal.ts';
import { dialogFromJson, nextRequest } from '../sip/dialog/dialog.ts';
import type { SipRequest } from '../sip/message/message.ts';
import { reasons } from './sip-leg-release.ts';
import type { DialogRecord, InviteRecord, SipOut } from './sip-leg-words.ts';

/** The ends of dialogs that a crash left without a leg. */

/** How far a stored CSeq may have been left behind by refreshes and holds that were not stored; a gap is no fault (§12.2.2). */
const CSEQ_LEAP = 1000;

/** Reads a stored record back; undefined when it isn't one. */
export function recordFromJson(value: unknown): DialogRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { leg, dialog, userAgent } = value as Partial<Record<keyof DialogRecord, unknown>>;
  const sound = dialogFromJson(dialog);
  if (typeof leg !== 'string' || typeof userAgent !== 'string' || sound === undefined) return undefined;
  return { leg, dialog: sound, userAgent };
}

/** The BYE of a stored dialog. */
export function byeFromRecord(record: DialogRecord, release: Release): SipOut {
  const dialog = { ...record.dialog, localCSeq: record.dialog.localCSeq + CSEQ_LEAP };
  const bye = nextRequest(dialog, 'BYE', [...reasons(release), ['User-Agent', record.userAgent]]);
  return { type: 'request', transaction: `${record.leg}-bye`, request: bye.request, nextHop: bye.nextHop };
}

/** What is stored of an INVITE while it is unanswered. */
export function recordOfInvite({ uri, headers }: SipRequest, toTag: string): InviteRecord {
  const repeated = ['Via', 'Max-Forwards', 'From', 'To', 'Call-ID', 'CSeq'];
  const pairs = repeated.flatMap((name) => headers.all(name).map((value): readonly [string, string] => [name, value]));
  return { uri, headers: pairs, toTag };
}

/** Reads it back; undefined when it isn't one. */
export function inviteFromJson(value: unknown): InviteRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { uri, headers, toTag } = value as Partial<Record<keyof InviteRecord, unknown>>;
  if (typeof uri !== 'string' || typeof toTag !== 'string' || !Array.isArray(headers)) return undefined;
  const pairs = headers.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText));
  return pairs ? { uri, headers: headers as unknown as InviteRecord['headers'], toTag } : undefined;
}

const isText = (value: unknown): boolean => typeof value === 'string' && !/[\r\n]/.test(value);
