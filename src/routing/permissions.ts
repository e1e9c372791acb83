/** What users may do outward and what gateways let in, as the directory file says it. */

/** How much may be spent in a period of the site's own calendar; undefined: without limit. */
export interface Quota {
  readonly per: 'day' | 'month';
  readonly calls: number | undefined;
  readonly minutes: number | undefined;
  /** A call ends when the minutes do; otherwise only the next one is refused. */
  readonly cutOff?: boolean | undefined;
}

/** A user's permissions for calls that he makes, or that are made on his account. */
export interface Outward {
  /** By the administrator: emergency calls only. */
  readonly blocked: boolean;
  /** False: colleagues and sister branches only. */
  readonly pstn: boolean;
  /** Number lists that he may not call. */
  readonly barred: readonly string[];
  readonly callsAtOnce: number | undefined;
  readonly quota: Quota | undefined;
}

/** Which calls a gateway lets in. Emergency calls pass all of it. */
export interface Inward {
  readonly blocked: boolean;
  /** Number lists of callers; rejection comes first. */
  readonly reject: readonly string[];
  /** Undefined: whoever is not rejected. */
  readonly accept: readonly string[] | undefined;
  /** The calendar in whose hours calls are let in; undefined: always. */
  readonly hours: string | undefined;
}

/** Numbers by pattern: called ones that are barred, or callers. */
export interface DirectoryNumberList {
  readonly id: string;
  /** Over the E.164 form with its +, or the digits as they came. */
  readonly patterns: readonly string[];
  /** Holds callers whose number is withheld or unknown as well. */
  readonly anonymous: boolean;
}

/** What a user has spent, in the periods in which he spent it last: of an earlier period nothing counts any more. */
export interface Spent {
  /** `2026-11-21`, by the site's clock. */
  readonly day: string;
  readonly dayCalls: number;
  readonly daySeconds: number;
  /** `2026-11`. */
  readonly month: string;
  readonly monthCalls: number;
  readonly monthSeconds: number;
}

const NOTHING = { calls: 0, seconds: 0 };

/** What counts on a day (`2026-11-21`) toward a quota per day or month. */
export function spentIn(spent: Spent | undefined, per: Quota['per'], date: string) {
  if (spent === undefined) return NOTHING;
  if (per === 'day') return spent.day === date ? { calls: spent.dayCalls, seconds: spent.daySeconds } : NOTHING;
  return spent.month === date.slice(0, 7) ? { calls: spent.monthCalls, seconds: spent.monthSeconds } : NOTHING;
}

/** The same with a call, or some seconds of one, spent on that day. */
export function spend(spent: Spent | undefined, date: string, calls: number, seconds: number): Spent {
  const day = spentIn(spent, 'day', date);
  const month = spentIn(spent, 'month', date);
  return {
    day: date,
    dayCalls: day.calls + calls,
    daySeconds: day.seconds + seconds,
    month: date.slice(0, 7),
    monthCalls: month.calls + calls,
    monthSeconds: month.seconds + seconds,
  };
}
