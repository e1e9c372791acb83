/** How a call ends: Q.931 §5.3, §5.8.8, §5.8.9. Every way leads through `finish`, once. */
import type { Instant } from '../../kernel/time.ts';
import type { Call, Desk } from './call.ts';
import { both, causeOf, NONE, progressOf } from './compose.ts';
import type { Element, HeardElement } from './element.ts';
import { CAUSES, type CauseElement } from './ie/cause.ts';
import { inBand, type Progress } from './ie/progress.ts';
import { causeIn, progressIn, restOf } from './interpret.ts';

export interface Clearing {
  readonly cause: CauseElement;
  readonly progress?: readonly Progress[] | undefined;
  readonly elements?: readonly Element[] | undefined;
}

/** The end: the channel is let go, the user told, the call forgotten. */
export function finish(call: Call, desk: Desk, cause: CauseElement, elements: readonly Element[] = []): void {
  call.stopAll();
  desk.vacate(call);
  desk.forget(call);
  desk.indicate(call, { type: 'release', cause: call.cause ?? cause, elements });
}

/** Clears from our side, by the message that the state asks for (§5.3.2, §5.3.3, §5.3.4). */
export function clear(call: Call, desk: Desk, { cause, progress, elements = [] }: Clearing, now: Instant): void {
  if (!desk.linkUp && !call.clearing) {
    // The far end holds the channel until T309 or until it hears from us.
    call.postponed ??= { cause, elements };
    return;
  }
  switch (call.state) {
    case 'setup-received':
      desk.send(call, 'release-complete', both([causeOf(cause)], elements));
      finish(call, desk, cause);
      return;
    case 'disconnect-received':
      release(call, desk, cause, now, elements);
      return;
    case 'disconnect-sent':
      // The user has heard enough of its own announcement.
      if (call.runs('T306')) release(call, desk, cause, now, elements);
      return;
    case 'release-sent':
      return;
    default: {
      const tones = desk.side === 'network' && desk.variant.announcesInDisconnect && inBand(progress ?? []);
      call.cause ??= cause;
      desk.send(call, 'disconnect', both([causeOf(cause)], both(tones ? progressOf(progress) : NONE, elements)));
      call.enter('disconnect-sent', desk, now);
      if (tones) {
        call.stop('T305');
        call.start('T306', desk, now);
      }
    }
  }
}

/** Clears for a reason of the layer's own, and invites the user to follow. */
export function abort(call: Call, desk: Desk, cause: number, now: Instant, diagnostics?: Uint8Array): void {
  const element: CauseElement = { cause, location: desk.ownLocation, diagnostics };
  const told = call.clearing || call.state === 'setup-received';
  clear(call, desk, { cause: element }, now);
  if (!told) desk.indicate(call, { type: 'disconnect', cause: element, progress: [], elements: [] });
}

/** RELEASE, and T308 (§5.3.3, §5.3.4.3). */
export function release(
  call: Call,
  desk: Desk,
  cause: CauseElement,
  now: Instant,
  elements: readonly Element[] = [],
): void {
  call.cause ??= cause;
  desk.send(call, 'release', both([causeOf(call.fault ?? cause)], elements));
  call.enter('release-sent', desk, now);
}

/** DISCONNECT, §5.3.3; crossing ours, §5.3.5. */
export function hearDisconnect(
  call: Call,
  desk: Desk,
  elements: readonly HeardElement[],
  fault: CauseElement | undefined,
  now: Instant,
): void {
  call.fault = fault;
  const cause = causeIn(elements);
  if (call.state === 'disconnect-sent') {
    release(call, desk, call.cause ?? cause, now);
    return;
  }
  call.cause ??= cause;
  call.enter('disconnect-received', desk, now);
  desk.indicate(call, { type: 'disconnect', cause, progress: progressIn(elements), elements: restOf(elements) });
}

/** RELEASE is answered by RELEASE COMPLETE, save when ours crossed it (§5.3.5). `fault`: what its own elements lacked, §5.8.6. */
export function hearRelease(
  call: Call,
  desk: Desk,
  elements: readonly HeardElement[],
  fault: CauseElement | undefined,
): void {
  if (call.state !== 'release-sent') desk.send(call, 'release-complete', fault === undefined ? [] : [causeOf(fault)]);
  finish(call, desk, causeIn(elements), restOf(elements));
}

export function hearReleaseComplete(call: Call, desk: Desk, elements: readonly HeardElement[]): void {
  finish(call, desk, causeIn(elements), restOf(elements));
}

/** DL-RELEASE, §5.8.9: an active call waits for T309, every other is cleared here and now. */
export function linkLost(call: Call, desk: Desk, now: Instant): void {
  if (call.adopted) {
    call.stopAll();
  } else if (call.state === 'active') {
    call.stop('T322');
    call.enquired = undefined;
    if (!call.runs('T309')) call.start('T309', desk, now);
  } else {
    finish(call, desk, { cause: CAUSES.destinationOutOfOrder, location: desk.ownLocation, diagnostics: undefined });
  }
}

/** DL-ESTABLISH, after a loss or out of the blue (§5.8.8, §5.8.9): what was on its way may be lost, so the peer is asked. */
export function linkBack(call: Call, desk: Desk, now: Instant): void {
  call.stop('T309');
  if (call.adopted) {
    release(call, desk, call.cause ?? lost(desk), now);
  } else if (call.postponed !== undefined) {
    clear(call, desk, call.postponed, now);
  } else if (call.state === 'overlap-sending' || call.state === 'overlap-receiving') {
    abort(call, desk, CAUSES.temporaryFailure, now);
  } else if (!call.clearing && call.state !== 'setup-sent') {
    enquire(call, desk, now);
  }
}

const lost = (desk: Desk): CauseElement => ({
  cause: CAUSES.temporaryFailure,
  location: desk.ownLocation,
  diagnostics: undefined,
});

/** STATUS ENQUIRY, §5.8.10. */
export function enquire(call: Call, desk: Desk, now: Instant): void {
  call.enquired = call.state;
  desk.send(call, 'status-enquiry', []);
  call.start('T322', desk, now);
}
