import type { CodecName } from '../call/media.ts';
import type { SipRequest, SipResponse } from '../sip/message/message.ts';

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
  | { readonly type: 'cancel'; readonly transaction: string; readonly headers: readonly (readonly [string, string])[] }
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
  /** For a trunk that challenges us. */
  readonly credentials: SipCredentials | undefined;
}

export interface SipCredentials {
  readonly username: string;
  readonly password: string;
}
