import { ourRelease } from '../call/call.ts';
import type { Cause } from '../call/cause.ts';
import type { Release } from '../call/signal.ts';

/** A call that we refuse: the caller is told by a stable name which of our refusals it is (RFC 3326). */
export function namedRelease(refusal: {
  readonly id: string;
  readonly status: number;
  readonly cause: Cause;
}): Release {
  const { id, status, cause } = refusal;
  const headers = [['Reason', `Q.850;cause=${cause};text="${id}"`]] as const;
  return { ...ourRelease(cause), origin: { protocol: 'sip', status, reason: undefined, headers } };
}
