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
  'user-blocked': [403, CAUSE.rejected],
  'no-pstn-access': [403, CAUSE.rejected],
  'number-barred': [403, CAUSE.rejected],
  // Not 503: what the caller may not have, no other server should be asked for.
  'too-many-calls': [403, CAUSE.rejected],
  'quota-calls': [403, CAUSE.rejected],
  'quota-minutes': [403, CAUSE.rejected],
  'gateway-blocked': [403, CAUSE.rejected],
  // RFC 5079: who withholds his number is told that this is why.
  'anonymous-rejected': [433, CAUSE.rejected],
  'caller-rejected': [403, CAUSE.rejected],
  'caller-not-accepted': [403, CAUSE.rejected],
  // 31: normal, unspecified, which is what 480 stands for (RFC 3398 §8.2.6.1).
  'outside-hours': [480, causeOf(31)],
  'do-not-disturb': [486, CAUSE.userBusy],
  // 25: exchange routing error, which is what a loop is (Q.850 §2.2.7.1.16); 482: loop detected.
  'diversion-loop': [482, causeOf(25)],
  'diversion-not-allowed': [403, CAUSE.rejected],
};

export function refusal(id: RefusalId): Refusal {
  const [status, cause] = TABLE[id];
  return { id, status, cause };
}
