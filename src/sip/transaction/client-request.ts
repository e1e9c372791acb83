import type { Instant, Millis } from '../../kernel/time.ts';
import { ms } from '../../kernel/time.ts';
import { Timers } from '../../kernel/timers.ts';
import type { SipResponse } from '../message/message.ts';
import type { ClientEffect, ClientEvent, ClientMachine, ClientSetup } from './client.ts';

/** The client transaction of every method but INVITE and ACK: RFC 3261 §17.1.2 (Figure 6). */
export class ClientRequest implements ClientMachine {
  readonly #setup: ClientSetup;
  readonly #timers = new Timers<'E' | 'F' | 'K'>();
  #state: 'trying' | 'proceeding' | 'completed' | 'terminated' = 'trying';
  #resend: Millis;

  constructor(setup: ClientSetup) {
    this.#setup = setup;
    this.#resend = setup.timing.t1;
  }

  get deadline(): Instant | undefined {
    return this.#timers.deadline;
  }

  get waiting(): 'response' | 'final' | undefined {
    if (this.#state === 'trying') return 'response';
    return this.#state === 'proceeding' ? 'final' : undefined;
  }

  feed(event: ClientEvent, now: Instant): readonly ClientEffect[] {
    switch (event.type) {
      case 'start':
        if (!this.#setup.reliable) this.#timers.start('E', now, this.#resend);
        this.#timers.start('F', now, ms(64 * this.#setup.timing.t1));
        return [{ type: 'send', message: this.#setup.request }];
      case 'response':
        return this.#hear(event.response, now);
      case 'cancelled':
        // Only an INVITE can be cancelled (§9.1).
        return [];
      case 'give-up':
        this.#timers.stop('E');
        return [];
      case 'transport-failed':
        return this.waiting === undefined ? [] : this.#end({ type: 'failed' });
    }
  }

  wake(now: Instant): readonly ClientEffect[] {
    const effects: ClientEffect[] = [];
    for (let name = this.#timers.take(now); name !== undefined; name = this.#timers.take(now)) {
      switch (name) {
        case 'E': {
          const { t2 } = this.#setup.timing;
          this.#resend = this.#state === 'proceeding' ? t2 : ms(Math.min(2 * this.#resend, t2));
          this.#timers.start('E', now, this.#resend);
          effects.push({ type: 'send', message: this.#setup.request });
          break;
        }
        case 'F':
          effects.push(...this.#end({ type: 'timeout' }));
          break;
        case 'K':
          effects.push(...this.#end());
          break;
      }
    }
    return effects;
  }

  #hear(response: SipResponse, now: Instant): readonly ClientEffect[] {
    if (this.waiting === undefined) return [];
    if (response.status < 200) {
      this.#state = 'proceeding';
      return [{ type: 'pass', response }];
    }
    this.#timers.stopAll();
    if (this.#setup.reliable) return [{ type: 'pass', response }, ...this.#end()];
    this.#state = 'completed';
    this.#timers.start('K', now, this.#setup.timing.t4);
    return [{ type: 'pass', response }];
  }

  #end(last?: ClientEffect): readonly ClientEffect[] {
    this.#state = 'terminated';
    this.#timers.stopAll();
    return last === undefined ? [{ type: 'end' }] : [last, { type: 'end' }];
  }
}
