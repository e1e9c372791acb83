import { type Instant, type Millis, ms } from '../../kernel/time.ts';
import { Timers } from '../../kernel/timers.ts';
import { responseTo, type SipRequest, type SipResponse } from '../message/message.ts';
import type { ServerEffect, ServerEvent, ServerMachine, ServerSetup } from './server.ts';
import type { Answerer } from './words.ts';

/**
 * The INVITE server transaction: RFC 3261 §17.2.1 (Figure 7) with the Accepted state of RFC 6026 §7.1. It also does the UAS
 * core's part of §13.3.1.4: a 2xx is sent again, over every transport, until its ACK comes.
 */
export class ServerInvite implements ServerMachine {
  readonly #setup: ServerSetup;
  readonly #timers = new Timers<'100' | 'G' | 'H' | 'I' | 'L' | '2xx'>();
  #state: 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated' = 'proceeding';
  #last: SipResponse | undefined;
  #resend: Millis;
  #unacknowledged = false;

  constructor(setup: ServerSetup) {
    this.#setup = setup;
    this.#resend = setup.timing.t1;
  }

  get deadline(): Instant | undefined {
    return this.#timers.deadline;
  }

  get final(): SipResponse | undefined {
    return this.#state === 'proceeding' ? undefined : this.#last;
  }

  feed(event: ServerEvent, now: Instant): readonly ServerEffect[] {
    switch (event.type) {
      case 'start':
        this.#timers.start('100', now, this.#setup.timing.trying);
        return [];
      case 'retransmission':
        // In Accepted the 2xx belongs to the core, which sends it by its own clock (RFC 6026 §7.1).
        return this.#state === 'proceeding' || this.#state === 'completed' ? this.#again() : [];
      case 'respond':
        return this.#respond(event.response, event.by, now);
      case 'ack':
        return this.#acknowledged(event.request, now);
      case 'transport-failed':
        if (this.#state === 'accepted') return [{ type: 'failed' }];
        return this.#state === 'confirmed' || this.#state === 'terminated' ? [] : this.#end({ type: 'failed' });
    }
  }

  wake(now: Instant): readonly ServerEffect[] {
    const effects: ServerEffect[] = [];
    for (let name = this.#timers.take(now); name !== undefined; name = this.#timers.take(now)) {
      switch (name) {
        case '100':
          this.#last = responseTo(this.#setup.request, 100);
          effects.push(...this.#again());
          break;
        case 'G':
        case '2xx':
          this.#resend = ms(Math.min(2 * this.#resend, this.#setup.timing.t2));
          this.#timers.start(name, now, this.#resend);
          effects.push(...this.#again());
          break;
        case 'H':
          effects.push(...this.#end({ type: 'timeout' }));
          break;
        case 'L':
          effects.push(...this.#end(this.#unacknowledged ? { type: 'timeout' } : undefined));
          break;
        case 'I':
          effects.push(...this.#end());
          break;
      }
    }
    return effects;
  }

  #again(): readonly ServerEffect[] {
    return this.#last === undefined ? [] : [{ type: 'send', message: this.#last }];
  }

  #respond(response: SipResponse, by: Answerer, now: Instant): readonly ServerEffect[] {
    const is2xx = response.status >= 200 && response.status < 300;
    // A proxy passes every 2xx of its branches on, also after the first (RFC 6026 §7.1).
    if (this.#state === 'accepted' && by === 'proxy' && is2xx) return [{ type: 'send', message: response }];
    if (this.#state !== 'proceeding') return [];
    this.#timers.stop('100');
    // Who has heard nothing repeats his INVITE by timer A, and so asks for a lost refusal himself.
    const provisional = this.#last !== undefined;
    this.#last = response;
    if (is2xx) {
      this.#state = 'accepted';
      this.#timers.start('L', now, ms(64 * this.#setup.timing.t1));
      this.#unacknowledged = by === 'uas';
      if (by === 'uas') this.#timers.start('2xx', now, this.#resend);
    } else if (response.status >= 300) {
      this.#state = 'completed';
      if (by === 'refuser' && !provisional) this.#timers.start('I', now, this.#setup.timing.t4);
      else this.#awaitAck(now);
    }
    return this.#again();
  }

  #awaitAck(now: Instant): void {
    this.#timers.start('H', now, ms(64 * this.#setup.timing.t1));
    if (!this.#setup.reliable) this.#timers.start('G', now, this.#resend);
  }

  #acknowledged(request: SipRequest, now: Instant): readonly ServerEffect[] {
    switch (this.#state) {
      case 'completed':
        this.#state = 'confirmed';
        this.#timers.stopAll();
        if (this.#setup.reliable) return this.#end();
        this.#timers.start('I', now, this.#setup.timing.t4);
        return [];
      case 'accepted':
        this.#timers.stop('2xx');
        this.#unacknowledged = false;
        return [{ type: 'pass', request }];
      case 'proceeding':
      case 'confirmed':
      case 'terminated':
        return [];
    }
  }

  #end(last?: ServerEffect): readonly ServerEffect[] {
    this.#state = 'terminated';
    this.#timers.stopAll();
    return last === undefined ? [{ type: 'end' }] : [last, { type: 'end' }];
  }
}
