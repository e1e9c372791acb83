import { type Millis, ms } from '../../kernel/time.ts';
import type { Flow, Target } from '../message/flow.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/message.ts';

/** RFC 3261 §17.1.1.1 and Table 4. */
export interface Timing {
  readonly t1: Millis;
  readonly t2: Millis;
  readonly t4: Millis;
  /** How long an INVITE waits for its user before a 100 is sent for it (§17.2.1). */
  readonly trying: Millis;
}

export const RFC3261_TIMING: Timing = { t1: ms(500), t2: ms(4000), t4: ms(5000), trying: ms(200) };

/**
 * Who answers a request. A 2xx of `uas` is sent again until it is ACKed; a proxy's is not, its UAS does that. `refuser`: of a sender that
 * nobody has proven, who must not have us send more to an address than he has sent from it (RFC 3261 §26.3.2.4).
 */
export type Answerer = 'uas' | 'proxy' | 'refuser';

/** A request on its way out. `id` is the sender's own name for it, unique in the layer while the transaction lives. */
export interface Sending {
  readonly id: string;
  /** Without our Via: the layer puts it on, since each target tried needs its own branch (RFC 3263 §4.3). */
  readonly request: SipRequest;
  /** In the order in which to try them. */
  readonly targets: readonly (Flow | Target)[];
  /** The branch for the first target, where a proxy computes it for loop detection (§16.6); else it is random. */
  readonly branch?: string;
  /** How long one target may be silent before the next is tried; 64·T1 when not given. */
  readonly patience?: Millis;
}

/** What the layer answers. `transaction` is `Sending.id` for what we sent, and a name of the layer's for what we received. */
export type TransactionEffect =
  | { readonly type: 'transmit'; readonly message: SipMessage; readonly to: Flow | Target }
  /** A new request; `merged` when it came a second time over another path (§8.2.2.2), which a UAS answers with 482. */
  | {
      readonly type: 'request';
      readonly transaction: string;
      readonly request: SipRequest;
      readonly flow: Flow;
      readonly merged: boolean;
    }
  /** The ACK of a 2xx; undefined where no transaction here sent that 2xx. */
  | {
      readonly type: 'ack';
      readonly transaction: string | undefined;
      readonly request: SipRequest;
      readonly flow: Flow;
    }
  /** The INVITE `transaction` was cancelled before its final response; the CANCEL itself has been answered. */
  | { readonly type: 'cancelled'; readonly transaction: string; readonly request: SipRequest }
  | { readonly type: 'response'; readonly transaction: string; readonly response: SipResponse; readonly flow: Flow }
  /** A 2xx to an INVITE that nobody waits for any more (`request` as it was sent): ACK it and end its session with BYE. */
  | { readonly type: 'orphan'; readonly request: SipRequest; readonly response: SipResponse; readonly flow: Flow }
  /** We sent it and nobody answered in time (to be treated as 408, §8.1.3.1); or nobody ACKed our 2xx in 64·T1. */
  | { readonly type: 'timeout'; readonly transaction: string }
  /** It could not be sent (to be treated as 503, §8.1.3.1). */
  | { readonly type: 'failed'; readonly transaction: string; readonly why: string }
  /** The layer has forgotten it. */
  | { readonly type: 'ended'; readonly transaction: string };
