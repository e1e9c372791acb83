/**
 * The one vocabulary of a leg and the call, spoken both ways: SETUP and INVITE are both *offer*, CONNECT and 200 are both
 * *answer*, every ending is *release*, said once.
 */

import type { Cause, Location } from './cause.ts';
import type { CivicAddress } from './civic.ts';
import type { CodecName, Digit } from './media.ts';
import type { CallerName, CallerNumber, PartyNumber, Redirecting } from './number.ts';

/** What was heard on the wire, kept so that a leg of the same protocol can repeat it and nothing is lost in a tandem. */
export type Origin =
  | {
      readonly protocol: 'sip';
      /** The status of a response; undefined for a request. */
      readonly status: number | undefined;
      readonly reason: string | undefined;
      readonly headers: readonly (readonly [name: string, value: string])[];
    }
  | {
      readonly protocol: 'q931';
      /** Elements that nothing here consumed, codeset and identifier first, contents as heard. */
      readonly elements: readonly { readonly codeset: number; readonly id: number; readonly contents: Uint8Array }[];
    };

/** What the circuit must carry. Q.931 §4.5.5. */
export interface Bearer {
  readonly capability: 'speech' | 'audio-3k1' | 'unrestricted' | 'restricted' | 'video';
  /** User information layer 1, where given. */
  readonly law: 'ulaw' | 'alaw' | undefined;
}

export interface Offer {
  readonly type: 'offer';
  readonly called: PartyNumber;
  /** False while more digits may come (overlap). */
  readonly complete: boolean;
  readonly caller: CallerNumber | undefined;
  readonly callerName: CallerName | undefined;
  /** The latest diversion first. */
  readonly redirecting: readonly Redirecting[];
  readonly bearer: Bearer;
  /** Codecs in the order in which the caller wants them; empty where it named none (a delayed offer, a T1). */
  readonly codecs: readonly CodecName[];
  /** On SIP: the Request-URI and From as heard, and the user whose digest was proven. */
  readonly uri:
    | {
        readonly request: string;
        readonly from: string;
        readonly user: string | undefined;
        /** P-Access-Network-Info as heard (RFC 7315 §5.4); it goes no further than here. */
        readonly access?: string | undefined;
      }
    | undefined;
  readonly origin: Origin | undefined;
  /** The call at the target whose place this one is to take, by the name that the target's protocol has for it (RFC 3891). */
  readonly replaces?: string;
  /** Where an emergency's caller is, for a way out that can say it. */
  readonly place?: CivicAddress;
}

/** Who the far party turned out to be. */
export interface ConnectedParty {
  readonly number: CallerNumber | undefined;
  readonly name: CallerName | undefined;
}

export interface Release {
  readonly type: 'release';
  readonly cause: Cause;
  readonly location: Location;
  readonly origin: Origin | undefined;
}

/** A party wants the other one to talk to somebody else instead of him (RFC 5589). */
export interface Transfer {
  readonly type: 'transfer';
  /** The URI of who is to be called. */
  readonly target: string;
  /** Its number, as far as it has one. */
  readonly called: PartyNumber;
  /** The call whose other party it is: in attended transfer, by the name that the transferor's protocol has for it. */
  readonly replaces: string | undefined;
}

export type Signal =
  | Offer
  | { readonly type: 'proceed' }
  | { readonly type: 'need-digits' }
  | { readonly type: 'digits'; readonly digits: string; readonly complete: boolean }
  | { readonly type: 'progress'; readonly inBand: boolean; readonly cause: Cause | undefined }
  | { readonly type: 'alert'; readonly inBand: boolean }
  | { readonly type: 'answer'; readonly connected: ConnectedParty; readonly origin: Origin | undefined }
  | { readonly type: 'confirm' }
  | { readonly type: 'tone'; readonly digit: Digit; readonly duration: number }
  | { readonly type: 'update'; readonly codecs: readonly CodecName[] }
  | { readonly type: 'accepted'; readonly codecs: readonly CodecName[] }
  | { readonly type: 'refused'; readonly status: number }
  | { readonly type: 'identity'; readonly connected: ConnectedParty }
  | Transfer
  /** Told to who transfers: the target rings. */
  | { readonly type: 'transferring' }
  /** Told to who transfers: it is done, or why it is not. */
  | { readonly type: 'transferred'; readonly failure: Release | undefined }
  | { readonly type: 'redirect'; readonly targets: readonly string[]; readonly origin: Origin | undefined }
  | { readonly type: 'hold' }
  | { readonly type: 'resume' }
  | { readonly type: 'notify'; readonly what: 'user-suspended' | 'user-resumed' | 'remote-hold' | 'remote-retrieval' }
  | Release;
