/** May he? Outward: what a user may call, how often and how long. Inward: which calls a gateway lets in. Emergency calls are not asked. */
import { type CallerNumber, numberText } from '../call/number.ts';
import type { Caller } from './caller.ts';
import type { Directory } from './directory.ts';
import { type Inward, type Quota, spentIn } from './permissions.ts';
import type { RoutingFacts } from './query.ts';
import type { Outcome, Trace } from './trace.ts';

type Refused = Extract<Outcome, { type: 'refusal' }>;

export interface Asking {
  readonly caller: Caller;
  readonly directory: Directory;
  readonly facts: RoutingFacts;
  readonly trace: Trace;
}

/** Any call at all: of a user who is not blocked, or through a gateway that lets it in. */
export function mayCall(asking: Asking): Refused | undefined {
  const { caller } = asking;
  const { gateway } = caller;
  const kept = blocked(asking);
  if (kept !== undefined) return kept;
  return gateway?.inward === undefined ? undefined : mayEnter(gateway.id, gateway.inward, asking);
}

/** Who pays for a call must not be blocked: neither who makes it, nor who has it diverted or transferred. */
function blocked({ caller: { charged }, trace }: Asking): Refused | undefined {
  if (charged?.outward?.blocked !== true) return undefined;
  return trace.refuse('user-blocked', { name: 'authorise', saw: 'user-blocked', user: charged.id });
}

function mayEnter(gateway: string, inward: Inward, { caller, directory, facts, trace }: Asking): Refused | undefined {
  const at = { name: 'screening', gateway } as const;
  if (inward.blocked) return trace.refuse('gateway-blocked', { ...at, saw: 'gateway-blocked' });
  const number = caller.shown.number;
  const rejected = listing(inward.reject, number, directory);
  if (rejected !== undefined) {
    const reason = rejected.pattern === undefined ? 'anonymous-rejected' : 'caller-rejected';
    return trace.refuse(reason, { ...at, saw: 'caller-rejected', caller: number, ...rejected });
  }
  const accepted = inward.accept === undefined ? undefined : listing(inward.accept, number, directory);
  if (inward.accept !== undefined && accepted === undefined) {
    const saw = { ...at, saw: 'not-accepted', caller: number, lists: inward.accept } as const;
    return trace.refuse('caller-not-accepted', saw);
  }
  const calendar = inward.hours;
  const hours = calendar === undefined ? undefined : directory.calendar(calendar)?.(facts.at);
  if (calendar !== undefined && hours?.open === false) {
    return trace.refuse('outside-hours', { ...at, saw: 'closed', calendar, time: hours.time });
  }
  const by = { list: accepted?.list, pattern: accepted?.pattern };
  trace.note({ ...at, saw: 'let-in', caller: number, ...by, calendar, time: hours?.time });
  return undefined;
}

/** Out of the enterprise to this number, whatever the way. */
export function mayLeave(number: string, asking: Asking): Refused | undefined {
  const { caller, directory, facts, trace } = asking;
  const { charged } = caller;
  if (charged?.outward === undefined) return undefined;
  const kept = blocked(asking);
  if (kept !== undefined) return kept;
  const { id: user, outward } = charged;
  for (const list of outward.barred) {
    const pattern = directory.numberList(list)?.pattern(number);
    if (pattern === undefined) continue;
    return trace.refuse('number-barred', { name: 'authorise', saw: 'barred', user, number, list, pattern });
  }
  const now = facts.callsNow.get(user) ?? 0;
  const most = outward.callsAtOnce;
  if (most !== undefined && now >= most) {
    return trace.refuse('too-many-calls', { name: 'authorise', saw: 'too-many-calls', user, now, most });
  }
  return outward.quota === undefined ? undefined : withinQuota(user, outward.quota, asking);
}

function withinQuota(
  user: string,
  { per, calls, minutes }: Quota,
  { directory, facts, trace }: Omit<Asking, 'caller'>,
): Refused | undefined {
  const { date } = directory.siteClock(facts.at);
  const spent = spentIn(facts.spent.get(user), per, date);
  const whole = Math.floor(spent.seconds / 60);
  const at = { name: 'authorise', user, per } as const;
  if (calls !== undefined && spent.calls >= calls) {
    return trace.refuse('quota-calls', { ...at, saw: 'calls-spent', most: calls });
  }
  if (minutes !== undefined && spent.seconds >= minutes * 60) {
    return trace.refuse('quota-minutes', { ...at, saw: 'minutes-spent', minutes: whole, most: minutes });
  }
  trace.note({ ...at, saw: 'within-quota', calls: spent.calls, minutes: whole });
  return undefined;
}

/** Onto the public network, by a route. */
export function mayReachPstn({ charged }: Caller, trace: Trace): Refused | undefined {
  if (charged?.outward === undefined || charged.outward.pstn) return undefined;
  return trace.refuse('no-pstn-access', { name: 'authorise', saw: 'no-pstn', user: charged.id });
}

/**
 * The first list that holds the caller, and its pattern that does; none where the list holds him as an anonymous one. A withheld
 * number may still be known to us, and is looked up first.
 */
function listing(lists: readonly string[], number: CallerNumber | undefined, directory: Directory) {
  const hidden = number === undefined || number.presentation !== 'allowed';
  for (const id of lists) {
    const list = directory.numberList(id);
    const pattern = number === undefined ? undefined : list?.pattern(numberText(number));
    if (pattern !== undefined) return { list: id, pattern };
    if (hidden && list?.anonymous === true) return { list: id, pattern: undefined };
  }
  return undefined;
}
