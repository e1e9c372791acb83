import { CAUSE } from '../call/cause.ts';
import type { LegMediaEvent } from '../call/media.ts';
import { after, type Instant, seconds } from '../kernel/time.ts';
import type { CallPath } from './call-path.ts';

/**
 * Cut-off by silence: who was to be heard on a leg and was not for `silenceSeconds` of the conversation is gone, and so is the call.
 * Before the answer nobody needs to be heard; whoever holds, or only listens, is not waited for by the media plane.
 */
export function cutOff(
  path: CallPath,
  leg: string,
  event: LegMediaEvent,
  { silenceSeconds: longest }: { readonly silenceSeconds: number },
  now: Instant,
): void {
  if (event.type !== 'silent' || event.seconds < longest) return;
  const live = path.callOf(leg);
  if (live?.talkingSince === undefined || now < after(live.talkingSince, seconds(longest))) return;
  path.cutOff(live.id, 'silence', CAUSE.timerExpiry);
}
