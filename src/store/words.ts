/** What the store keeps, in the words of those who hand it over. `unknown` is plain JSON data that the store does not read. */
import type { Cause, Location } from '../call/cause.ts';
import type { BChannel } from '../call/media.ts';
import type { Millis, WallTime } from '../kernel/time.ts';

/** One contact of an address of record, RFC 3261 §10. */
export interface Binding {
  /** The address of record, canonical. */
  readonly aor: string;
  /** What tells bindings of one address apart: the contact URI, or instance and reg-id (RFC 5626 §6). The registrar makes it. */
  readonly key: string;
  readonly contact: string;
  /** The Path values of the REGISTER, in order (RFC 3327). */
  readonly path: readonly string[];
  /** `+sip.instance`, as heard. */
  readonly instance: string | undefined;
  readonly regId: number | undefined;
  readonly callId: string;
  readonly cseq: number;
  /** 0–1. */
  readonly q: number;
  readonly userAgent: string | undefined;
  /** Where the REGISTER came from. */
  readonly flow: unknown;
  /** When it lapses, for readers and for another boot. */
  readonly expires: WallTime;
  /** How long it is valid from now: what counts within one boot. 0 when found expired. */
  readonly left: Millis;
}

/** What is known of a call while it lives; written from the offer on. */
export interface LiveCall {
  readonly callId: string;
  /** Shared by calls that belong together (a transfer). */
  readonly linkedId: string;
  /** The call room's name of its state. */
  readonly state: string;
  readonly started: WallTime;
  readonly answered: WallTime | undefined;
  readonly from: string;
  readonly to: string;
  /** The user that the site charges; undefined for a caller of the network. */
  readonly user: string | undefined;
  /** The router's decision with its route. */
  readonly decision: unknown;
  /** The hops tried so far, in order. */
  readonly hops: readonly unknown[];
  readonly channels: readonly BChannel[];
  readonly sipCallIds: readonly string[];
  /** Of the directory that decided. */
  readonly revision: string | undefined;
  /** What a restart needs to say BYE: one record per SIP dialog. */
  readonly dialogs: readonly unknown[];
}

/** The parts of a live call that may change; what is left out stays. */
export type LiveCallChange = Partial<
  Pick<
    LiveCall,
    'linkedId' | 'state' | 'to' | 'decision' | 'hops' | 'channels' | 'sipCallIds' | 'revision' | 'dialogs'
  > & { readonly answered: WallTime; readonly user: string }
>;

/** Who ended a call; `crash`: found live in the store when it was opened. */
export type ReleasedBy = 'caller' | 'called' | 'gateway' | 'crash';

/** A call detail record: one per call, written once. */
export interface CallRecord extends Omit<LiveCall, 'state' | 'dialogs'> {
  readonly ended: WallTime;
  readonly cause: Cause;
  readonly location: Location;
  readonly releasedBy: ReleasedBy;
  /** Statistics of the call's streams. */
  readonly media: unknown;
}

/** A quarter hour of one end of a span's line. What is counted has names that the store does not read. */
export interface LineBin {
  readonly span: string;
  readonly end: 'near' | 'far';
  readonly start: WallTime;
  /** Seconds that were looked at. */
  readonly seconds: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly crossed: readonly string[];
}

/** A number of a place that is in use for an emergency call, until the answering point won't call it back any more. */
export interface StoredElin {
  readonly elin: string;
  readonly held: unknown;
  readonly phone: unknown;
  readonly expires: WallTime;
  /** How long it is held from now. */
  readonly left: Millis;
}

/** Something that has happened, for central. */
export interface OutboxEvent {
  /** Stable: `emergency.call`. */
  readonly id: string;
  readonly at: WallTime;
  readonly callId: string | undefined;
  /** What there is to say of it, by names that the store does not read. */
  readonly facts: Readonly<Record<string, string | number | boolean | undefined>>;
}

export type StoreOp =
  | { readonly type: 'bind'; readonly binding: Binding }
  | { readonly type: 'unbind'; readonly aor: string; readonly key: string }
  | { readonly type: 'call-open'; readonly call: LiveCall }
  | { readonly type: 'call-update'; readonly callId: string; readonly change: LiveCallChange }
  /** The record, its outbox row and the end of the live row, in one transaction. A second record of one call is ignored. */
  | { readonly type: 'call-close'; readonly record: CallRecord }
  /** As call-close, for a call of `start.calls`: the record is made from what its row says. */
  | {
      readonly type: 'call-recover';
      readonly callId: string;
      readonly ended: WallTime;
      readonly cause: Cause;
      readonly location: Location;
    }
  /** A number that must survive, such as where a round robin stands. */
  | { readonly type: 'cursor'; readonly name: string; readonly value: number }
  /** What a user has spent of his quota, in the place of what was stored before. */
  | { readonly type: 'spent'; readonly user: string; readonly spent: unknown }
  /** In the place of what was stored of this ELIN before. */
  | { readonly type: 'elin'; readonly elin: StoredElin }
  /** Something that central is told of: its outbox row, acknowledged like a call record's. */
  | { readonly type: 'event'; readonly event: OutboxEvent }
  /** Bins of a line, each in the place of what was stored of it before. */
  | { readonly type: 'line-bins'; readonly bins: readonly LineBin[] }
  /** Central has everything up to this sequence in its own database. */
  | { readonly type: 'ack'; readonly upTo: number };

/** What waits for central's acknowledgement. */
export interface OutboxRow {
  readonly sequence: number;
  /** JSON text: `{"type":"cdr", …CallRecord}` or `{"type":"event", …OutboxEvent}`. */
  readonly payload: string;
}

/** What the database held when it was opened. */
export interface StoreStart {
  /** Bindings that have not lapsed; `left` is as of the opening. */
  readonly bindings: readonly Binding[];
  /** Calls that a crash left: each must be told to both sides and closed by `call-recover`. */
  readonly calls: readonly LiveCall[];
  readonly cursors: ReadonlyMap<string, number>;
  /** By user. */
  readonly spent: ReadonlyMap<string, unknown>;
  /** Those still in use, the one that lapses first first. */
  readonly elins: readonly StoredElin[];
  /** Of every span, the latest 200 of each end. */
  readonly lineBins: readonly LineBin[];
  /** The id of this file's outbox stream (a uuid). */
  readonly stream: string;
  /** Where a corrupt database was put; undefined as a rule. */
  readonly setAside: string | undefined;
}

/** Why the store can't be opened or has not taken an op. `what` is for the operator. */
export interface StoreProblem {
  readonly type: /** Another process has this store open. */
    | 'in-use'
    /** Written by a later release that this one can't follow. */
    | 'newer'
    /** The disk, or the limit set for the file, is full. */
    | 'full'
    /** Too many ops wait for the disk. */
    | 'busy'
    /** This op contradicts what is stored. */
    | 'refused'
    /** The disk or the file fails. */
    | 'failed'
    | 'closed';
  readonly what: string;
}

/** For metrics and health. */
export interface StoreStats {
  /** Ops that wait for their commit. */
  readonly waiting: number;
  readonly committed: number;
  readonly failed: number;
  /** Transactions: `committed / commits` is the size of a group. */
  readonly commits: number;
  /** The longest commit so far, in milliseconds. */
  readonly slowest: number;
  /** Undefined while the last commit went well. */
  readonly trouble: StoreProblem | undefined;
}
