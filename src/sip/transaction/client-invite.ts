import type { Instant, Millis } from '../../kernel/time.ts';
import { ms } from '../../kernel/time.ts';
import { Timers } from '../../kernel/timers.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { ClientEffect, ClientEvent, ClientMachine, ClientSetup } from './client.ts';
import { acknowledgeRefusal } from './derived.ts';

/**
 * The INVITE client transaction: RFC 3261 §17.1.1 (Figure 5), with the Accepted state of RFC 6026 §7.2, so that every 2xx of
 * a forked INVITE, first or late, reaches the user.
 */
export class ClientInvite implements ClientMachine {
  readonly #setup: ClientSetup;
  readonly #timers = new Timers<'A' | 'B' | 'D' | 'M' | 'cancelled'>();
  #state: 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated' = 'calling';
  #resend: Millis;
  #ack: SipRequest | undefined;

  constructor(setup: ClientSetup) {
    this.#setup = setup;
    this.#resend = setup.timing.t1;
  }

  get deadline(): Instant | undefined {
    return this.#timers.deadline;
  }

  get waiting(): 'response' | 'final' | undefined {
    if (this.#state === 'calling') return 'response';
    return this.#state === 'proceeding' ? 'final' : undefined;
  }

  feed(event: ClientEvent, now: Instant): readonly ClientEffect[] {
    switch (event.type) {
      case 'start':
        if (!this.#setup.reliable) this.#timers.start('A', now, this.#resend);
        this.#timers.start('B', now, ms(64 * this.#setup.timing.t1));
        return [{ type: 'send', message: this.#setup.request }];
      case 'response':
        return this.#hear(event.response, now);
      case 'cancelled':
        // A cancelled INVITE is over 64·T1 after its CANCEL, whether or not a 487 ever comes (§9.1).
        if (this.#state === 'proceeding') this.#timers.start('cancelled', now, ms(64 * this.#setup.timing.t1));
        return [];
      case 'give-up':
        this.#timers.stop('A');
        return [];
      case 'transport-failed':
        return this.#state === 'accepted' || this.#state === 'terminated' ? [] : this.#end({ type: 'failed' });
    }
  }

  wake(now: Instant): readonly ClientEffect[] {
    const effects: ClientEffect[] = [];
    for (let name = this.#timers.take(now); name !== undefined; name = this.#timers.take(now)) {
      switch (name) {
        case 'A':
          this.#resend = ms(2 * this.#resend);
          this.#timers.start('A', now, this.#resend);
          effects.push({ type: 'send', message: this.#setup.request });
          break;
        case 'B':
        case 'cancelled':
          effects.push(...this.#end({ type: 'timeout' }));
          break;
        case 'D':
        case 'M':
          effects.push(...this.#end());
          break;
      }
    }
    return effects;
  }

  #hear(response: SipResponse, now: Instant): readonly ClientEffect[] {
    const { status } = response;
    switch (this.#state) {
      case 'calling':
      case 'proceeding': {
        this.#timers.stop('A');
        this.#timers.stop('B');
        if (status < 200) {
          this.#state = 'proceeding';
          return [{ type: 'pass', response }];
        }
        this.#timers.stop('cancelled');
        return status < 300 ? this.#accept(response, now) : this.#complete(response, now);
      }
      case 'completed':
        return status >= 300 && this.#ack !== undefined ? [{ type: 'send', message: this.#ack }] : [];
      case 'accepted':
        return status >= 200 && status < 300 ? [{ type: 'pass', response }] : [];
      case 'terminated':
        return [];
    }
  }

  #accept(response: SipResponse, now: Instant): readonly ClientEffect[] {
    this.#state = 'accepted';
    this.#timers.start('M', now, ms(64 * this.#setup.timing.t1));
    return [{ type: 'pass', response }];
  }

  #complete(response: SipResponse, now: Instant): readonly ClientEffect[] {
    this.#state = 'completed';
    this.#ack = acknowledgeRefusal(this.#setup.request, response);
    const effects: ClientEffect[] = [
      { type: 'send', message: this.#ack },
      { type: 'pass', response },
    ];
    if (this.#setup.reliable) return [...effects, ...this.#end()];
    // At least 32 s: as long as the server's timer H may go on sending the final response (§17.1.1.2).
    this.#timers.start('D', now, ms(64 * this.#setup.timing.t1));
    return effects;
  }

  #end(last?: ClientEffect): readonly ClientEffect[] {
    this.#state = 'terminated';
    this.#timers.stopAll();
    return last === undefined ? [{ type: 'end' }] : [last, { type: 'end' }];
  }
}
