/** The media words of every leg. A leg owns one media *endpoint*; the call joins endpoints; samples stay in the worker. */

/** A B-channel: an interface (the span's id) and a timeslot on it, counted from 1 (T1 1–24, E1 1–31). */
export interface BChannel {
  readonly span: string;
  readonly slot: number;
}

export type Law = 'ulaw' | 'alaw';
export type CodecName = 'PCMU' | 'PCMA';

/** Seen from us: `sendrecv` is both ways, `recvonly` means we send nothing. RFC 3264 §5.1. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** Where an RTP stream goes and what it carries, once offer and answer have agreed. */
export interface RtpTarget {
  readonly address: string;
  readonly port: number;
  /** Undefined: port + 1 (RFC 3550 §11); equal to `port` where rtcp-mux was agreed (RFC 5761). */
  readonly rtcpPort: number | undefined;
  readonly codec: CodecName;
  readonly payloadType: number;
  /** The payload type of telephone-event (RFC 4733); undefined where the peer doesn't take it. */
  readonly telephoneEvent: number | undefined;
  /** The payload types of what the peer sends, where they are not those of what we send: each side goes by the other's (RFC 3264 §5.1). */
  readonly heardAs?: { readonly payloadType: number; readonly telephoneEvent: number | undefined };
  readonly direction: Direction;
  /** Milliseconds of audio in a packet that we send: a multiple of 20. */
  readonly packetTime: number;
}

/** Call-progress tones of the North American plan (T1.401), and what tests need. */
export type ToneName = 'dial' | 'ringback' | 'busy' | 'reorder' | 'confirmation' | 'milliwatt' | 'silence';

/** `0–9 * # A–D`. */
export type Digit = string;

/** What a leg asks of the media plane for its own endpoint. Opening is answered by a LegMediaEvent `ready` or `failed`. */
export type LegMediaCommand =
  | { readonly type: 'open-rtp' }
  | { readonly type: 'open-tdm'; readonly channel: BChannel; readonly law: Law }
  /** A recording instead of a far party, so many times; at its end the leg hears `played`. */
  | { readonly type: 'open-recording'; readonly recording: string; readonly times: number }
  | { readonly type: 'aim'; readonly target: RtpTarget }
  | { readonly type: 'send-digit'; readonly digit: Digit; readonly duration: number }
  | { readonly type: 'close' };

/** What the media plane tells a leg about its endpoint. */
export type LegMediaEvent =
  | { readonly type: 'ready'; readonly address: string; readonly port: number }
  | { readonly type: 'failed'; readonly why: string }
  /** Heard from the far party; the plane has passed it on to the joined endpoint by itself. Milliseconds. */
  | { readonly type: 'digit'; readonly digit: Digit; readonly duration: number }
  | { readonly type: 'silent'; readonly seconds: number }
  | { readonly type: 'played' };

/** What a call asks of the media plane about two legs' endpoints. A tone is played toward the leg's far party. */
export type CallMediaCommand =
  | { readonly type: 'join'; readonly a: string; readonly b: string }
  | { readonly type: 'part'; readonly a: string; readonly b: string }
  | { readonly type: 'play'; readonly leg: string; readonly tone: ToneName }
  | { readonly type: 'hush'; readonly leg: string };

/** What a stream did, taken when it closes and on demand. Times in milliseconds. */
export interface StreamStats {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly late: number;
  readonly concealed: number;
  readonly jitter: number;
  readonly roundTrip: number | undefined;
  /** Slips between the span's clock and the packet clock: blocks dropped plus blocks repeated. */
  readonly slips: number;
}
