import { type Cause, causeOf } from '../call/cause.ts';
import type { Log } from '../kernel/log.ts';
import { ms } from '../kernel/time.ts';
import { chooseVictim, type MakeRoomOrder } from '../routing/make-room.ts';
import type { DialHop } from './dial-hop.ts';
import type { LiveCall } from './live-call.ts';
import { waitUntil } from './patience.ts';
import type { Reactor } from './reactor.ts';

export interface RoomMakerParts {
  readonly reactor: Reactor;
  readonly log: Log;
  /** The calls under way, and how to end one. */
  readonly path: () => { readonly live: ReadonlyMap<string, LiveCall>; end(call: string, cause: Cause): void };
  readonly spans: {
    /** Whether one of these spans could take a call now. */
    hasIdle(spans: readonly string[]): boolean;
    /** Whether a span group is in service, busy or not. */
    up(group: string): boolean;
  };
  readonly order: () => MakeRoomOrder;
}

/** 8, preemption (Q.850 §2.2.7.1.7). */
const PREEMPTION = causeOf(8);

/** How long the far end of an ended call has to give its channel back before another call is ended, and how often that is done. */
const GIVEN_BACK = ms(500);
const MOST_ENDED = 3;

/** Frees a B-channel for an emergency call when ordinary calls have them all. */
export class RoomMaker {
  readonly #parts: RoomMakerParts;
  #waiting = 0;

  constructor(parts: RoomMakerParts) {
    this.#parts = parts;
  }

  /** While an emergency call waits for a channel, ordinary calls get none. */
  withholds(live: LiveCall, hop: DialHop): boolean {
    return this.#waiting > 0 && hop.type === 'span-group' && live.decision?.emergency !== true;
  }

  /** Whether this hop of a call has to wait for room. A hop that has room by itself, later in the line, is as good. */
  wanted(live: LiveCall, hop: DialHop): hop is Extract<DialHop, { type: 'span-group' }> {
    const { spans, order } = this.#parts;
    if (live.decision?.emergency !== true || hop.type !== 'span-group' || order() === 'never') return false;
    if (!spans.up(hop.id) || spans.hasIdle(hop.spans)) return false;
    return ![...live.hops.values()].some((other) => other.type === 'span-group' && spans.hasIdle(other.spans));
  }

  /** Ends ordinary calls, one after the other, until a channel is free or nothing more can be done; then goes on. */
  async make(hop: Extract<DialHop, { type: 'span-group' }>, then: () => void): Promise<void> {
    const { reactor, log, spans, path, order } = this.#parts;
    const hasRoom = (): boolean => spans.hasIdle(hop.spans);
    this.#waiting++;
    for (let n = 0; n < MOST_ENDED && !hasRoom(); n++) {
      const victim = chooseVictim(this.#candidates(hop.spans), order());
      if (victim === undefined) break;
      log.warn({ call: victim }, 'emergency.makes-room');
      reactor.run(() => path().end(victim, PREEMPTION));
      await waitUntil(reactor, hasRoom, GIVEN_BACK);
    }
    reactor.run(() => {
      this.#waiting--;
      then();
    });
  }

  #candidates(spans: readonly string[]) {
    return [...this.#parts.path().live.values()]
      .filter(({ channels, release }) => {
        return release === undefined && [...channels.values()].some(({ span }) => spans.includes(span));
      })
      .map(({ id, started, answered, decision }) => ({
        id,
        started,
        answered: answered !== undefined,
        // Nothing is known yet of a call that has only just come in: it may be a call back.
        emergency: decision?.emergency ?? true,
      }));
  }
}
