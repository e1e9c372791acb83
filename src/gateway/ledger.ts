import { type Spent, spend } from '../routing/permissions.ts';
import type { StoreOp } from '../store/words.ts';
import { type DialHop, isGateway } from './dial-hop.ts';
import type { LiveCall } from './live-call.ts';
import type { QuotaWatch } from './quota-watch.ts';

export interface LedgerParts {
  /** As the store held it at the start. */
  readonly start: ReadonlyMap<string, Spent>;
  readonly persist: (op: StoreOp) => void;
  /** `2026-11-21`, by the site's clock. */
  readonly today: () => string;
  readonly watch: Pick<QuotaWatch, 'answered' | 'ended'>;
}

/**
 * What users have spent of their quotas. A call counts when it is answered and its seconds when it ends, so that a crash loses the
 * seconds of the calls that were up, and never counts any twice.
 */
export class Ledger {
  readonly #parts: LedgerParts;
  readonly #spent: Map<string, Spent>;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
    this.#spent = new Map(parts.start);
  }

  get spent(): ReadonlyMap<string, Spent> {
    return this.#spent;
  }

  /** The call was answered over this hop: one that leaves the enterprise is on somebody's account, unless it is an emergency. */
  answered(live: LiveCall, hop: DialHop | undefined): void {
    if (hop === undefined || !isGateway(hop) || live.decision?.emergency !== false) return;
    // Who diverted it to here after ringing pays for this hop, though the call began as another's.
    live.spender = hop.charged ?? live.decision.charged;
    if (live.spender === undefined) return;
    this.#add(live.spender, 1, 0);
    this.#parts.watch.answered(live.id, live.spender);
  }

  ended({ id, spender }: LiveCall, seconds: number): void {
    if (spender === undefined) return;
    this.#add(spender, 0, seconds);
    this.#parts.watch.ended(id);
  }

  #add(user: string, calls: number, seconds: number): void {
    const spent = spend(this.#spent.get(user), this.#parts.today(), calls, seconds);
    this.#spent.set(user, spent);
    this.#parts.persist({ type: 'spent', user, spent });
  }
}
