/** What the router answers: a value that is logged once, shown by explain and replayed by tests. */
import type { Cause } from '../call/cause.ts';
import type { CallerNumber, PartyNumber } from '../call/number.ts';
import type { Hunting } from './directory-file.ts';

/** One place to try. The gateway tries hops in order; the number is as it must go out. */
export type Hop =
  /** All registered contacts of a user, in parallel. The caller is as the user is to see it. */
  | {
      readonly type: 'user';
      readonly user: string;
      readonly aor: string;
      readonly caller: CallerNumber | undefined;
    }
  | {
      readonly type: 'span-group';
      readonly id: string;
      readonly spans: readonly string[];
      readonly hunting: Hunting;
      readonly called: PartyNumber;
      readonly caller: CallerNumber | undefined;
    }
  | {
      readonly type: 'sip-trunk';
      readonly id: string;
      readonly called: PartyNumber;
      readonly caller: CallerNumber | undefined;
    };

/** Stable names of refusals, used in logs, metrics, the console and the documentation alike. */
export type RefusalId =
  | 'source-unknown'
  | 'number-empty'
  | 'no-location-profile'
  | 'no-rule-matches'
  | 'no-such-user'
  | 'number-not-ours'
  | 'no-common-usage'
  | 'no-route'
  | 'user-not-registered'
  | 'no-gateway-available';

export interface Refusal {
  readonly id: RefusalId;
  readonly status: number;
  readonly cause: Cause;
  /** For people: what was looked for and not found. */
  readonly why: string;
}

/** The steps of the resolver, in order. */
export type StageName =
  | 'source'
  | 'emergency'
  | 'user-or-e164'
  | 'extension'
  | 'profile'
  | 'did'
  | 'reverse-lookup'
  | 'authorise'
  | 'route';

/** What one step did: its name, and a sentence for people. */
export interface Stage {
  readonly name: StageName;
  readonly says: string;
}

/** What the gateway must note when it follows the decision. */
export type DecisionEffect = { readonly type: 'move-cursor'; readonly route: string; readonly to: number };

interface Common {
  readonly emergency: boolean;
  readonly stages: readonly Stage[];
  readonly directoryRevision: string;
  readonly effects: readonly DecisionEffect[];
}

export type Decision =
  | (Common & { readonly type: 'hops'; readonly hops: readonly Hop[] })
  | (Common & { readonly type: 'refusal'; readonly refusal: Refusal })
  /** Overlap: nothing matches yet, and more digits may come. */
  | (Common & { readonly type: 'collect' });
