/** What each call timer's end does: Q.931 Tables 9-1 and 9-2. */
import { fromLatin1 } from '../../kernel/bytes.ts';
import { impossible } from '../../kernel/machine.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Call, Desk } from './call.ts';
import { abort, enquire, finish, release } from './clearing.ts';
import { causeOf } from './compose.ts';
import { CAUSES, type CauseElement } from './ie/cause.ts';
import type { CallTimer } from './variants.ts';

/** STATUS ENQUIRY is sent so often before the call is cleared (§5.8.10: a limit of the network's choice). */
const ENQUIRIES = 3;

export function expire(call: Call, desk: Desk, timer: CallTimer, now: Instant): void {
  desk.problem('timer', `${timer} ran out in state ${call.state}`);
  /** Cause 102 carries the timer's number in its diagnostics (Q.850 §2.2.7). */
  const timedOut = (): CauseElement => ({
    cause: CAUSES.timerExpiry,
    location: desk.ownLocation,
    diagnostics: fromLatin1(timer.slice(1)),
  });
  switch (timer) {
    case 'T302':
      // §5.2.4: what has come is all that will come; the user decides whether it is enough.
      desk.indicate(call, { type: 'information', digits: '', complete: true });
      return;
    case 'T303':
      if (call.repeats === 0) {
        desk.send(call, 'setup', call.setup);
        call.start('T303', desk, now);
        call.repeats = 1;
        return;
      }
      // Toward the caller the network says 18, no user responding (§5.2.5.4); the user has only the timer to blame.
      desk.send(call, 'release-complete', [causeOf(timedOut())]);
      finish(call, desk, desk.side === 'network' ? { ...timedOut(), cause: CAUSES.noUserResponding } : timedOut());
      return;
    case 'T301':
      abort(call, desk, CAUSES.noAnswer, now);
      return;
    case 'T304':
    case 'T310':
    case 'T313':
      abort(call, desk, CAUSES.timerExpiry, now, timedOut().diagnostics);
      return;
    case 'T305':
    case 'T306':
      release(call, desk, call.cause ?? timedOut(), now);
      return;
    case 'T308':
      expireRelease(call, desk, now, timedOut());
      return;
    case 'T309':
      finish(call, desk, { ...timedOut(), cause: CAUSES.destinationOutOfOrder });
      return;
    case 'T322':
      expireEnquiry(call, desk, now);
      return;
    default:
      impossible(timer);
  }
}

/** §5.3.3, §5.3.4.3: RELEASE once more, then the channel is out of service until a RESTART brings it back (§5.5). */
function expireRelease(call: Call, desk: Desk, now: Instant, cause: CauseElement): void {
  if (call.repeats === 0) {
    desk.send(call, 'release', [causeOf(cause)]);
    call.start('T308', desk, now);
    call.repeats = 1;
    return;
  }
  const { entry } = call;
  desk.problem('release-failed', `RELEASE of call ${call.handle} was never answered`);
  if (entry !== undefined) entry.blocked.add('failed');
  finish(call, desk, cause);
  if (entry !== undefined) desk.restart(entry, now);
}

function expireEnquiry(call: Call, desk: Desk, now: Instant): void {
  call.enquiries += 1;
  if (call.enquiries < ENQUIRIES) {
    enquire(call, desk, now);
    return;
  }
  call.enquired = undefined;
  call.enquiries = 0;
  if (!call.clearing) abort(call, desk, CAUSES.temporaryFailure, now);
}
