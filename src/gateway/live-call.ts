import { Call } from '../call/call.ts';
import type { Caller, CallLimits, ReleasedBy } from '../call/call-words.ts';
import type { BChannel, StreamStats } from '../call/media.ts';
import type { Release } from '../call/signal.ts';
import type { Instant, WallTime } from '../kernel/time.ts';
import type { Decision } from '../routing/decision.ts';
import type { Payer, Source } from '../routing/query.ts';
import type { LegHandle } from './bound-leg.ts';
import type { DialHop } from './dial-hop.ts';
import type { Party } from './party.ts';

/** Why the box ends a call that is talked in. */
export type CutOff = 'duration' | 'silence' | 'quota';

/** A call in progress with all that its record will need. The call's own state is in `call`; this is what surrounds it. */
export interface LiveCall {
  readonly id: string;
  /** What the calls that a transfer has joined have in common: the id of the first. */
  linkedId: string;
  readonly call: Call;
  /** The leg that it began with. */
  readonly caller: string;
  readonly source: Source;
  /** The address that the request came from, on SIP. */
  readonly address: string | undefined;
  readonly started: WallTime;
  answered: WallTime | undefined;
  /** As `answered`, by the clock that does not step. */
  talkingSince?: Instant;
  ended: WallTime | undefined;
  decision: Decision | undefined;
  /** A call of the box's own: where it goes, and which user is told of an emergency by it. */
  notice?: Notice;
  /** The revision of the directory that it began with, and keeps. */
  revision: string | undefined;
  /** The user whose quota pays for it, once it was answered from outside. */
  spender: string | undefined;
  /** What was used up when the box ended it: its quota, the patience with a silent party. */
  cutOff?: CutOff;
  /** Once its row is in the store: changes are worth writing. */
  stored: boolean;
  readonly hops: Map<string, DialHop>;
  readonly tried: string[];
  readonly legs: Map<string, LegHandle>;
  /** The hop of each leg that we made, and whether anything has been heard on it. */
  readonly dialled: Map<string, { readonly hop: DialHop; readonly heard: boolean }>;
  /** The last stage of its way that it has reached. */
  stage: string | undefined;
  /** Who is at the other end of each leg, for people. */
  readonly with: Map<string, string>;
  /** As `with`, once it is known. */
  readonly parties: Map<string, Party>;
  /** Whose policy counts instead of the caller's: who has transferred him here. */
  payer?: Payer;
  /** How often its parties have been transferred. */
  transfers: number;
  /** Legs that are to take another's place, and that other, until their offer is heard. */
  readonly instead: Map<string, string>;
  replacements: number;
  /** Of a call for somebody who is transferred, while the target is tried: where he comes from. */
  lent?: Lent | undefined;
  /** Who is called when the target of a transfer is not reached and the transferor has hung up. */
  recall?: Party | undefined;
  /** Media endpoints that have been opened and not yet reported closed. */
  readonly endpoints: Set<string>;
  readonly channels: Map<string, BChannel>;
  /** Channels that a transferred party has taken along. */
  readonly formerly: Map<string, BChannel>;
  readonly sipCallIds: Set<string>;
  readonly stats: Map<string, StreamStats>;
  release: { readonly signal: Release; readonly by: ReleasedBy } | undefined;
  /** All legs are gone; only the streams' figures are awaited, at most until then. */
  settleBy: Instant | undefined;
}

/** A user is told of an emergency call by a call to him. */
export interface Notice {
  readonly user: string;
  readonly decision: Extract<Decision, { readonly type: 'hops' }>;
}

/** A party of a call that another one has for the time being. */
export interface Lent {
  readonly live: LiveCall;
  /** The leg of who transfers, and that of who is transferred. */
  readonly by: string;
  readonly of: string;
}

/** A call of which nothing has been heard yet. */
export function newLiveCall(
  id: string,
  caller: Caller,
  limits: CallLimits,
  from: Pick<LiveCall, 'source' | 'address' | 'started'>,
): LiveCall {
  return {
    ...from,
    id,
    linkedId: id,
    call: new Call(id, caller, limits),
    caller: caller.leg,
    answered: undefined,
    ended: undefined,
    decision: undefined,
    revision: undefined,
    spender: undefined,
    stored: false,
    hops: new Map(),
    tried: [],
    legs: new Map(),
    stage: undefined,
    dialled: new Map(),
    with: new Map([[caller.leg, sourceName(from.source)]]),
    parties: new Map(),
    transfers: 0,
    instead: new Map(),
    replacements: 0,
    endpoints: new Set(),
    channels: new Map(),
    formerly: new Map(),
    sipCallIds: new Set(),
    stats: new Map(),
    release: undefined,
    settleBy: undefined,
  };
}

/** For the log and the status page. */
export const sourceName = (source: Source): string =>
  source.type === 'unknown' ? source.type : `${source.type} ${source.id}`;
