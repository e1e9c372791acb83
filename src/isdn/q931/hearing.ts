/** What messages do to calls: Q.931 §5.1, §5.2 from the hearing end. The group has examined them already (§5.8). */
import type { Instant } from '../../kernel/time.ts';
import type { Call, Desk } from './call.ts';
import { abort, enquire, finish, hearDisconnect, hearRelease, hearReleaseComplete } from './clearing.ts';
import { causeOf } from './compose.ts';
import type { HeardElement } from './element.ts';
import { CAUSES, type CauseElement, causeElement } from './ie/cause.ts';
import { channelIdentification } from './ie/channel.ts';
import { element, first } from './ie/codec.ts';
import { connectedNumber } from './ie/number.ts';
import { callState, notification } from './ie/simple.ts';
import { digitsIn, nameIn, progressIn, restOf } from './interpret.ts';
import type { MessageName } from './message-table.ts';
import { sendDigits } from './requests.ts';
import { NULL_STATE, stateValue } from './states.ts';

export interface Heard {
  readonly elements: readonly HeardElement[];
  /** What was wrong with its mandatory elements, to be said in a clearing answer. */
  readonly fault: CauseElement | undefined;
}

type Step = (call: Call, desk: Desk, heard: Heard, now: Instant) => void;

/** One step for every message that a call can hear. SETUP makes calls and RESTART is the group's. */
export const STEPS: Readonly<Record<Exclude<MessageName, 'setup' | 'restart' | 'restart-acknowledge'>, Step>> = {
  'setup-acknowledge': (call, desk, { elements }, now) => {
    if (!agree(call, desk, elements, now)) return;
    call.enter('overlap-sending', desk, now);
    const { waiting } = call;
    call.waiting = undefined;
    if (waiting !== undefined) sendDigits(call, desk, waiting, now);
    desk.indicate(call, { type: 'setup-acknowledge', progress: progressIn(elements) });
  },
  'call-proceeding': (call, desk, { elements }, now) => {
    if (!agree(call, desk, elements, now)) return;
    call.enter('proceeding-received', desk, now);
    desk.indicate(call, { type: 'proceeding', progress: progressIn(elements) });
  },
  alerting: (call, desk, { elements }, now) => {
    if (!agree(call, desk, elements, now)) return;
    call.enter('alerting-received', desk, now);
    desk.indicate(call, { type: 'alerting', progress: progressIn(elements), elements: restOf(elements) });
  },
  progress: (call, desk, { elements }, now) => {
    // Table 9-1, T310: an announcement may last; from here on it is the long timer that watches.
    if (call.runs('T310')) {
      call.stop('T310');
      call.start('T301', desk, now);
    }
    desk.indicate(call, { type: 'progress', progress: progressIn(elements), cause: first(elements, causeElement) });
  },
  connect: (call, desk, { elements }, now) => {
    if (!agree(call, desk, elements, now)) return;
    call.enter('active', desk, now);
    desk.send(call, 'connect-acknowledge', []);
    const connected = first(elements, connectedNumber);
    desk.indicate(call, {
      type: 'connect',
      connected,
      connectedName: nameIn(elements, false, connected),
      progress: progressIn(elements),
      elements: restOf(elements),
    });
  },
  'connect-acknowledge': (call, desk, _heard, now) => {
    if (call.state === 'connect-sent') call.enter('active', desk, now);
    desk.indicate(call, { type: 'connected' });
  },
  disconnect: (call, desk, { elements, fault }, now) => hearDisconnect(call, desk, elements, fault, now),
  release: (call, desk, { elements, fault }) => hearRelease(call, desk, elements, fault),
  'release-complete': (call, desk, { elements }) => hearReleaseComplete(call, desk, elements),
  information: (call, desk, { elements }, now) => {
    if (call.state === 'overlap-receiving') {
      call.start('T302', desk, now);
      const dialled = digitsIn(elements);
      if (dialled.complete) call.stop('T302');
      if (dialled.complete || dialled.digits !== '') desk.indicate(call, { type: 'information', ...dialled });
    }
    hearName(call, desk, elements);
  },
  facility: (call, desk, { elements }) => hearName(call, desk, elements),
  notify: (call, desk, { elements }) => {
    const indicator = first(elements, notification);
    if (indicator !== undefined) desk.indicate(call, { type: 'notify', indicator });
    hearName(call, desk, elements);
  },
  'status-enquiry': (call, desk) => sendStatus(call, desk, CAUSES.responseToEnquiry),
  status: hearStatus,
};

function hearName(call: Call, desk: Desk, elements: readonly HeardElement[]): void {
  const name = nameIn(elements, false);
  if (name !== undefined) desk.indicate(call, { type: 'identity', name });
}

/** STATUS with our state, §5.8.10. */
export function sendStatus(call: Call, desk: Desk, cause: number, diagnostics?: Uint8Array): void {
  desk.send(call, 'status', [
    causeOf({ cause, location: desk.ownLocation, diagnostics }),
    element(callState, stateValue(call.state, desk.side)),
  ]);
}

/**
 * The first answer to our SETUP settles the channel (§5.1.2, §5.2.3, §5.7). False: it can't be had and the call is being
 * cleared.
 */
function agree(call: Call, desk: Desk, elements: readonly HeardElement[], now: Instant): boolean {
  if (call.answered) return true;
  call.answered = true;
  const named = first(elements, channelIdentification);
  const slot = typeof named?.slots === 'string' ? undefined : named?.slots[0];
  if (named !== undefined && slot !== undefined) {
    const entry = desk.channels.find(named.interface ?? call.entry?.interface, slot);
    if (entry !== call.entry) {
      const free = entry !== undefined && !call.exclusive && desk.channels.state(entry) === 'idle';
      // A call that lost its channel to glare takes any free one; so does one whose choice was only a preference.
      if (!free && !(call.entry === undefined && entry !== undefined && desk.channels.state(entry) === 'idle')) {
        abort(call, desk, CAUSES.channelUnavailable, now);
        return false;
      }
      desk.vacate(call);
      desk.seize(call, entry);
    }
  }
  if (call.entry === undefined) {
    abort(call, desk, CAUSES.channelUnavailable, now);
    return false;
  }
  desk.indicate(call, { type: 'channel', channel: call.entry.channel });
  return true;
}

/** STATUS, §5.8.11: a peer that knows nothing of the call ends it here; a proven mismatch clears it with 101. */
function hearStatus(call: Call, desk: Desk, { elements }: Heard, now: Instant): void {
  const theirs = first(elements, callState) ?? NULL_STATE;
  const cause = first(elements, causeElement)?.cause;
  if (cause !== CAUSES.responseToEnquiry)
    desk.problem('status', `the peer reports cause ${cause} in state ${theirs}; ours is ${call.state}`);
  if (theirs === NULL_STATE) {
    finish(call, desk, { cause: CAUSES.temporaryFailure, location: desk.ownLocation, diagnostics: undefined });
    return;
  }
  // §5.8.11 c: while we wait for RELEASE COMPLETE nothing else counts, and other clearing ends by its own timer.
  if (call.clearing) return;
  const { enquired } = call;
  if (enquired !== undefined && cause === CAUSES.responseToEnquiry) {
    call.stop('T322');
    call.enquired = undefined;
    call.enquiries = 0;
  }
  if (agrees(theirs, stateValue(call.state, desk.side))) return;
  if (enquired === undefined) {
    // Out of the blue: messages of ours may be on their way, so ask first.
    enquire(call, desk, now);
    return;
  }
  // Ours may have gone on while the answer was on its way; the peer's can't be behind what it was asked in.
  if (cause !== CAUSES.responseToEnquiry || agrees(theirs, stateValue(enquired, desk.side))) return;
  abort(call, desk, CAUSES.messageNotCompatible, now);
}

/** CONNECT may be on its way between 8 and 10; a peer in its clearing phase (11, 12, 19) is about to tell us. */
const agrees = (theirs: number, ours: number): boolean =>
  theirs === ours || (theirs === 8 && ours === 10) || (theirs === 10 && ours === 8) || [11, 12, 19].includes(theirs);
