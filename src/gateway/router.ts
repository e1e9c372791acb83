import { decide } from '../routing/decide.ts';
import type { Decision } from '../routing/decision.ts';
import type { Directory } from '../routing/directory.ts';
import type { RoutingQuery } from '../routing/query.ts';
import type { Binding } from '../sip/registrar/binding.ts';
import type { StoreOp } from '../store/words.ts';

export interface RouterParts {
  readonly directory: Directory;
  readonly cursors: ReadonlyMap<string, number>;
  /** Live bindings of an address of record. */
  readonly contactsOf: (aor: string) => readonly Binding[];
  /** Addresses of record with at least one live binding. */
  readonly registered: () => ReadonlySet<string>;
  /** Span groups and SIP trunks that can take no call now. */
  readonly unavailable: () => ReadonlySet<string>;
  readonly persist: (op: StoreOp) => void;
}

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

  contactsOf(aor: string): readonly Binding[] {
    return this.#parts.contactsOf(aor);
  }

  decide(query: RoutingQuery): Decision {
    return decide(query, this.#directory, {
      registered: this.#parts.registered(),
      unavailable: this.#parts.unavailable(),
      cursors: this.#cursors,
    });
  }

  /** The decision is being followed: its cursors move, and are remembered. */
  follow(decision: Decision): void {
    for (const effect of decision.effects) {
      this.#cursors.set(effect.route, effect.to);
      this.#parts.persist({ type: 'cursor', name: effect.route, value: effect.to });
    }
  }
}
