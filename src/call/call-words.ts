/** What a call is told, what it answers, and what it is made with. */
import { type Millis, seconds } from '../kernel/time.ts';
import type { Cause } from './cause.ts';
import type { CallMediaCommand } from './media.ts';
import type { Offer, Release, Signal, Transfer } from './signal.ts';

/** Hops that ring together; the next step is tried when all of them have failed for reasons of their own. */
export interface Step {
  /** Names that the gateway gave; the call only hands them back in `dial`. */
  readonly hops: readonly string[];
  /** How long they may ring before `after` takes over; undefined: as long as any call may. */
  readonly ring?: Millis;
  /** What comes next, before the rest of the steps, when this one has ended so: a diversion, a ring list. */
  readonly after?: { readonly [E in Ending]?: readonly Step[] };
}

/** How a step ended; `any`: in whatever way, where none of the others says better. */
export type Ending = 'busy' | 'noAnswer' | 'any';

export type CallEvent =
  | { readonly type: 'heard'; readonly leg: string; readonly signal: Signal; readonly branch?: string }
  | { readonly type: 'gone'; readonly leg: string }
  | { readonly type: 'decided'; readonly steps: readonly Step[] }
  /** The digits so far lead nowhere yet, but more may come. */
  | { readonly type: 'collect' }
  | { readonly type: 'refused'; readonly release: Release }
  /** The box itself ends the call: cut-off, an operator, a fault of ours. */
  | { readonly type: 'end'; readonly cause: Cause }
  /** One of the two who talk is lent to another call, which tries to reach somebody else for him. */
  | { readonly type: 'lend'; readonly leg: string }
  /** Nobody was reached: he is back. */
  | { readonly type: 'returned'; readonly leg: string }
  /** He will not come back: who is left here is released. */
  | { readonly type: 'parted'; readonly leg: string; readonly release: Release; readonly by: ReleasedBy }
  /** `by` takes the place of `leg`, which is released (RFC 3891). A no-op where `standing` says that the leg has none. */
  | { readonly type: 'replace'; readonly leg: string; readonly by: string };

/** Who ended a call. */
export type ReleasedBy = 'caller' | 'called' | 'us';

export type CallEffect =
  | { readonly type: 'decide'; readonly offer: Offer }
  | { readonly type: 'dial'; readonly leg: string; readonly hop: string; readonly offer: Offer }
  | { readonly type: 'tell'; readonly leg: string; readonly signal: Signal }
  | { readonly type: 'media'; readonly command: CallMediaCommand }
  /** The caller hears progress, somebody answered, or the call has ended: once each. */
  | { readonly type: 'progressed'; readonly leg: string; readonly inBand: boolean }
  | { readonly type: 'answered'; readonly leg: string }
  | { readonly type: 'released'; readonly release: Release; readonly by: ReleasedBy }
  /** `by` wants the other one, `of`, to talk to somebody else. */
  | { readonly type: 'transfer'; readonly by: string; readonly of: string; readonly wanted: Transfer }
  /** Nobody was reached for a caller who talked already: he is not this call's any more. */
  | { readonly type: 'given-back'; readonly leg: string; readonly release: Release }
  /** No leg is left; nothing follows. */
  | { readonly type: 'over' };

export interface CallLimits {
  /** T302, Q.931 §9.6: how long the caller may pause between digits. */
  readonly digitPause: Millis;
  /** T301, Q.931 §9.6: how long we let the called side ring. */
  readonly ring: Millis;
  /** Cut-off of an answered call; undefined: none. */
  readonly duration: Millis | undefined;
}

export const DEFAULT_LIMITS: CallLimits = { digitPause: seconds(15), ring: seconds(180), duration: undefined };

/** The A-leg: its id, and whether its party hears our tones (a T1) or makes its own ring-back (a SIP phone). */
export interface Caller {
  readonly leg: string;
  readonly tones: 'ours' | 'its own';
  /** It talks already and was brought here by a transfer: it hears no words of a set-up any more, and is not ended by its failure. */
  readonly inCall?: boolean;
}
