import type { Machine } from '../../kernel/machine.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { Answerer, Timing } from './words.ts';

/** What a server transaction works with: the request, `received` and `rport` in its top Via. */
export interface ServerSetup {
  readonly request: SipRequest;
  readonly reliable: boolean;
  readonly timing: Timing;
}

export type ServerEvent =
  | { readonly type: 'start' }
  | { readonly type: 'retransmission' }
  | { readonly type: 'respond'; readonly response: SipResponse; readonly by: Answerer }
  | { readonly type: 'ack'; readonly request: SipRequest }
  | { readonly type: 'transport-failed' };

export type ServerEffect =
  | { readonly type: 'send'; readonly message: SipResponse }
  /** The ACK of a 2xx. */
  | { readonly type: 'pass'; readonly request: SipRequest }
  | { readonly type: 'timeout' }
  | { readonly type: 'failed' }
  | { readonly type: 'end' };

export interface ServerMachine extends Machine<ServerEvent, ServerEffect> {
  /** The final response, once there is one. */
  readonly final: SipResponse | undefined;
}
