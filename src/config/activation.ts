/**
 * A new configuration takes hold: validate → diff → apply → confirm, else the old one is kept. A change that cuts the
 * operator off from the box undoes itself, since the confirmation then can't come.
 */

import { impossible, type Machine } from '../kernel/machine.ts';
import type { Result } from '../kernel/result.ts';
import type { Instant, Millis } from '../kernel/time.ts';
import { after, seconds } from '../kernel/time.ts';
import { type Change, diffSites } from './diff.ts';
import type { Problem } from './problem.ts';
import type { Site } from './schema.ts';

/** How long an applied configuration waits for its confirmation. */
export const CONFIRM_WITHIN: Millis = seconds(300);

export type ActivationEvent =
  /** What loadSite said of the new text. */
  | {
      readonly type: 'offered';
      readonly loaded: Result<Site, readonly Problem[]>;
      readonly confirmWithin: Millis;
      /** The files that `sip.tls` names hold something else than what is in force. */
      readonly certificateRenewed?: boolean;
    }
  /** The gateway's answers to `apply`. */
  | { readonly type: 'applied' }
  | { readonly type: 'apply-failed'; readonly why: string }
  | { readonly type: 'confirmed' }
  | { readonly type: 'abandoned' };

export type ActivationEffect =
  /** Nothing was touched. */
  | { readonly type: 'refused'; readonly problems: readonly Problem[] }
  | { readonly type: 'unchanged' }
  /** Make the box be as `site` says; only what `changes` names may be touched. Answer with applied or apply-failed. */
  | {
      readonly type: 'apply';
      readonly site: Site;
      readonly changes: readonly Change[];
      /** It is the one that was in force before: with what its files held then. */
      readonly back: boolean;
    }
  | { readonly type: 'waiting'; readonly until: Instant }
  /** This configuration stays: keep its text for the next start. */
  | { readonly type: 'kept'; readonly site: Site }
  /** The old configuration is in force again. */
  | { readonly type: 'kept-back'; readonly why: string }
  /** Neither the new nor the old configuration could be applied: the process should start again from the kept text. */
  | { readonly type: 'stuck'; readonly why: string };

type State =
  | { readonly type: 'settled' }
  | { readonly type: 'applying'; readonly next: Site; readonly confirmWithin: Millis }
  | { readonly type: 'waiting'; readonly next: Site; readonly until: Instant }
  | { readonly type: 'returning'; readonly why: string };

export class Activation implements Machine<ActivationEvent, ActivationEffect> {
  #kept: Site;
  #state: State = { type: 'settled' };

  constructor(site: Site) {
    this.#kept = site;
  }

  get deadline(): Instant | undefined {
    return this.#state.type === 'waiting' ? this.#state.until : undefined;
  }

  /** The configuration in force. */
  get site(): Site {
    return this.#state.type === 'waiting' ? this.#state.next : this.#kept;
  }

  feed(event: ActivationEvent, now: Instant): readonly ActivationEffect[] {
    switch (event.type) {
      case 'offered':
        return this.#offered(event.loaded, event.confirmWithin, event.certificateRenewed === true);
      case 'applied':
        return this.#applied(now);
      case 'apply-failed':
        return this.#applyFailed(event.why);
      case 'confirmed':
        return this.#state.type === 'waiting' ? this.#keep(this.#state.next) : [NOTHING_WAITS];
      case 'abandoned':
        return this.#state.type === 'waiting' ? this.#return(this.#state.next, 'it was abandoned') : [NOTHING_WAITS];
      default:
        return impossible(event);
    }
  }

  wake(now: Instant): readonly ActivationEffect[] {
    if (this.#state.type !== 'waiting' || now < this.#state.until) return [];
    return this.#return(this.#state.next, 'nobody confirmed it in time');
  }

  #offered(
    loaded: Result<Site, readonly Problem[]>,
    confirmWithin: Millis,
    renewed: boolean,
  ): readonly ActivationEffect[] {
    if (this.#state.type !== 'settled') {
      const what = 'another change is not settled yet';
      return [refused(what, 'confirm or abandon it first')];
    }
    if (!loaded.ok) return [{ type: 'refused', problems: loaded.error }];
    const differences = diffSites(this.#kept, loaded.value);
    const named = differences.some(({ section }) => section === RENEWED.section);
    const changes = renewed && !named ? [...differences, RENEWED] : differences;
    if (changes.length === 0) return [{ type: 'unchanged' }];
    const later = changes.filter(({ reach }) => reach === 'restart');
    if (later.length > 0) return [{ type: 'refused', problems: later.map(needsRestart) }];
    this.#state = { type: 'applying', next: loaded.value, confirmWithin };
    return [{ type: 'apply', site: loaded.value, changes, back: false }];
  }

  #applied(now: Instant): readonly ActivationEffect[] {
    const state = this.#state;
    if (state.type === 'returning') {
      this.#state = { type: 'settled' };
      return [{ type: 'kept-back', why: state.why }];
    }
    if (state.type !== 'applying') return [];
    if (state.confirmWithin <= 0) return this.#keep(state.next);
    const until = after(now, state.confirmWithin);
    this.#state = { type: 'waiting', next: state.next, until };
    return [{ type: 'waiting', until }];
  }

  #applyFailed(why: string): readonly ActivationEffect[] {
    if (this.#state.type === 'applying') return this.#return(this.#state.next, why);
    if (this.#state.type !== 'returning') return [];
    this.#state = { type: 'settled' };
    return [{ type: 'stuck', why }];
  }

  #keep(site: Site): readonly ActivationEffect[] {
    this.#kept = site;
    this.#state = { type: 'settled' };
    return [{ type: 'kept', site }];
  }

  #return(from: Site, why: string): readonly ActivationEffect[] {
    this.#state = { type: 'returning', why };
    return [{ type: 'apply', site: this.#kept, changes: diffSites(from, this.#kept), back: true }];
  }
}

/** The paths are the same, what lies there is not. */
const RENEWED: Change = {
  section: 'sip.tls',
  id: '',
  kind: 'changed',
  reach: 'listener',
  details: ['the files hold another certificate, key or authority'],
};

const needsRestart = ({ section, details }: Change): Problem => ({
  path: section,
  what: `takes hold only when the gateway starts again, and calls are up (${details.join(', ')})`,
  mend: 'leave it as it is, or put it into the file and start the gateway again',
});

const refused = (what: string, mend: string): ActivationEffect => ({
  type: 'refused',
  problems: [{ path: '(the whole file)', what, mend }],
});

const NOTHING_WAITS = refused('nothing waits for confirmation', 'apply a configuration first');
