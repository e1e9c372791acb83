/** What the router answers: a value that is logged once, shown by explain and replayed by tests. */
import type { Cause } from '../call/cause.ts';
import type { CivicAddress } from '../call/civic.ts';
import type { CallerNumber, PartyNumber, Redirecting } from '../call/number.ts';
import type { Millis } from '../kernel/time.ts';
import type { DirectoryAnnouncement, Hunting } from './directory-file.ts';
import type { HeldElin } from './elin.ts';
import type { Stage } from './stage.ts';

/** One place to try. The gateway tries hops in order; the number is as it must go out. */
export type Hop = Place & Turn;

/** What makes a hop more than the next in a line. */
export interface Turn {
  /** Hops that ring with it. */
  readonly together?: readonly Hop[];
  /** How long it may ring before `after` says what follows. */
  readonly ring?: Millis;
  /** What follows such an ending of it, before the rest of the line. */
  readonly after?: {
    readonly busy?: readonly Hop[];
    readonly noAnswer?: readonly Hop[];
    readonly any?: readonly Hop[];
  };
  /** Who diverted the call to here, the latest first. */
  readonly diverted?: readonly Redirecting[];
  /** The user on whose account this hop is, where it is not the call's: who diverted to here. */
  readonly charged?: string;
}

type Place =
  /** All registered contacts of a user, in parallel. The caller is as the user is to see it. */
  | {
      readonly type: 'user';
      readonly user: string;
      readonly aor: string;
      /** Together with the very phone that called for help under this ELIN, registered or not. */
      readonly elin?: string;
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
      /** The whole Request-URI where ENUM has named it; else it is made of the number and the trunk's address. */
      readonly uri?: string;
      /** Where an emergency's caller is, on a trunk that takes it. */
      readonly place?: CivicAddress;
    }
  /** A recording is played to the caller, who is then released with this cause. */
  | ({ readonly type: 'announcement'; readonly caller: undefined } & DirectoryAnnouncement);

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
  | 'no-gateway-available'
  | 'user-blocked'
  | 'no-pstn-access'
  | 'number-barred'
  | 'too-many-calls'
  | 'quota-calls'
  | 'quota-minutes'
  | 'gateway-blocked'
  | 'anonymous-rejected'
  | 'caller-rejected'
  | 'caller-not-accepted'
  | 'outside-hours'
  | 'do-not-disturb'
  | 'diversion-loop'
  | 'diversion-not-allowed';

/** What the caller is told. What was looked for and not found is in the decision's last stage. */
export interface Refusal {
  readonly id: RefusalId;
  readonly status: number;
  readonly cause: Cause;
}

/** What the gateway must note when it follows the decision. */
export type DecisionEffect =
  | { readonly type: 'move-cursor'; readonly route: string; readonly to: number }
  /** From now on a call back to this ELIN is for this caller. */
  | { readonly type: 'hold-elin'; readonly hold: HeldElin }
  /** An emergency call is tried out. */
  | { readonly type: 'emergency-test' }
  /** The answering point calls this ELIN back. */
  | { readonly type: 'call-back'; readonly elin: string };

/** A question to the outside. Its answer goes into the facts under `domain`, and the decision is made again. */
export interface Ask {
  readonly type: 'enum';
  /** RFC 6116 §3.2: `4.3.2.1.5.5.5.4.1.2.1.e164.arpa`. */
  readonly domain: string;
  /** The E.164 number, which the NAPTR expressions are run over. */
  readonly number: string;
}

interface Common {
  readonly emergency: boolean;
  /** The user on whose account the call is: the caller, or who transfers or diverts. */
  readonly charged: string | undefined;
  readonly stages: readonly Stage[];
  readonly directoryRevision: string;
  readonly effects: readonly DecisionEffect[];
}

export type Decision =
  | (Common & { readonly type: 'hops'; readonly hops: readonly Hop[] })
  | (Common & { readonly type: 'refusal'; readonly refusal: Refusal })
  /** Overlap: nothing matches yet, and more digits may come. */
  | (Common & { readonly type: 'collect' })
  /** Asked all at once; what has no answer after `within` counts as answered with nothing. */
  | (Common & { readonly type: 'ask'; readonly asks: readonly Ask[]; readonly within: Millis });
