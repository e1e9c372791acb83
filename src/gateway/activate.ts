/** A new configuration with calls up: validated, diffed, applied, confirmed or kept back. */
import { Activation, type ActivationEffect } from '../config/activation.ts';
import type { Change } from '../config/diff.ts';
import { loadSite } from '../config/load.ts';
import type { Site } from '../config/schema.ts';
import type { HttpConsole } from '../console/http.ts';
import type { ApplyAnswer, ConfirmAnswer } from '../console/views.ts';
import { impossible } from '../kernel/machine.ts';
import { type Instant, seconds } from '../kernel/time.ts';
import type { Gateway } from './gateway.ts';
import { isoOf } from './iso.ts';
import type { Wakeable } from './reactor.ts';

export interface ActivatorParts {
  readonly gateway: Pick<Gateway, 'reactor' | 'become' | 'certificateRenewed'>;
  /** The door that the configurations come in by; it may move too. */
  readonly http: () => Pick<HttpConsole, 'become'>;
  /** The configuration that a restart would begin with is replaced by this text. */
  readonly keep: (text: string) => Promise<void>;
  /** Neither the new configuration nor the old one could be put into force: start again from the one that is kept. */
  readonly restart: (why: string) => void;
}

type Outcome =
  | Exclude<ActivationEffect, { readonly type: 'apply' }>
  /** The changes that are in force on trial or for good. */
  | { readonly type: 'in-force'; readonly changes: readonly Change[]; readonly until: Instant | undefined };

/** Drives the activation machine against the gateway; one change at a time. */
export class Activator implements Wakeable {
  readonly #parts: ActivatorParts;
  readonly #machine: Activation;
  #text = '';

  constructor(site: Site, parts: ActivatorParts) {
    this.#parts = parts;
    this.#machine = new Activation(site);
  }

  /** When a configuration on trial is given up. */
  get deadline(): Instant | undefined {
    return this.#machine.deadline;
  }

  wake(now: Instant): void {
    void this.#follow(this.#machine.wake(now));
  }

  async apply(text: string, confirmSeconds: number): Promise<ApplyAnswer> {
    const loaded = loadSite(text, 'the configuration sent');
    const certificateRenewed = loaded.ok && (await this.#parts.gateway.certificateRenewed(loaded.value));
    const confirmWithin = seconds(confirmSeconds);
    const outcome = await this.#feed({ type: 'offered', loaded, confirmWithin, certificateRenewed }, text);
    switch (outcome?.type) {
      case 'refused':
      case 'unchanged':
        return outcome;
      case 'in-force': {
        const { changes, until } = outcome;
        const confirmBy = until === undefined ? undefined : isoOf(until, this.#parts.gateway.reactor.clock);
        return { type: 'applied', changes, confirmBy };
      }
      case 'kept-back':
      case 'stuck':
        return { type: 'kept-back', why: outcome.why };
      default:
        return { type: 'kept-back', why: 'nothing came of it' };
    }
  }

  confirm(): Promise<ConfirmAnswer> {
    return this.#settle('confirmed');
  }

  abandon(): Promise<ConfirmAnswer> {
    return this.#settle('abandoned');
  }

  async #settle(type: 'confirmed' | 'abandoned'): Promise<ConfirmAnswer> {
    const outcome = await this.#feed({ type }, this.#text);
    switch (outcome?.type) {
      case 'kept':
        return { type: 'kept' };
      case 'refused':
        return outcome;
      case 'kept-back':
      case 'stuck':
        return { type: 'kept-back', why: outcome.why };
      default:
        return { type: 'kept-back', why: 'nothing came of it' };
    }
  }

  #feed(event: Parameters<Activation['feed']>[0], text: string): Promise<Outcome | undefined> {
    const { reactor } = this.#parts.gateway;
    const effects = this.#machine.feed(event, reactor.clock.now());
    if (effects[0]?.type === 'apply') this.#text = text;
    return this.#follow(effects);
  }

  /** Carries out what the machine says, and answers with the last word. */
  async #follow(effects: readonly ActivationEffect[]): Promise<Outcome | undefined> {
    const { gateway, http, keep } = this.#parts;
    const { reactor } = gateway;
    let outcome: Outcome | undefined;
    for (const effect of effects) {
      switch (effect.type) {
        case 'apply': {
          const become = await gateway.become(effect.site, effect.back);
          const done = become.ok ? await http().become(effect.site.http) : become;
          const answer = done.ok
            ? ({ type: 'applied' } as const)
            : ({ type: 'apply-failed', why: done.error } as const);
          const next = await this.#follow(this.#machine.feed(answer, reactor.clock.now()));
          const inForce = next?.type === 'waiting' || next?.type === 'kept';
          const until = next?.type === 'waiting' ? next.until : undefined;
          outcome = inForce ? { type: 'in-force', changes: effect.changes, until } : next;
          break;
        }
        case 'kept':
          await keep(this.#text);
          outcome = effect;
          break;
        case 'refused':
        case 'unchanged':
        case 'waiting':
        case 'kept-back':
          outcome = effect;
          break;
        case 'stuck':
          outcome = effect;
          this.#parts.restart(effect.why);
          break;
        default:
          impossible(effect);
      }
    }
    reactor.watch(this);
    return outcome;
  }
}
