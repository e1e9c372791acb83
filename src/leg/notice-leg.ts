import { ourRelease } from '../call/call.ts';
import { CAUSE } from '../call/cause.ts';
import type { CallLeg, LegEffect } from '../call/leg.ts';
import type { LegMediaEvent } from '../call/media.ts';
import type { Offer, Signal } from '../call/signal.ts';
import { impossible } from '../kernel/machine.ts';

type Effect = LegEffect<never>;

/** The box itself calls somebody, plays him a recording when he answers, and hangs up. `hear` begins it. */
export class NoticeLeg implements CallLeg<'begin', never> {
  readonly deadline = undefined;
  readonly #offer: Offer;
  readonly #recording: string;
  readonly #times: number;
  #state: 'idle' | 'calling' | 'playing' | 'gone' = 'idle';

  constructor(offer: Offer, recording: string, times: number) {
    this.#offer = offer;
    this.#recording = recording;
    this.#times = times;
  }

  hear(): readonly Effect[] {
    if (this.#state !== 'idle') return [];
    this.#state = 'calling';
    return [say(this.#offer)];
  }

  tell(signal: Signal): readonly Effect[] {
    if (this.#state === 'gone') return [];
    if (signal.type === 'release') return this.#goes();
    if (signal.type === 'update') return [say({ type: 'accepted', codecs: signal.codecs })];
    // Nothing is played to a phone that rings.
    if (signal.type !== 'answer' || this.#state !== 'calling') return [];
    this.#state = 'playing';
    const command = { type: 'open-recording', recording: this.#recording, times: this.#times } as const;
    return [{ type: 'media', command }];
  }

  media(event: LegMediaEvent): readonly Effect[] {
    if (this.#state !== 'playing') return [];
    switch (event.type) {
      case 'played':
        return [say(ourRelease(CAUSE.normalClearing)), ...this.#goes()];
      case 'failed':
        return [say(ourRelease(CAUSE.temporaryFailure)), ...this.#goes()];
      case 'ready':
      case 'digit':
      case 'silent':
        return [];
      default:
        return impossible(event);
    }
  }

  wake(): readonly Effect[] {
    return [];
  }

  #goes(): readonly Effect[] {
    const playing = this.#state === 'playing';
    this.#state = 'gone';
    return [...(playing ? ([{ type: 'media', command: { type: 'close' } }] as const) : []), { type: 'gone' }];
  }
}

const say = (signal: Signal): Effect => ({ type: 'say', signal });
