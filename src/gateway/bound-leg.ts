import type { CallLeg, LegEffect } from '../call/leg.ts';
import type { LegMediaCommand, LegMediaEvent } from '../call/media.ts';
import type { Signal } from '../call/signal.ts';
import { impossible } from '../kernel/machine.ts';
import type { Instant } from '../kernel/time.ts';
import type { Reactor, Wakeable } from './reactor.ts';
import type { LegRecovery } from './recovery.ts';
import type { Supervisor } from './supervise.ts';

/** Where a leg's words go. */
export interface LegWorld<Out> {
  readonly supervisor: Supervisor;
  say(signal: Signal, branch: string | undefined): void;
  wire(message: Out): void;
  media(command: LegMediaCommand): void;
  gone(): void;
  /** See `LegHandle`: only the maker of the leg knows its protocol. */
  recovery(): LegRecovery | undefined;
  thread(): string | undefined;
  /** Ends the leg at its far party without asking the leg, which a fault of ours has broken. */
  abandon(): void;
}

/** A leg without its protocol: what the call's way needs of it. */
export interface LegHandle {
  readonly id: string;
  tell(signal: Signal): void;
  media(event: LegMediaEvent): void;
  /** What would end this leg after a crash; undefined while there is nothing to end. */
  recovery(): LegRecovery | undefined;
  /** What strings its messages together in a trace: a SIP Call-ID, a Q.931 call reference. */
  thread(): string | undefined;
}

/** A leg joined to the reactor: every step's effects are carried out, and its deadline is watched until it is gone. */
export class BoundLeg<In, Out> implements LegHandle, Wakeable {
  readonly id: string;
  readonly leg: CallLeg<In, Out>;
  readonly #world: LegWorld<Out>;
  readonly #reactor: Reactor;
  #gone = false;

  constructor(id: string, leg: CallLeg<In, Out>, world: LegWorld<Out>, reactor: Reactor) {
    this.id = id;
    this.leg = leg;
    this.#world = world;
    this.#reactor = reactor;
  }

  get deadline(): Instant | undefined {
    return this.#gone ? undefined : this.leg.deadline;
  }

  tell(signal: Signal): void {
    this.#step((now) => this.leg.tell(signal, now));
  }

  hear(wire: In): void {
    this.#step((now) => this.leg.hear(wire, now));
  }

  media(event: LegMediaEvent): void {
    this.#step((now) => this.leg.media(event, now));
  }

  recovery(): LegRecovery | undefined {
    return this.#gone ? undefined : this.#world.recovery();
  }

  thread(): string | undefined {
    return this.#world.thread();
  }

  wake(now: Instant): void {
    this.#guarded(() => this.leg.wake(now));
  }

  #step(what: (now: Instant) => readonly LegEffect<Out>[]): void {
    this.#guarded(() => what(this.#reactor.clock.now()));
    if (!this.#gone) this.#reactor.watch(this);
  }

  #guarded(what: () => readonly LegEffect<Out>[]): void {
    if (this.#gone) return;
    const { supervisor } = this.#world;
    supervisor.guard(
      'leg',
      this.id,
      () => this.#carryOut(what()),
      () => this.#drop(),
    );
  }

  /** After a fault of ours: the leg's machine is not trusted with anything any more. */
  #drop(): void {
    if (this.#gone) return;
    this.#world.abandon();
    this.#carryOut([{ type: 'media', command: { type: 'close' } }, { type: 'gone' }]);
  }

  #carryOut(effects: readonly LegEffect<Out>[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'say':
          this.#world.say(effect.signal, effect.branch);
          break;
        case 'wire':
          this.#world.wire(effect.message);
          break;
        case 'media':
          this.#world.media(effect.command);
          break;
        case 'gone':
          this.#gone = true;
          this.#reactor.forget(this);
          this.#world.gone();
          break;
        default:
          impossible(effect);
      }
    }
  }
}
