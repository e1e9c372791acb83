import { ourRelease } from '../call/call.ts';
import { CAUSE } from '../call/cause.ts';
import type { Offer } from '../call/signal.ts';
import type { WallTime } from '../kernel/time.ts';
import type { CallRecord, LiveCall as LiveCallRow } from '../store/words.ts';
import type { LiveCall } from './live-call.ts';

/** The row of a call that has just been decided. */
export function rowOf(live: LiveCall, offer: Offer, dialogs: readonly unknown[]): LiveCallRow {
  return {
    callId: live.id,
    linkedId: live.linkedId,
    state: live.call.state,
    started: live.started,
    answered: undefined,
    from: offer.caller?.digits ?? '',
    to: offer.called.digits,
    user: live.source.type === 'user' ? live.source.id : undefined,
    decision: live.decision,
    hops: [],
    channels: [...live.channels.values()],
    sipCallIds: [...live.sipCallIds],
    revision: live.revision,
    dialogs,
  };
}

/** The record of a call that is over; `now` stands in where its end was never told. */
export function recordOf(live: LiveCall, now: WallTime): CallRecord {
  const { offer } = live.call;
  const release = live.release?.signal ?? ourRelease(CAUSE.temporaryFailure);
  const by = live.release?.by ?? 'us';
  return {
    callId: live.id,
    linkedId: live.linkedId,
    started: live.started,
    answered: live.answered,
    ended: live.ended ?? now,
    from: offer?.caller?.digits ?? '',
    to: offer?.called.digits ?? '',
    user: live.source.type === 'user' ? live.source.id : undefined,
    decision: live.decision,
    hops: live.tried,
    channels: [...live.formerly.values(), ...live.channels.values()],
    sipCallIds: [...live.sipCallIds],
    revision: live.revision,
    cause: release.cause,
    location: release.location,
    releasedBy: by === 'us' ? 'gateway' : by,
    media: Object.fromEntries(live.stats),
  };
}

/** How long the parties talked. */
export const talkSeconds = (record: CallRecord): number =>
  record.answered === undefined ? 0 : Math.round((record.ended - record.answered) / 1000);
