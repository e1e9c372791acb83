import { impossible, type Machine } from '../../kernel/machine.ts';
import { earlier, type Instant } from '../../kernel/time.ts';
import { Timers } from '../../kernel/timers.ts';
import { DataLink, type DataLinkEvent } from './data-link.ts';
import { LINK_DEFAULTS, type LinkEffect, type LinkEvent, type LinkSettings, type LinkState } from './primitives.ts';

/**
 * The data link of a primary rate D-channel: Annex B's link, held up for as long as layer 3 wants it. A primary rate access
 * is never left down by choice, so DL-ESTABLISH stands until DL-RELEASE: a loss is reported once, and then the peer is
 * called again, at once where it was silent (SABME every T200), after T200 where it refused or released.
 */
export class Q921Link implements Machine<LinkEvent, LinkEffect> {
  readonly #settings: LinkSettings;
  readonly #link: DataLink;
  readonly #timers = new Timers<'retry'>();
  #wanted = false;
  /** What layer 3 was told last. */
  #told: 'up' | 'down' | undefined;
  #lineActive = true;

  /** What is left out of `settings` is as in Q.921 §5.9. */
  constructor(settings: Partial<LinkSettings> & Pick<LinkSettings, 'side'>) {
    this.#settings = { ...LINK_DEFAULTS, ...settings };
    this.#link = new DataLink(this.#settings);
  }

  get state(): LinkState {
    return this.#link.state;
  }

  /** Messages that wait for their turn or for their acknowledgement. */
  get queued(): number {
    return this.#link.queued;
  }

  get deadline(): Instant | undefined {
    return earlier(this.#link.deadline, this.#timers.deadline);
  }

  feed(event: LinkEvent, now: Instant): readonly LinkEffect[] {
    switch (event.type) {
      case 'dl-establish':
        this.#wanted = true;
        // A peer that was quicker has brought up what is asked for; a SABME now would only reset it.
        if (this.#up) return [{ type: 'dl-established', confirm: true }];
        this.#told = undefined;
        if (this.#lineActive) return this.#pass(event, now);
        this.#told = 'down';
        return [{ type: 'dl-released', confirm: false }];
      case 'dl-release':
        this.#wanted = false;
        this.#timers.stop('retry');
        return this.#pass(event, now);
      case 'line':
        return this.#line(event.active, now);
      case 'frame':
        return this.#lineActive ? this.#pass(event, now) : [];
      case 'dl-data':
      case 'own-busy':
        return this.#pass(event, now);
      default:
        return impossible(event);
    }
  }

  wake(now: Instant): readonly LinkEffect[] {
    const effects = this.#follow(this.#link.wake(now), now);
    if (this.#timers.take(now) === undefined) return effects;
    return [...effects, ...this.#pass({ type: 'dl-establish' }, now)];
  }

  get #up(): boolean {
    return this.#link.state === 'multiple-frame-established' || this.#link.state === 'timer-recovery';
  }

  #line(active: boolean, now: Instant): readonly LinkEffect[] {
    if (active === this.#lineActive) return [];
    this.#lineActive = active;
    if (!active) {
      this.#timers.stop('retry');
      return this.#pass({ type: 'ph-deactivate' }, now);
    }
    return this.#wanted ? this.#pass({ type: 'dl-establish' }, now) : [];
  }

  #pass(event: DataLinkEvent, now: Instant): readonly LinkEffect[] {
    return this.#follow(this.#link.feed(event, now), now);
  }

  /** Hands on what the link says, without a loss that layer 3 knows of, and takes up the standing request again. */
  #follow(effects: readonly LinkEffect[], now: Instant): readonly LinkEffect[] {
    if (!turns(effects)) return effects;
    const out: LinkEffect[] = [];
    for (const effect of effects) {
      const repeated = effect.type === 'dl-released' && !effect.confirm && this.#told === 'down';
      if (!repeated) out.push(effect);
      if (effect.type === 'dl-established') {
        this.#told = 'up';
        this.#timers.stop('retry');
      } else if (effect.type === 'dl-released') this.#told = 'down';
    }
    if (this.#told === 'down' && this.#wanted && this.#lineActive) {
      const atOnce = effects.some(
        (e) => (e.type === 'mdl-error' && e.code === 'G') || (e.type === 'dl-released' && e.confirm),
      );
      if (atOnce) out.push(...this.#pass({ type: 'dl-establish' }, now));
      else this.#timers.start('retry', now, this.#settings.t200);
    }
    return out;
  }
}

/** Whether the link has come up or gone, which few steps say. */
function turns(effects: readonly LinkEffect[]): boolean {
  for (const { type } of effects) if (type === 'dl-established' || type === 'dl-released') return true;
  return false;
}
