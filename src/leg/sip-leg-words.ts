import type { CodecName } from '../call/media.ts';
import type { Random } from '../kernel/random.ts';
import type { Dialog } from '../sip/dialog/dialog.ts';
import type { DigestClient } from '../sip/digest/client.ts';
import type { HeaderPairs, SipRequest, SipResponse } from '../sip/message/message.ts';
import type { CauseOverrides } from './cause-table.ts';

/** What a SIP leg hears from its transactions. */
export type SipIn =
  /** The INVITE that makes the leg, and every request of its dialogs after it. */
  | { readonly type: 'request'; readonly transaction: string; readonly request: SipRequest; readonly user?: string }
  /** The ACK of our 2xx. */
  | { readonly type: 'ack'; readonly request: SipRequest }
  /** The INVITE `transaction` was cancelled; the CANCEL has been answered. */
  | { readonly type: 'cancelled'; readonly transaction: string; readonly request: SipRequest }
  /** `transaction` is the id under which the leg sent the request. */
  | { readonly type: 'response'; readonly transaction: string; readonly response: SipResponse }
  | { readonly type: 'timeout'; readonly transaction: string }
  | { readonly type: 'failed'; readonly transaction: string; readonly why: string };

/** What a SIP leg asks of the gateway for its wire. */
export type SipOut =
  /** To be resolved from `nextHop` (RFC 3263) and sent as a transaction named `transaction`; the layer adds the Via. */
  | { readonly type: 'request'; readonly transaction: string; readonly request: SipRequest; readonly nextHop: string }
  | { readonly type: 'respond'; readonly transaction: string; readonly response: SipResponse }
  /** Cancel the INVITE sent as `transaction`, as soon as it may be (RFC 3261 §9.1). */
  | { readonly type: 'cancel'; readonly transaction: string; readonly headers: HeaderPairs }
  /** The ACK of a 2xx: a request without a transaction; the gateway adds a Via of its own branch. */
  | { readonly type: 'ack'; readonly request: SipRequest; readonly nextHop: string };

/** How our side speaks, the same for every leg of a listener or trunk. */
export interface SipSide {
  /** The host of From, To and P-Asserted-Identity URIs that we make. */
  readonly domain: string;
  /** Our Contact URI, where in-dialog requests are to come: `sip:192.0.2.1:5060`. */
  readonly contact: string;
  readonly userAgent: string;
  /** What we offer and take, best first. */
  readonly codecs: readonly CodecName[];
  /** Milliseconds of audio in a packet. */
  readonly packetTime: number;
  /** Reliable provisional responses (RFC 3262): asked for, or merely offered, or not spoken at all. */
  readonly reliable: 'required' | 'supported' | 'off';
  /** RFC 4028; undefined: we don't ask for session timers, yet take part where the peer does. Seconds. */
  readonly sessionTimer: { readonly expires: number; readonly min: number } | undefined;
  /** The peer stands inside our trust domain: identities are asserted to it and believed from it (RFC 3325 §7). */
  readonly trusted: boolean;
  /** How identities are asserted; an old peer knows Remote-Party-ID alone. Undefined: by P-Asserted-Identity. */
  readonly identity?: 'asserted' | 'remote-party-id';
  /** The site's own rows of the cause table. */
  readonly causes?: CauseOverrides;
}

/** Where an outgoing call goes. */
export interface SipDestination {
  /** The Request-URI; undefined: made of the called number and `domain`. */
  readonly uri: string | undefined;
  /** The host of the Request-URI and To that we make. */
  readonly domain: string;
  /** Route values to begin with: an outbound proxy, a binding's Path. */
  readonly routes: readonly string[];
}

/** What a leg is made with. */
export interface SipLegSetup {
  readonly id: string;
  readonly side: SipSide;
  readonly random: Random;
  /** For a trunk that challenges us. */
  readonly digest?: DigestClient | undefined;
  /** For a leg that calls out. */
  readonly destination?: SipDestination | undefined;
}

/** What a stored INVITE that we have not answered yet needs so that a restart can refuse it: JSON as it stands. */
export interface InviteRecord {
  readonly uri: string;
  /** What its response repeats (RFC 3261 §8.2.6.2), names and values. */
  readonly headers: HeaderPairs;
  /** The To tag of the responses that have been sent. */
  readonly toTag: string;
}

/** What a stored leg needs so that a restart can still end its call: JSON as it stands. */
export interface DialogRecord {
  readonly leg: string;
  readonly dialog: Dialog;
  readonly userAgent: string;
}
