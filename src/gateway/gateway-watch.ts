/** How the gateways fare: every hop's ending is counted, who fails is left out and probed, who answers comes back at once. */
import type { StreamStats } from '../call/media.ts';
import type { Release } from '../call/signal.ts';
import type { Log } from '../kernel/log.ts';
import { type Instant, minutes, seconds, until } from '../kernel/time.ts';
import type { Standing } from '../routing/query.ts';
import { Standings } from '../routing/standing.ts';
import { Surges } from '../routing/surge.ts';
import {
  outcomeOf,
  Throttle,
  type ThrottleEffect,
  type ThrottleEvent,
  type ThrottleLimits,
} from '../routing/throttle.ts';
import { type DialHop, isGateway } from './dial-hop.ts';
import type { Reactor, Wakeable } from './reactor.ts';

export interface GatewayWatchParts {
  readonly reactor: Reactor;
  readonly log: Log;
  /** Whether the D-channel of a span group is up; true for a SIP trunk. */
  readonly up: (gateway: string) => boolean;
  /** Asks a gateway for a sign of life; `done` comes at most once. */
  readonly probe: (gateway: string, done: (alive: boolean) => void) => void;
}

export interface ThrottleSetting {
  readonly failures: number;
  readonly minutes: number;
  readonly longestMinutes: number;
  readonly probeSeconds: number;
}

/** The throttle and the standings of all gateways, joined to the reactor. */
export class GatewayWatch implements Wakeable {
  readonly #parts: GatewayWatchParts;
  readonly #throttle = new Throttle();
  readonly #standings = new Standings();
  readonly #surges = new Surges();
  readonly #outcomes = new Map<string, { readonly good: number; readonly failed: number }>();

  constructor(parts: GatewayWatchParts) {
    this.#parts = parts;
  }

  get deadline(): Instant | undefined {
    return this.#throttle.deadline;
  }

  wake(now: Instant): void {
    this.#follow(this.#throttle.wake(now));
  }

  /** Which gateways there are, and how patient we are with them; what is known of those that stay is kept. */
  configure(ids: readonly string[], setting: ThrottleSetting): void {
    const limits: ThrottleLimits = {
      failures: setting.failures,
      first: minutes(setting.minutes),
      longest: minutes(setting.longestMinutes),
      probe: seconds(setting.probeSeconds),
    };
    this.#surges.keep(new Set(ids));
    this.#feed({ type: 'gateways', ids: new Set(ids), limits });
  }

  /** A call comes or goes through this gateway. */
  called(gateway: string): void {
    const surge = this.#surges.called(gateway, this.#parts.reactor.clock.now());
    if (surge === undefined) return;
    const { calls, usual } = surge;
    this.#parts.log.warn({ gateway, calls, usual: Math.round(usual) }, 'gateway.surge');
  }

  /** Gateways with far more calls than usual. */
  get surging(): readonly string[] {
    return this.#surges.now(this.#parts.reactor.clock.now());
  }

  /** The gateway of this hop has answered something: it lives. */
  answered(hop: DialHop): void {
    if (isGateway(hop)) this.#count(hop.id, 'good');
  }

  /** The hop has ended before the call was answered. `heard`: after an answer of some kind, which has been counted. */
  ended(hop: DialHop, release: Release, heard: boolean): void {
    if (!isGateway(hop)) return;
    const outcome = outcomeOf(release, heard, this.#parts.up(hop.id));
    if (!heard || outcome === 'failed') this.#count(hop.id, outcome);
  }

  /** A call through this gateway is over, and its stream has said how it was. */
  heardStream(hop: DialHop, { received, lost, late }: StreamStats): void {
    const all = received + lost;
    if (!isGateway(hop) || all < MIN_PACKETS) return;
    this.#standings.quality(hop.id, Math.max(0, 1 - (lost + late) / all));
  }

  /** Gateways that are left out, each with the reason. */
  get throttled(): ReadonlyMap<string, string> {
    const now = this.#parts.reactor.clock.now();
    const found = new Map<string, string>();
    for (const [id, end] of this.#throttle.out) {
      found.set(id, `is throttled after failures for ${Math.ceil(until(now, end) / 1000)} s more`);
    }
    return found;
  }

  /** Hops since the start, by what they said of the gateway. */
  outcomes(gateway: string): { readonly good: number; readonly failed: number } {
    return this.#outcomes.get(gateway) ?? { good: 0, failed: 0 };
  }

  get standing(): ReadonlyMap<string, Standing> {
    return this.#standings.all;
  }

  #count(gateway: string, outcome: 'good' | 'failed' | 'neither'): void {
    this.#standings.outcome(gateway, outcome);
    const so = this.outcomes(gateway);
    if (outcome !== 'neither') this.#outcomes.set(gateway, { ...so, [outcome]: so[outcome] + 1 });
    this.#feed({ type: 'outcome', gateway, outcome });
  }

  #feed(event: ThrottleEvent): void {
    this.#follow(this.#throttle.feed(event, this.#parts.reactor.clock.now()));
    this.#parts.reactor.watch(this);
  }

  #follow(effects: readonly ThrottleEffect[]): void {
    const { log, probe, reactor } = this.#parts;
    for (const effect of effects) {
      const { gateway } = effect;
      if (effect.type === 'throttled') log.warn({ gateway, seconds: effect.period / 1000 }, 'gateway.throttled');
      else if (effect.type === 'restored') log.info({ gateway }, 'gateway.restored');
      else probe(gateway, (alive) => reactor.run(() => this.#feed({ type: 'probed', gateway, alive })));
    }
  }
}

/** A second of sound: less says nothing about a path. */
const MIN_PACKETS = 50;
