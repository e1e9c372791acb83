/**
 * After a crash: the calls that were up are ended at both far parties and get their records. SIP peers are told by a BYE in the
 * stored dialog, the ISDN by the span as soon as its link is up.
 */
import { ourRelease } from '../call/call.ts';
import { CAUSE } from '../call/cause.ts';
import type { CallRecord as Q931CallRecord } from '../isdn/q931/primitives.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../kernel/time.ts';
import { byeFromRecord, inviteFromJson, recordFromJson } from '../leg/sip-leg-record.ts';
import { refusalOf } from '../leg/sip-leg-release.ts';
import type { DialogRecord, InviteRecord } from '../leg/sip-leg-words.ts';
import type { Flow } from '../sip/message/flow.ts';
import { request } from '../sip/message/message.ts';
import type { Store } from '../store/store.ts';
import type { LiveCall } from '../store/words.ts';
import type { SipEdge } from './sip-edge.ts';

/** What a restart after a crash needs to end a leg at its far party; it stands in the live call's row as plain JSON. */
export type LegRecovery =
  /** `flow`: the hole in the phone's NAT. It outlives us on UDP only: connections have died with the process. */
  | { readonly type: 'sip'; readonly record: DialogRecord; readonly flow: Flow | undefined }
  /** Its sender waits for a final response, and hears it only where it has sent from: on UDP. */
  | { readonly type: 'invite'; readonly invite: InviteRecord; readonly flow: Flow }
  | { readonly type: 'q931'; readonly span: string; readonly record: Q931CallRecord };

/** The legs of the calls that were up. Rows that an older release wrote differently are passed over. */
export function recoveriesOf(calls: readonly Pick<LiveCall, 'dialogs'>[]): readonly LegRecovery[] {
  return calls.flatMap(({ dialogs }) => dialogs).flatMap(recoveryOf);
}

function recoveryOf(value: unknown): readonly LegRecovery[] {
  if (!isBlock(value)) return [];
  if (value.type === 'sip') {
    const record = recordFromJson(value.record);
    return record === undefined ? [] : [{ type: 'sip', record, flow: isUdpFlow(value.flow) ? value.flow : undefined }];
  }
  if (value.type === 'invite') {
    const invite = inviteFromJson(value.invite);
    return invite === undefined || !isUdpFlow(value.flow) ? [] : [{ type: 'invite', invite, flow: value.flow }];
  }
  const { type, span, record } = value;
  return type === 'q931' && typeof span === 'string' && isQ931Record(record) ? [{ type, span, record }] : [];
}

const isBlock = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isEndpoint = (value: unknown): boolean =>
  isBlock(value) && typeof value.address === 'string' && typeof value.port === 'number';

const isUdpFlow = (value: unknown): value is Flow =>
  isBlock(value) && value.transport === 'udp' && isEndpoint(value.remote) && isEndpoint(value.local);

const isQ931Record = (value: unknown): value is Q931CallRecord =>
  isBlock(value) && typeof value.callRef === 'number' && typeof value.outgoing === 'boolean';

export function q931Records(left: readonly LegRecovery[], span: string): readonly Q931CallRecord[] {
  return left.flatMap((leg) => (leg.type === 'q931' && leg.span === span ? [leg.record] : []));
}

/** BYE to every SIP party that still believes in its call, a refusal to every one that still waits for it. */
export function endDialogs(left: readonly LegRecovery[], edge: Pick<SipEdge, 'say' | 'refuseStored'>): void {
  const { status, headers } = refusalOf(ourRelease(CAUSE.temporaryFailure));
  for (const leg of left) {
    if (leg.type === 'sip') endDialog(leg.record, leg.flow, edge);
    if (leg.type !== 'invite') continue;
    const { uri, headers: stored, toTag } = leg.invite;
    edge.refuseStored(request('INVITE', uri, stored), leg.flow, status, { toTag, headers });
  }
}

/** A BYE for which nobody waits. */
export function endDialog(record: DialogRecord, flow: Flow | undefined, edge: Pick<SipEdge, 'say'>): void {
  edge.say(byeFromRecord(record, ourRelease(CAUSE.temporaryFailure)), { hear: () => {}, flow });
}

/** Every call that was up gets its record, with the cause of a fault of ours. */
export function closeRecords(
  calls: readonly LiveCall[],
  store: Store,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): void {
  for (const { callId } of calls) {
    const ended = clock.wall();
    const { temporaryFailure: cause } = CAUSE;
    store.persist({ type: 'call-recover', callId, ended, cause, location: 'private-local' }).then(
      () => log.warn({ call: callId }, 'call.recovered'),
      () => log.error({ call: callId }, 'call.not-recovered'),
    );
  }
}
