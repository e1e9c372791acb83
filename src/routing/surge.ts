/** Far more calls through a gateway than usual: the mark of fraud, or of a fault on its other side. Trusted peers are watched as well. */
import { after, type Instant, type Millis, minutes } from '../kernel/time.ts';

/** So many calls in a minute are no surge, however quiet the gateway is as a rule. */
const LEAST = 30;
/** So many times the usual rate are one. */
const TIMES = 5;
/** The weight of a minute in what is usual: some hours ago hardly counts. */
const WEIGHT = 1 / 60;
/** How long an alarm stays after the last minute that gave reason for it. */
const STAYS: Millis = minutes(5);

interface Row {
  minute: number;
  calls: number;
  /** Calls in a minute, on average. */
  usual: number;
  until: Instant | undefined;
}

/** The rates of all gateways. Time passes only when a call comes: nothing has to be woken. */
export class Surges {
  readonly #rows = new Map<string, Row>();

  /** Gateways with an alarm. */
  now(now: Instant): readonly string[] {
    return [...this.#rows].flatMap(([gateway, { until }]) => (until !== undefined && until > now ? [gateway] : []));
  }

  /** A call, in or out, whether it was let in or not. Answers its figures where it raises the alarm. */
  called(gateway: string, now: Instant): { readonly calls: number; readonly usual: number } | undefined {
    const minute = Math.floor(now / 60_000);
    const row = this.#rows.get(gateway) ?? { minute, calls: 0, usual: 0, until: undefined };
    this.#rows.set(gateway, row);
    if (minute > row.minute) {
      row.usual = (row.usual + (row.calls - row.usual) * WEIGHT) * (1 - WEIGHT) ** (minute - row.minute - 1);
      row.minute = minute;
      row.calls = 0;
    }
    row.calls++;
    if (row.calls <= Math.max(LEAST, TIMES * row.usual)) return undefined;
    const raised = row.until === undefined || row.until <= now;
    row.until = after(now, STAYS);
    return raised ? { calls: row.calls, usual: row.usual } : undefined;
  }

  /** The gateways that there are from now on. */
  keep(gateways: ReadonlySet<string>): void {
    for (const gateway of this.#rows.keys()) if (!gateways.has(gateway)) this.#rows.delete(gateway);
  }
}
