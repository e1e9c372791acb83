import { ourRelease } from '../call/call.ts';
import type { CallEffect, CallEvent } from '../call/call-words.ts';
import { CAUSE } from '../call/cause.ts';
import type { Instant } from '../kernel/time.ts';
import type { LegHandle } from './bound-leg.ts';
import { isGateway } from './dial-hop.ts';
import type { LiveCall } from './live-call.ts';
import type { Reactor, Wakeable } from './reactor.ts';
import type { Supervisor } from './supervise.ts';

export interface LiveCallsParts {
  readonly reactor: Reactor;
  readonly supervisor: Supervisor;
  readonly carryOut: (live: LiveCall, effect: CallEffect) => void;
  /** The call has ended, and `settleBy` has come. */
  readonly settled: (live: LiveCall) => void;
}

/**
 * The calls under way, and what moves them along: what happens to a call is fed to it, its deadline is watched, and a fault of ours
 * ends that one call.
 */
export class LiveCalls {
  readonly #parts: LiveCallsParts;
  readonly #calls = new Map<string, LiveCall>();
  readonly #byLeg = new Map<string, LiveCall>();
  readonly #wakes = new Map<string, Wakeable>();

  constructor(parts: LiveCallsParts) {
    this.#parts = parts;
  }

  get all(): ReadonlyMap<string, LiveCall> {
    return this.#calls;
  }

  /** The call that this leg belongs to. */
  of(leg: string): LiveCall | undefined {
    return this.#byLeg.get(leg);
  }

  legOf(leg: string): LegHandle | undefined {
    return this.#byLeg.get(leg)?.legs.get(leg);
  }

  /** From now on what this leg says and does is the call's. */
  add(live: LiveCall, leg: string): void {
    this.#calls.set(live.id, live);
    this.#byLeg.set(leg, live);
  }

  /** A leg with all that belongs to it goes from one call to another. */
  move(leg: string, from: LiveCall, to: LiveCall): void {
    this.add(to, leg);
    handOver(leg, from.legs, to.legs);
    handOver(leg, from.with, to.with);
    handOver(leg, from.parties, to.parties);
    // Who pays for the way out to this party goes on paying for it.
    const dialled = from.dialled.get(leg);
    if (dialled !== undefined && isGateway(dialled.hop)) to.spender ??= from.spender;
    handOver(leg, from.dialled, to.dialled);
    if (from.endpoints.delete(leg)) to.endpoints.add(leg);
    const channel = from.channels.get(leg);
    to.formerly.delete(leg);
    if (channel !== undefined) from.formerly.set(leg, channel);
    handOver(leg, from.channels, to.channels);
  }

  /** The call is over and done with; false when it was already. */
  remove(live: LiveCall): boolean {
    if (!this.#calls.delete(live.id)) return false;
    for (const leg of live.with.keys()) this.#byLeg.delete(leg);
    const watched = this.#wakes.get(live.id);
    if (watched !== undefined) this.#parts.reactor.forget(watched);
    this.#wakes.delete(live.id);
    return true;
  }

  feed(live: LiveCall, event: CallEvent): void {
    const now = this.#parts.reactor.clock.now();
    this.#guarded(live, () => live.call.feed(event, now));
    this.watch(live);
  }

  /** Takes the call's deadline anew. */
  watch(live: LiveCall): void {
    if (!this.#calls.has(live.id)) return;
    let wakeable = this.#wakes.get(live.id);
    if (wakeable === undefined) {
      const calls = this.#calls;
      wakeable = {
        get deadline() {
          return calls.has(live.id) ? (live.settleBy ?? live.call.deadline) : undefined;
        },
        wake: (now) => this.#wake(live, now),
      };
      this.#wakes.set(live.id, wakeable);
    }
    this.#parts.reactor.watch(wakeable);
  }

  #wake(live: LiveCall, now: Instant): void {
    if (live.settleBy !== undefined && live.settleBy <= now) return this.#parts.settled(live);
    this.#guarded(live, () => live.call.wake(now));
  }

  #guarded(live: LiveCall, what: () => readonly CallEffect[]): void {
    this.#parts.supervisor.guard(
      'call',
      live.id,
      () => {
        for (const effect of what()) this.#parts.carryOut(live, effect);
      },
      () => this.#drop(live),
    );
  }

  /** After a fault of ours: every leg is told, and the call is recorded without its machine. */
  #drop(live: LiveCall): void {
    const signal = ourRelease(CAUSE.temporaryFailure);
    live.release ??= { signal, by: 'us' };
    for (const leg of live.legs.values()) leg.tell(signal);
    live.settleBy = this.#parts.reactor.clock.now();
  }
}

function handOver<Value>(key: string, from: Map<string, Value>, to: Map<string, Value>): void {
  const value = from.get(key);
  if (value === undefined) return;
  from.delete(key);
  to.set(key, value);
}
