/**
 * After a crash: the calls that were up are ended at both far parties and get their records. SIP peers are told by a BYE in the
 * stored dialog, the ISDN by the span as soon as its link is up.
 */
import { ourRelease } from '../call/call.ts';
import { CAUSE } from '../call/cause.ts';
import type { CallRecord as Q931CallRecord } from '../isdn/q931/primitives.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../kernel/time.ts';
import { byeFromRecord } from '../leg/sip-leg-record.ts';
import type { DialogRecord } from '../leg/sip-leg-words.ts';
import type { Store } from '../store/store.ts';
import type { LiveCall } from '../store/words.ts';
import type { SipEdge } from './sip-edge.ts';

/** What a restart after a crash needs to end a leg at its far party; it stands in the live call's row as plain JSON. */
export type LegRecovery =
  | { readonly type: 'sip'; readonly record: DialogRecord }
  | { readonly type: 'q931'; readonly span: string; readonly record: Q931CallRecord };

/** The legs of the calls that were up. Rows that an older release wrote differently are passed over. */
export function recoveriesOf(calls: readonly LiveCall[]): readonly LegRecovery[] {
  return calls.flatMap(({ dialogs }) => dialogs).filter(isRecovery);
}

const isRecovery = (value: unknown): value is LegRecovery =>
  value instanceof Object && 'type' in value && (value.type === 'sip' || value.type === 'q931') && 'record' in value;

export function q931Records(left: readonly LegRecovery[], span: string): readonly Q931CallRecord[] {
  return left.flatMap((leg) => (leg.type === 'q931' && leg.span === span ? [leg.record] : []));
}

/** BYE to every SIP party that still believes in its call. */
export function endDialogs(left: readonly LegRecovery[], edge: SipEdge): void {
  for (const leg of left) {
    if (leg.type !== 'sip') continue;
    const bye = byeFromRecord(leg.record, ourRelease(CAUSE.temporaryFailure));
    edge.say(bye, { hear: () => {}, flow: undefined });
  }
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
