import { type Instant, type Millis, ms } from '../../kernel/time.ts';
import { Timers } from '../../kernel/timers.ts';
import { responseTo, type SipResponse } from '../message/message.ts';
import type { ServerEffect, ServerEvent, ServerMachine, ServerSetup } from './server.ts';
import type { Answerer, Timing } from './words.ts';

/**
 * The server transaction of every method but INVITE and ACK: RFC 3261 §17.2.2 (Figure 8) as RFC 4320 §4 mends it: the only
 * provisional is 100, and not before the client's timer E has reached T2; 408 is never sent; what was not answered within
 * 64·T1 isn't answered at all, since the client has given up.
 */
export class ServerRequest implements ServerMachine {
  readonly #setup: ServerSetup;
  readonly #timers = new Timers<'100' | 'J' | 'late'>();
  #state: 'trying' | 'proceeding' | 'completed' | 'terminated' = 'trying';
  #last: SipResponse | undefined;

  constructor(setup: ServerSetup) {
    this.#setup = setup;
  }

  get deadline(): Instant | undefined {
    return this.#timers.deadline;
  }

  get final(): SipResponse | undefined {
    return this.#state === 'completed' || this.#state === 'terminated' ? this.#last : undefined;
  }

  feed(event: ServerEvent, now: Instant): readonly ServerEffect[] {
    switch (event.type) {
      case 'start':
        this.#timers.start('100', now, whenTimerEReachesT2(this.#setup.timing));
        this.#timers.start('late', now, ms(64 * this.#setup.timing.t1));
        return [];
      case 'retransmission':
        return this.#last === undefined || this.#state === 'terminated' ? [] : [{ type: 'send', message: this.#last }];
      case 'respond':
        return this.#respond(event.response, event.by, now);
      case 'ack':
        return [];
      case 'transport-failed':
        return this.#state === 'terminated' ? [] : this.#end({ type: 'failed' });
    }
  }

  wake(now: Instant): readonly ServerEffect[] {
    const effects: ServerEffect[] = [];
    for (let name = this.#timers.take(now); name !== undefined; name = this.#timers.take(now)) {
      switch (name) {
        case '100':
          this.#state = 'proceeding';
          this.#last = responseTo(this.#setup.request, 100);
          effects.push({ type: 'send', message: this.#last });
          break;
        case 'late':
        case 'J':
          effects.push(...this.#end());
          break;
      }
    }
    return effects;
  }

  #respond(response: SipResponse, by: Answerer, now: Instant): readonly ServerEffect[] {
    if (this.#state !== 'trying' && this.#state !== 'proceeding') return [];
    if (response.status < 200) return [];
    if (response.status === 408) return this.#end();
    this.#last = response;
    this.#timers.stopAll();
    if (this.#setup.reliable) return [{ type: 'send', message: response }, ...this.#end()];
    this.#state = 'completed';
    // A stranger's copy that comes later is refused anew: those who forge their address must not fill our memory for half a minute each.
    this.#timers.start('J', now, by === 'refuser' ? this.#setup.timing.t4 : ms(64 * this.#setup.timing.t1));
    return [{ type: 'send', message: response }];
  }

  #end(last?: ServerEffect): readonly ServerEffect[] {
    this.#state = 'terminated';
    this.#timers.stopAll();
    return last === undefined ? [{ type: 'end' }] : [last, { type: 'end' }];
  }
}

/** The time from the first sending until timer E is set to T2: with the default numbers T1 + 2·T1 + 4·T1 = 3.5 s. */
function whenTimerEReachesT2({ t1, t2 }: Timing): Millis {
  let elapsed = 0;
  for (let e: number = t1; e < t2; e *= 2) elapsed += e;
  return ms(elapsed);
}
