/**
 * Gateways that fail are left out for growing periods while they are probed. Ten failures in a row: out for 1 minute; if its
 * next call fails as well, for 2, 4 … 60. The first positive answer, to a call or to a probe, restores it at once.
 */
import { CAUSE } from '../call/cause.ts';
import type { Release } from '../call/signal.ts';
import { impossible, type Machine } from '../kernel/machine.ts';
import { after, earlier, type Instant, type Millis, minutes, ms, seconds } from '../kernel/time.ts';

export interface ThrottleLimits {
  /** In a row. */
  readonly failures: number;
  readonly first: Millis;
  readonly longest: Millis;
  readonly probe: Millis;
}

export const DEFAULT_THROTTLE: ThrottleLimits = {
  failures: 10,
  first: minutes(1),
  longest: minutes(60),
  probe: seconds(30),
};

/** What a hop's ending says about its gateway. `neither`: it was not asked, or we ended it ourselves. */
export type HopOutcome = 'good' | 'failed' | 'neither';

export type ThrottleEvent =
  | { readonly type: 'outcome'; readonly gateway: string; readonly outcome: HopOutcome }
  /** The answer to a `probe` effect, or a sign of life from elsewhere: a D-channel that has come up. */
  | { readonly type: 'probed'; readonly gateway: string; readonly alive: boolean }
  /** The gateways that there are from now on; what is known of others is forgotten. */
  | { readonly type: 'gateways'; readonly ids: ReadonlySet<string>; readonly limits: ThrottleLimits };

export type ThrottleEffect =
  | { readonly type: 'throttled'; readonly gateway: string; readonly until: Instant; readonly period: Millis }
  | { readonly type: 'restored'; readonly gateway: string }
  | { readonly type: 'probe'; readonly gateway: string };

/** What is known of a gateway that has failed; who is well has no row. */
interface Row {
  failures: number;
  /** How long it was left out last; 0: never yet. */
  period: Millis;
  /** Undefined: it is in, on trial where it has been out. */
  until: Instant | undefined;
  probeAt: Instant | undefined;
}

/** The machine of all gateways. Emergency calls don't ask it. */
export class Throttle implements Machine<ThrottleEvent, ThrottleEffect> {
  #limits: ThrottleLimits;
  readonly #rows = new Map<string, Row>();

  constructor(limits: ThrottleLimits = DEFAULT_THROTTLE) {
    this.#limits = limits;
  }

  get deadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const { until, probeAt } of this.#rows.values()) first = earlier(first, earlier(until, probeAt));
    return first;
  }

  /** Gateways that are left out now, each with the instant at which it is tried again. */
  get out(): ReadonlyMap<string, Instant> {
    const found = new Map<string, Instant>();
    for (const [gateway, { until }] of this.#rows) if (until !== undefined) found.set(gateway, until);
    return found;
  }

  feed(event: ThrottleEvent, now: Instant): readonly ThrottleEffect[] {
    switch (event.type) {
      case 'outcome':
        if (event.outcome === 'neither') return [];
        return event.outcome === 'good' ? this.#restore(event.gateway) : this.#failed(event.gateway, now);
      case 'probed':
        return event.alive ? this.#restore(event.gateway) : [];
      case 'gateways':
        this.#limits = event.limits;
        for (const gateway of this.#rows.keys()) if (!event.ids.has(gateway)) this.#rows.delete(gateway);
        return [];
      default:
        return impossible(event);
    }
  }

  wake(now: Instant): readonly ThrottleEffect[] {
    const effects: ThrottleEffect[] = [];
    for (const [gateway, row] of this.#rows) {
      if (row.until !== undefined && row.until <= now) {
        // On trial: its next call may go out, and one more failure is enough.
        row.until = undefined;
        row.probeAt = undefined;
      } else if (row.probeAt !== undefined && row.probeAt <= now) {
        row.probeAt = after(now, this.#limits.probe);
        effects.push({ type: 'probe', gateway });
      }
    }
    return effects;
  }

  #failed(gateway: string, now: Instant): readonly ThrottleEffect[] {
    const row = this.#rows.get(gateway) ?? { failures: 0, period: ms(0), until: undefined, probeAt: undefined };
    this.#rows.set(gateway, row);
    // A call that was under way, or an emergency: it is out already.
    if (row.until !== undefined) return [];
    row.failures++;
    const { failures, first, longest, probe } = this.#limits;
    if (row.period === 0 && row.failures < failures) return [];
    row.period = ms(Math.min(longest, row.period === 0 ? first : 2 * row.period));
    row.until = after(now, row.period);
    row.probeAt = after(now, probe);
    return [{ type: 'throttled', gateway, until: row.until, period: row.period }];
  }

  #restore(gateway: string): readonly ThrottleEffect[] {
    const row = this.#rows.get(gateway);
    this.#rows.delete(gateway);
    return row?.until === undefined ? [] : [{ type: 'restored', gateway }];
  }
}

/**
 * Only no answer at all, a 5xx, or a D-channel that is down blames the gateway; any other answer shows that it lives. `heard`: it
 * has answered something before. `up`: of a span group, its D-channel; true for others.
 */
export function outcomeOf({ origin, cause }: Release, heard: boolean, up: boolean): HopOutcome {
  if (origin?.protocol === 'sip' && origin.status !== undefined) {
    const { status, reason } = origin;
    // What was heard has a reason phrase; a silence is told as the status that it counts as (RFC 3261 §8.1.3.1).
    if (reason !== undefined) return status >= 500 && status < 600 ? 'failed' : 'good';
    if (status === 408) return heard ? 'good' : 'failed';
    return cause === CAUSE.temporaryFailure ? 'failed' : 'neither';
  }
  // 102 with nothing heard before: SETUP was repeated in vain (T303, Q.931 §5.1.1).
  if (!up || (!heard && cause === CAUSE.timerExpiry)) return 'failed';
  return heard || origin !== undefined ? 'good' : 'neither';
}
