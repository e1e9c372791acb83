import type { Release } from '../call/signal.ts';
import { acknowledgement, confirmed, dialogFromJson, dialogOfResponse, nextRequest } from '../sip/dialog/dialog.ts';
import { cseqOf } from '../sip/message/fields.ts';
import type { SipRequest, SipResponse } from '../sip/message/message.ts';
import { reasons } from './sip-leg-release.ts';
import type { DialogRecord, SipOut } from './sip-leg-words.ts';

/** Ends of dialogs that have no leg: those a crash left behind, and those that a late 2xx made after its caller had gone. */

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

/** The ACK and BYE for a 2xx to an INVITE that nobody waits for (§13.2.2.4). `id` names the BYE's transaction. */
export function dismissAnswer(
  invite: SipRequest,
  response: SipResponse,
  id: string,
  release: Release,
): readonly SipOut[] {
  const made = dialogOfResponse(invite, response);
  if (!made.ok) return [];
  const dialog = confirmed(made.value, response);
  const ack = acknowledgement(dialog, cseqOf(invite)?.number ?? 0, []);
  const bye = nextRequest(dialog, 'BYE', reasons(release));
  return [
    { type: 'ack', request: ack.request, nextHop: ack.nextHop },
    { type: 'request', transaction: id, request: bye.request, nextHop: bye.nextHop },
  ];
}
