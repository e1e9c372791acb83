import type { Machine } from '../../kernel/machine.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { Timing } from './words.ts';

/** What a client transaction works with: the request as it goes out, our Via on top. */
export interface ClientSetup {
  readonly request: SipRequest;
  /** The transport carries messages by itself (TCP, TLS), so nothing is sent twice. */
  readonly reliable: boolean;
  readonly timing: Timing;
}

export type ClientEvent =
  | { readonly type: 'start' }
  | { readonly type: 'response'; readonly response: SipResponse }
  | { readonly type: 'cancelled' }
  /** Nobody waits for it any more: it falls silent, and only listens for what may come late. */
  | { readonly type: 'give-up' }
  | { readonly type: 'transport-failed' };

export type ClientEffect =
  | { readonly type: 'send'; readonly message: SipRequest }
  | { readonly type: 'pass'; readonly response: SipResponse }
  | { readonly type: 'timeout' }
  | { readonly type: 'failed' }
  | { readonly type: 'end' };

export interface ClientMachine extends Machine<ClientEvent, ClientEffect> {
  /** What it still waits for: any response at all, the final one, or nothing. */
  readonly waiting: 'response' | 'final' | undefined;
}
