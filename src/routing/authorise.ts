/** May he? Outward: what a user may call, how often and how long. Inward: which calls a gateway lets in. Emergency calls are not asked. */
import type { CallerNumber } from '../call/number.ts';
import type { Caller } from './caller.ts';
import type { RefusalId } from './decision.ts';
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
  const { caller, trace } = asking;
  const { charged, gateway } = caller;
  if (charged?.outward?.blocked === true) {
    return trace.refuse('authorise', 'user-blocked', `user ${charged.id} is blocked by the administrator`);
  }
  return gateway?.inward === undefined ? undefined : mayEnter(gateway.id, gateway.inward, asking);
}

function mayEnter(id: string, inward: Inward, { caller, directory, facts, trace }: Asking): Refused | undefined {
  const refuse = (refusal: RefusalId, why: string): Refused => trace.refuse('screening', refusal, why);
  if (inward.blocked) return refuse('gateway-blocked', `${id} is blocked for calls that come in`);
  const number = caller.shown.number;
  const who = callerText(number);
  const rejected = listing(inward.reject, number, directory);
  if (rejected !== undefined) {
    const reason = rejected.anonymous ? 'anonymous-rejected' : 'caller-rejected';
    return refuse(reason, `${id} rejects ${who}, by ${rejected.by}`);
  }
  const accepted = inward.accept === undefined ? undefined : listing(inward.accept, number, directory);
  if (inward.accept !== undefined && accepted === undefined) {
    return refuse('caller-not-accepted', `${id} accepts only callers of ${inward.accept.join(', ')}, not ${who}`);
  }
  const hours = inward.hours === undefined ? undefined : directory.calendar(inward.hours)?.(facts.at);
  if (hours?.open === false) {
    return refuse('outside-hours', `${id} is closed by calendar ${inward.hours}: ${hours.says}`);
  }
  const by = accepted === undefined ? '' : `, by ${accepted.by}`;
  const when = hours === undefined ? '' : `, open by calendar ${inward.hours}: ${hours.says}`;
  trace.say('screening', `${id} lets ${who} in${by}${when}`);
  return undefined;
}

/** Out of the enterprise to this number, whatever the way. */
export function mayLeave(
  number: string,
  { caller: { charged }, directory, facts, trace }: Asking,
): Refused | undefined {
  if (charged?.outward === undefined) return undefined;
  const { id, outward } = charged;
  for (const list of outward.barred) {
    const by = directory.numberList(list)?.pattern(number);
    if (by === undefined) continue;
    return trace.refuse('authorise', 'number-barred', `${number} is barred for user ${id} by ${list}, ${by}`);
  }
  const now = facts.callsNow.get(id) ?? 0;
  if (outward.callsAtOnce !== undefined && now >= outward.callsAtOnce) {
    const why = `user ${id} makes ${now} calls already, and may make ${outward.callsAtOnce} at once`;
    return trace.refuse('authorise', 'too-many-calls', why);
  }
  return outward.quota === undefined ? undefined : withinQuota(id, outward.quota, { directory, facts, trace });
}

function withinQuota(
  id: string,
  { per, calls, minutes }: Quota,
  { directory, facts, trace }: Omit<Asking, 'caller'>,
): Refused | undefined {
  const { date } = directory.siteClock(facts.at);
  const spent = spentIn(facts.spent.get(id), per, date);
  const whole = Math.floor(spent.seconds / 60);
  if (calls !== undefined && spent.calls >= calls) {
    return trace.refuse('authorise', 'quota-calls', `user ${id} has made his ${calls} calls of this ${per}`);
  }
  if (minutes !== undefined && spent.seconds >= minutes * 60) {
    const why = `user ${id} has talked ${whole} minutes, and may ${minutes} per ${per}`;
    return trace.refuse('authorise', 'quota-minutes', why);
  }
  trace.say('authorise', `user ${id} has spent ${spent.calls} calls and ${whole} minutes of this ${per}’s quota`);
  return undefined;
}

/** Onto the public network, by a route. */
export function mayReachPstn({ charged }: Caller, trace: Trace): Refused | undefined {
  if (charged?.outward === undefined || charged.outward.pstn) return undefined;
  return trace.refuse('authorise', 'no-pstn-access', `user ${charged.id} has no access to the public network`);
}

/** The first list that holds the caller, and by what. A withheld number may still be known to us, and is looked up first. */
function listing(lists: readonly string[], number: CallerNumber | undefined, directory: Directory) {
  const hidden = number === undefined || number.presentation !== 'allowed';
  for (const id of lists) {
    const list = directory.numberList(id);
    const pattern = number === undefined ? undefined : list?.pattern(textOf(number));
    if (pattern !== undefined) return { anonymous: false, by: `${id}, ${pattern}` };
    if (hidden && list?.anonymous === true) return { anonymous: true, by: `${id}, which holds anonymous callers` };
  }
  return undefined;
}

const textOf = ({ digits, type }: CallerNumber): string => (type === 'international' ? `+${digits}` : digits);

function callerText(number: CallerNumber | undefined): string {
  if (number === undefined) return 'a caller without a number';
  return number.presentation === 'allowed' ? textOf(number) : `${textOf(number)}, who withholds his number`;
}
