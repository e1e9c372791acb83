import type { Result } from '../kernel/result.ts';
import { after } from '../kernel/time.ts';
import { decide } from '../routing/decide.ts';
import type { Ask, Decision } from '../routing/decision.ts';
import type { Directory } from '../routing/directory.ts';
import type { HeldElins } from '../routing/elin.ts';
import { enumAnswer, type NaptrRecord } from '../routing/enum.ts';
import type { PatternCompiler } from '../routing/pattern.ts';
import type { Spent } from '../routing/permissions.ts';
import type { EnumAnswer, EnumAnswers, RoutingFacts, RoutingQuery, Standing } from '../routing/query.ts';
import type { Binding } from '../sip/registrar/binding.ts';
import type { StoreOp } from '../store/words.ts';
import type { Reactor, Wakeable } from './reactor.ts';

export interface RouterParts {
  readonly reactor: Reactor;
  readonly directory: Directory;
  readonly cursors: ReadonlyMap<string, number>;
  /** Live bindings of an address of record. */
  readonly contactsOf: (aor: string) => readonly Binding[];
  /** Addresses of record with at least one live binding. */
  readonly registered: () => ReadonlySet<string>;
  /** Span groups and SIP trunks that can take no call now, each with the reason. */
  readonly unavailable: () => ReadonlyMap<string, string>;
  readonly standing: () => ReadonlyMap<string, Standing>;
  /** Calls that each user makes now, by the user's id. */
  readonly callsNow: () => ReadonlyMap<string, number>;
  readonly spent: () => ReadonlyMap<string, Spent>;
  /** ELINs in use. */
  readonly elins?: () => HeldElins;
  readonly wan: () => boolean;
  /** The NAPTR records of a name, from the DNS or from what is remembered of it. */
  readonly naptr: (domain: string) => Promise<Result<readonly NaptrRecord[], unknown>>;
  readonly compile: PatternCompiler;
  readonly persist: (op: StoreOp) => void;
}

const NO_ANSWERS: EnumAnswers = new Map();

/** The router's room in the gateway: it keeps the directory and the cursors, and gathers the facts of the moment. */
export class Router {
  readonly #parts: RouterParts;
  readonly #cursors: Map<string, number>;
  #directory: Directory;

  constructor(parts: RouterParts) {
    this.#parts = parts;
    this.#directory = parts.directory;
    this.#cursors = new Map(parts.cursors);
  }

  get directory(): Directory {
    return this.#directory;
  }

  /** From the next decision on; calls under way keep what was decided for them. */
  swap(directory: Directory): void {
    this.#directory = directory;
  }

  /** Gateways that can take no call now, each with the reason. */
  get unavailable(): ReadonlyMap<string, string> {
    return this.#parts.unavailable();
  }

  contactsOf(aor: string): readonly Binding[] {
    return this.#parts.contactsOf(aor);
  }

  decide(query: RoutingQuery, answers: EnumAnswers = NO_ANSWERS, over: Partial<RoutingFacts> = {}): Decision {
    return decide(query, this.#directory, { ...this.#facts(answers), ...over });
  }

  #facts(enumAnswers: EnumAnswers): RoutingFacts {
    const { reactor, registered, unavailable, standing, callsNow, spent, wan } = this.#parts;
    return {
      at: reactor.clock.wall(),
      registered: registered(),
      unavailable: unavailable(),
      cursors: this.#cursors,
      standing: standing(),
      callsNow: callsNow(),
      spent: spent(),
      wan: wan(),
      ...(this.#parts.elins === undefined ? {} : { elins: this.#parts.elins() }),
      enumAnswers,
    };
  }

  /**
   * Asks what the decision wants to know; `done` comes once, with an answer to everything and those that were `known` already, at
   * the latest after `within`. Each of several diversions may have a question of its own.
   */
  ask(
    { asks, within }: Extract<Decision, { type: 'ask' }>,
    done: (answers: EnumAnswers) => void,
    known: EnumAnswers = NO_ANSWERS,
  ): void {
    const { reactor } = this.#parts;
    const late: EnumAnswer = { type: 'nothing', why: 'the DNS did not answer in time' };
    const answers = new Map<string, EnumAnswer>();
    let settled = false;
    const settle = (): void => {
      if (settled) return;
      settled = true;
      reactor.forget(patience);
      done(new Map([...known, ...asks.map(({ domain }) => [domain, answers.get(domain) ?? late] as const)]));
    };
    const latest = after(reactor.clock.now(), within);
    const patience: Wakeable = {
      get deadline() {
        return settled ? undefined : latest;
      },
      wake: settle,
    };
    reactor.watch(patience);
    for (const ask of asks) {
      void this.#lookUp(ask).then((answer) => {
        answers.set(ask.domain, answer);
        if (answers.size === asks.length) reactor.run(settle);
      });
    }
  }

  async #lookUp({ domain, number }: Ask): Promise<EnumAnswer> {
    const { naptr, compile } = this.#parts;
    const records = await naptr(domain).catch(() => undefined);
    if (records?.ok !== true) return { type: 'nothing', why: 'the DNS could not be asked' };
    return enumAnswer(records.value, number, compile);
  }

  /** The decision is being followed: its cursors move, and are remembered. */
  follow(decision: Decision): void {
    for (const effect of decision.effects) {
      if (effect.type !== 'move-cursor') continue;
      this.#cursors.set(effect.route, effect.to);
      this.#parts.persist({ type: 'cursor', name: effect.route, value: effect.to });
    }
  }

  /** As a live call is decided, with other facts where `over` says so, and without a trace in the cursors. */
  rehearse(query: RoutingQuery, over: Partial<RoutingFacts>): Promise<Decision> {
    const settle = (answers: EnumAnswers, resolve: (decision: Decision) => void): void => {
      const decision = this.decide(query, answers, over);
      if (decision.type !== 'ask') resolve(decision);
      else this.ask(decision, (more) => settle(more, resolve), answers);
    };
    return new Promise((resolve) => settle(NO_ANSWERS, resolve));
  }
}
