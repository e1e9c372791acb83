import { CAUSE, type Cause, causeOf, type Location } from '../call/cause.ts';

/**
 * Q.850 ↔ SIP, one ordered table read both ways: from a cause to a status the first row with that cause (and, where the row
 * names one, that location); from a status to a cause the first row with that status. `to` bounds a row to one way.
 * Source: RFC 3398 §7.2.4.1 (cause to status) and §8.2.6.1 (status to cause); RFC 4497 §8.4.1, §8.4.4 where noted.
 */
interface Row {
  readonly cause: number;
  readonly status: number;
  readonly to?: 'sip' | 'q850';
  readonly location?: Location;
}

const ROWS: readonly Row[] = [
  { cause: 1, status: 404 },
  { cause: 2, status: 404, to: 'sip' },
  { cause: 3, status: 404, to: 'sip' },
  { cause: 17, status: 486 },
  { cause: 18, status: 408, to: 'sip' },
  { cause: 18, status: 480 },
  { cause: 19, status: 480, to: 'sip' },
  { cause: 20, status: 480, to: 'sip' },
  // The called person's own refusal goes for all of that person's devices; the network's goes for this one.
  { cause: 21, status: 603, location: 'user' },
  { cause: 21, status: 403 },
  { cause: 22, status: 410 },
  { cause: 23, status: 410, to: 'sip' },
  { cause: 26, status: 404, to: 'sip' },
  { cause: 27, status: 502, to: 'sip' },
  { cause: 28, status: 484 },
  { cause: 29, status: 501, to: 'sip' },
  { cause: 31, status: 480, to: 'sip' },
  { cause: 34, status: 503, to: 'sip' },
  { cause: 38, status: 503, to: 'sip' },
  { cause: 41, status: 503 },
  { cause: 42, status: 503, to: 'sip' },
  { cause: 47, status: 503, to: 'sip' },
  { cause: 55, status: 403, to: 'sip' },
  { cause: 57, status: 403, to: 'sip' },
  { cause: 58, status: 503, to: 'sip' },
  { cause: 65, status: 488, to: 'sip' },
  { cause: 70, status: 488, to: 'sip' },
  { cause: 79, status: 501 },
  { cause: 87, status: 403, to: 'sip' },
  { cause: 88, status: 503, to: 'sip' },
  { cause: 102, status: 504 },
  { cause: 111, status: 500, to: 'sip' },
  { cause: 127, status: 500, to: 'sip' },
  // From here on only statuses: no cause is sent as one of these.
  { cause: 41, status: 400, to: 'q850' },
  { cause: 21, status: 401, to: 'q850' },
  { cause: 21, status: 402, to: 'q850' },
  { cause: 63, status: 405, to: 'q850' },
  { cause: 79, status: 406, to: 'q850' },
  { cause: 21, status: 407, to: 'q850' },
  { cause: 102, status: 408, to: 'q850' },
  { cause: 127, status: 413, to: 'q850' },
  { cause: 127, status: 414, to: 'q850' },
  { cause: 79, status: 415, to: 'q850' },
  { cause: 127, status: 416, to: 'q850' },
  { cause: 127, status: 420, to: 'q850' },
  { cause: 127, status: 421, to: 'q850' },
  { cause: 127, status: 423, to: 'q850' },
  { cause: 41, status: 481, to: 'q850' },
  { cause: 25, status: 482, to: 'q850' },
  { cause: 25, status: 483, to: 'q850' },
  { cause: 1, status: 485, to: 'q850' },
  // The caller has gone: RFC 3398 §8.2.6.1 gives 487 no cause; Q.850 calls that normal clearing.
  { cause: 16, status: 487, to: 'q850' },
  // 488 and 606 go by their Warning (see `causeOfWarning`); these stand for a response without one.
  { cause: 31, status: 488, to: 'q850' },
  { cause: 41, status: 500, to: 'q850' },
  { cause: 38, status: 502, to: 'q850' },
  { cause: 127, status: 505, to: 'q850' },
  { cause: 127, status: 513, to: 'q850' },
  { cause: 17, status: 600, to: 'q850' },
  { cause: 1, status: 604, to: 'q850' },
  { cause: 31, status: 606, to: 'q850' },
];

/** The site's own rows, which win over the table. */
export interface CauseOverrides {
  readonly toSip: ReadonlyMap<number, number>;
  readonly toQ850: ReadonlyMap<number, number>;
}

/** The status that tells of a cause; 500 for one that the table doesn't name (RFC 3398 §7.2.4.1). */
export function statusOfCause(cause: Cause, location: Location, overrides?: CauseOverrides): number {
  const own = overrides?.toSip.get(cause);
  if (own !== undefined) return own;
  for (const row of ROWS) {
    const here = row.location === undefined || row.location === location;
    if (row.cause === cause && row.to !== 'q850' && here) return row.status;
  }
  return 500;
}

/** The cause that a 3xx–6xx status tells of; one that the table doesn't name is as its class's x00 (RFC 3261 §8.1.3.2). */
export function causeOfStatus(status: number, overrides?: CauseOverrides): Cause {
  const own = overrides?.toQ850.get(status);
  if (own !== undefined) return causeOf(own);
  for (const known of [status, Math.floor(status / 100) * 100]) {
    for (const row of ROWS) if (row.status === known && row.to !== 'sip') return causeOf(row.cause);
  }
  return CAUSE.interworking;
}

/** The cause of a 488 or 606 by its Warning code (RFC 3261 §20.43): RFC 3398 §8.2.6.1, RFC 4497 §8.4.4. */
export function causeOfWarning(code: number): Cause {
  switch (code) {
    // The network, its addresses or its transport don't suit.
    case 300:
    case 301:
    case 302:
      return CAUSE.incompatibleDestination;
    // The medium, its format or its bandwidth: in the telephone network's words, the bearer.
    case 304:
    case 305:
    case 370:
      return CAUSE.bearerNotImplemented;
    default:
      return CAUSE.normalUnspecified;
  }
}

/** A 3xx means: ask elsewhere. For a leg that can't follow, Q.850 says redirection to a new destination. */
export const REDIRECTION: Cause = causeOf(23);
