import type { Instant } from '../kernel/time.ts';
import type { LegMediaCommand, LegMediaEvent } from './media.ts';
import type { Signal } from './signal.ts';

/**
 * What a leg answers to anything: signals for the call, messages for its protocol's wire, commands for its media endpoint.
 * `say release` comes once; `gone` comes once and last, after the wire has nothing more to say about this leg.
 * `branch` tells the early dialogs of one attempt apart (SIP forks); legs that can't fork leave it out.
 */
export type LegEffect<Out> =
  | { readonly type: 'say'; readonly signal: Signal; readonly branch?: string }
  | { readonly type: 'wire'; readonly message: Out }
  | { readonly type: 'media'; readonly command: LegMediaCommand }
  | { readonly type: 'gone' };

/** One side of a call: it translates a protocol (`In` heard, `Out` sent) to signals, and absorbs glare and late events. */
export interface CallLeg<In, Out> {
  readonly deadline: Instant | undefined;
  /** The call speaks to the far party. */
  tell(signal: Signal, now: Instant): readonly LegEffect<Out>[];
  /** The protocol's machine has heard something for this leg. */
  hear(wire: In, now: Instant): readonly LegEffect<Out>[];
  /** The media plane answers for this leg's endpoint. */
  media(event: LegMediaEvent, now: Instant): readonly LegEffect<Out>[];
  wake(now: Instant): readonly LegEffect<Out>[];
}
