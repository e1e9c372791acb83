import type { Release } from '../call/signal.ts';
import { dialogFromJson, nextRequest } from '../sip/dialog/dialog.ts';
import { reasons } from './sip-leg-release.ts';
import type { DialogRecord, SipOut } from './sip-leg-words.ts';

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
