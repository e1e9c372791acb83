/**
 * The words between the Q.931 layer and its users: requests go down by call handle, indications come up. One handle is one
 * call at this interface from its `setup` to its `release`, which is indicated exactly once and is the last thing heard of it.
 */

import type { Element } from './element.ts';
import type { BearerCapability } from './ie/bearer.ts';
import type { CauseElement } from './ie/cause.ts';
import type { CauseLocation } from './ie/location.ts';
import type { CalledNumber, Diversion, PresentedName, PresentedNumber } from './ie/number.ts';
import type { Progress } from './ie/progress.ts';

/** Which end of the interface we are. */
export type Side = 'user' | 'network';

/** A call's name inside one group, never used again. Outgoing calls take theirs from `Q931Group.allot()`. */
export type CallHandle = number;

/** A B-channel of the group: the span's id and its timeslot, from 1. */
export interface Channel {
  readonly span: string;
  readonly slot: number;
}

/** Which B-channel an outgoing call asks for. `exclusive`: no other will do (Q.931 §5.1.2, §5.2.3.1). */
export type ChannelChoice =
  | { readonly type: 'one'; readonly channel: Channel; readonly exclusive: boolean }
  | {
      readonly type: 'any';
      readonly order: 'ascending' | 'descending' | 'round-robin';
      readonly exclusive: boolean;
      /** Only on this span. */
      readonly span?: string;
    };

/** What SETUP says of a call, both ways. */
export interface SetupWords {
  readonly bearer: BearerCapability;
  readonly called: CalledNumber;
  /** False while more digits may come (overlap sending, Q.931 §5.1.3). */
  readonly complete: boolean;
  readonly caller: PresentedNumber | undefined;
  readonly callerName: PresentedName | undefined;
  /** The latest diversion first. */
  readonly redirecting: readonly Diversion[];
  readonly progress: readonly Progress[];
  /** Elements that nothing above consumed, as heard: HLC, LLC, user-user, other codesets … */
  readonly elements: readonly Element[];
}

/** What a user asks of a call. A request that its state doesn't allow is ignored and counted as `late`. */
export type CallRequest =
  /** Without a free channel or a link the answer is `release` at once, with cause 34, 44 or 27. */
  | ({ readonly type: 'setup'; readonly channel: ChannelChoice } & SetupWords)
  | { readonly type: 'setup-acknowledge'; readonly progress?: readonly Progress[] }
  | { readonly type: 'information'; readonly digits: string; readonly complete: boolean }
  | { readonly type: 'proceeding'; readonly progress?: readonly Progress[] }
  | { readonly type: 'alerting'; readonly progress?: readonly Progress[]; readonly elements?: readonly Element[] }
  | { readonly type: 'progress'; readonly progress: readonly Progress[]; readonly cause?: CauseElement }
  | {
      readonly type: 'connect';
      readonly connected?: PresentedNumber | undefined;
      readonly connectedName?: PresentedName | undefined;
      readonly progress?: readonly Progress[];
      readonly elements?: readonly Element[];
    }
  | { readonly type: 'notify'; readonly indicator: NotificationCode }
  | { readonly type: 'identity'; readonly name: PresentedName }
  /** Clears the call by the message that its state asks for. With `progress` the network side keeps an announcement open (T306). */
  | {
      readonly type: 'release';
      readonly cause: number;
      readonly location?: CauseLocation;
      readonly diagnostics?: Uint8Array | undefined;
      readonly progress?: readonly Progress[];
      readonly elements?: readonly Element[];
    };

/** Q.931 §4.5.22 notification description; the values from 0x79 on are of Q.952/Q.953. */
export type NotificationCode = number;

/** What a user is told of a call. */
export type CallIndication =
  | ({ readonly type: 'setup'; readonly channel: Channel } & SetupWords)
  /** The B-channel is agreed: audio can be connected. Said once, before or with the first answer to SETUP; incoming: at once. */
  | { readonly type: 'channel'; readonly channel: Channel }
  | { readonly type: 'setup-acknowledge'; readonly progress: readonly Progress[] }
  /** `digits` may be empty with `complete` when T302 has run out: no more will come. */
  | { readonly type: 'information'; readonly digits: string; readonly complete: boolean }
  | { readonly type: 'proceeding'; readonly progress: readonly Progress[] }
  | { readonly type: 'alerting'; readonly progress: readonly Progress[]; readonly elements: readonly Element[] }
  | { readonly type: 'progress'; readonly progress: readonly Progress[]; readonly cause: CauseElement | undefined }
  | {
      readonly type: 'connect';
      readonly connected: PresentedNumber | undefined;
      readonly connectedName: PresentedName | undefined;
      readonly progress: readonly Progress[];
      readonly elements: readonly Element[];
    }
  /** The far end has taken our CONNECT. */
  | { readonly type: 'connected' }
  | { readonly type: 'notify'; readonly indicator: NotificationCode }
  /** A name that came after SETUP or CONNECT, in FACILITY or DISPLAY. */
  | { readonly type: 'identity'; readonly name: PresentedName }
  /** The far end invites us to clear (DISCONNECT); answer with `release`. With in-band `progress` there is something to hear first. */
  | {
      readonly type: 'disconnect';
      readonly cause: CauseElement;
      readonly progress: readonly Progress[];
      readonly elements: readonly Element[];
    }
  /** The call is over and its handle is dead. */
  | { readonly type: 'release'; readonly cause: CauseElement; readonly elements: readonly Element[] };

/** What a channel is doing. */
export type ChannelState = 'idle' | 'busy' | 'restarting' | 'out-of-service';

/** What must be known of a call to clear it after this process was killed: plain data, for the store. */
export interface CallRecord {
  readonly handle: CallHandle;
  readonly callRef: number;
  /** True where we sent SETUP. */
  readonly outgoing: boolean;
  readonly span: string | undefined;
  readonly slot: number | undefined;
  /** Call state value of Q.931 §4.5.7. */
  readonly state: number;
}

export type GroupEvent =
  /** DL-ESTABLISH, indication or confirm. Layer 2 keeps the link wanted by itself; nothing here asks for it. */
  | { readonly type: 'dl-established' }
  | { readonly type: 'dl-released' }
  /** One Q.931 message from layer 2, which begins at `at`. */
  | { readonly type: 'dl-data'; readonly data: Uint8Array; readonly at: number }
  | { readonly type: 'request'; readonly handle: CallHandle; readonly request: CallRequest }
  /** RESTART (Q.931 §5.5): these channels, or the whole group. Calls on them are cleared. */
  | { readonly type: 'restart'; readonly channels: readonly Channel[] | 'all' }
  /** SERVICE: takes a channel out of service or back (NI-2, 4ESS, 5ESS); elsewhere it only changes our own table. */
  | { readonly type: 'service'; readonly channel: Channel; readonly inService: boolean }
  /** A span's line has gone or is back while the D-channel, on another one, is up: no call begins on it meanwhile. */
  | { readonly type: 'line'; readonly span: string; readonly up: boolean }
  /** The D-channel is on this span from now on. */
  | { readonly type: 'home'; readonly span: string }
  /** Calls left by a process that died: they are cleared on the wire with cause 41 as soon as the link is up. */
  | { readonly type: 'adopt'; readonly records: readonly CallRecord[] };

export type GroupEffect =
  /** A message for layer 2. It begins at `at`, behind room for the head of its frame. */
  | { readonly type: 'dl-data'; readonly data: Uint8Array; readonly at: number }
  | { readonly type: 'call'; readonly handle: CallHandle; readonly indication: CallIndication }
  | { readonly type: 'channel'; readonly channel: Channel; readonly state: ChannelState }
  /** A RESTART that we asked for was acknowledged, or given up after T316 ran out twice. */
  | { readonly type: 'restarted'; readonly channels: readonly Channel[]; readonly acknowledged: boolean }
  /** Something was wrong with the peer or a request came too late: for the log and the counters. */
  | { readonly type: 'problem'; readonly id: ProblemId; readonly what: string };

/** Stable names for what can be wrong, for logs and counters. */
export type ProblemId =
  | 'discarded'
  | 'unknown-call'
  | 'unknown-message'
  | 'unexpected-message'
  | 'missing-element'
  | 'bad-element'
  | 'status'
  | 'timer'
  | 'late-request'
  | 'restart-failed'
  | 'release-failed'
  | 'limit';
