import { ourRelease } from '../call/call.ts';
import { CAUSE, type Cause } from '../call/cause.ts';
import type { CallLeg, LegEffect } from '../call/leg.ts';
import type { LegMediaEvent } from '../call/media.ts';
import type { Signal } from '../call/signal.ts';
import { impossible } from '../kernel/machine.ts';

/** Which recording, and how the call begins and ends with it. */
export interface AnnouncementLegSettings {
  readonly recording: string;
  /** Whether the call is answered for it; otherwise it is heard as progress. */
  readonly answers: boolean;
  readonly times: number;
  /** With which the caller is released when it has been played. */
  readonly cause: Cause;
}

type Effect = LegEffect<never>;

const NOBODY = { number: undefined, name: undefined };

/** A call's side to a recording: there is no protocol and no far party, only media that comes to an end. */
export class AnnouncementLeg implements CallLeg<never, never> {
  readonly deadline = undefined;
  readonly #settings: AnnouncementLegSettings;
  #state: 'idle' | 'open' | 'gone' = 'idle';

  constructor(settings: AnnouncementLegSettings) {
    this.#settings = settings;
  }

  tell(signal: Signal): readonly Effect[] {
    if (this.#state === 'gone') return [];
    if (signal.type === 'release') return this.#goes();
    if (signal.type === 'update') return [say({ type: 'accepted', codecs: signal.codecs })];
    // Nobody is there to whom anything else would mean something.
    if (signal.type !== 'offer' || this.#state !== 'idle') return [];
    this.#state = 'open';
    const { recording, times } = this.#settings;
    return [{ type: 'media', command: { type: 'open-recording', recording, times } }];
  }

  hear(): readonly Effect[] {
    return [];
  }

  media(event: LegMediaEvent): readonly Effect[] {
    if (this.#state !== 'open') return [];
    switch (event.type) {
      case 'ready':
        if (this.#settings.answers) return [say({ type: 'answer', connected: NOBODY, origin: undefined })];
        return [say({ type: 'progress', inBand: true, cause: undefined })];
      case 'played':
        return [say(ourRelease(this.#settings.cause)), ...this.#goes()];
      case 'failed':
        return [say(ourRelease(CAUSE.temporaryFailure)), ...this.#goes()];
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
    const opened = this.#state === 'open';
    this.#state = 'gone';
    return [...(opened ? ([{ type: 'media', command: { type: 'close' } }] as const) : []), { type: 'gone' }];
  }
}

const say = (signal: Signal): Effect => ({ type: 'say', signal });
