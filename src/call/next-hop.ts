import { CAUSE, type Cause } from './cause.ts';
import type { Release } from './signal.ts';

/** The causes that blame this hop and not the called party: another hop may do better. */
const HOP_FAILED: ReadonlySet<Cause> = new Set([
  CAUSE.destinationOutOfOrder,
  CAUSE.noChannel,
  CAUSE.networkOutOfOrder,
  CAUSE.temporaryFailure,
  CAUSE.congestion,
  CAUSE.channelUnavailable,
  47 as Cause,
  CAUSE.timerExpiry,
]);

/**
 * Whether the next hop is tried after this ending of an attempt.
 * On SIP the status decides: 5xx, and 408 where not even a provisional came; any other final answer is the called side's
 * own. Without a status (transport failure, timeout, ISDN) the cause decides.
 */
export function mayTryNext(release: Release, heardProvisional: boolean): boolean {
  const { origin } = release;
  if (origin?.protocol === 'sip' && origin.status !== undefined) {
    if (origin.status === 408) return !heardProvisional;
    return origin.status >= 500 && origin.status < 600;
  }
  return HOP_FAILED.has(release.cause);
}

/** What the ending of a step means to a diversion: the called party is busy, does not answer, or something else. */
export function endingOf({ cause }: Release): 'busy' | 'noAnswer' | 'any' {
  if (cause === CAUSE.userBusy) return 'busy';
  return cause === CAUSE.noAnswer || cause === CAUSE.noUserResponding ? 'noAnswer' : 'any';
}

/** Of two endings of parallel attempts, the one that tells the caller more: an answer from the called party itself. */
export function moreTelling(a: Release | undefined, b: Release): Release {
  if (a === undefined) return b;
  return rank(b) > rank(a) ? b : a;
}

function rank(release: Release): number {
  const { origin, cause } = release;
  if (origin?.protocol === 'sip' && origin.status !== undefined && origin.status >= 600) return 4;
  if (cause === CAUSE.userBusy || cause === CAUSE.rejected) return 3;
  if (cause === CAUSE.noAnswer || cause === CAUSE.noUserResponding) return 2;
  return HOP_FAILED.has(cause) ? 0 : 1;
}
