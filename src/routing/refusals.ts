/** Every refusal of the router: what SIP and ISDN callers are told (RFC 3261 §21, Q.850 §2.2.7). */
import { CAUSE, type Cause, causeOf } from '../call/cause.ts';
import type { Refusal, RefusalId } from './decision.ts';

const TABLE: Readonly<Record<RefusalId, readonly [status: number, cause: Cause]>> = {
  'source-unknown': [403, CAUSE.rejected],
  'number-empty': [484, CAUSE.invalidNumber],
  'no-location-profile': [404, CAUSE.invalidNumber],
  'no-rule-matches': [404, CAUSE.invalidNumber],
  'no-such-user': [404, CAUSE.unallocated],
  'number-not-ours': [404, CAUSE.unallocated],
  'no-common-usage': [403, CAUSE.rejected],
  'no-route': [404, CAUSE.noRouteToDestination],
  // 20: subscriber absent.
  'user-not-registered': [480, causeOf(20)],
  'no-gateway-available': [503, CAUSE.noChannel],
};

export function refusal(id: RefusalId, why: string): Refusal {
  const [status, cause] = TABLE[id];
  return { id, status, cause, why };
}
