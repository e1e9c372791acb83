/**
 * Where a call goes: the directory and the facts of the moment in, a decision out. Order of the resolver: emergency; user
 * URI or E.164 as it is; extension or alias; location profile, then DID (inbound) and reverse look-up; quick dial; refusal. What is
 * nobody's here leaves the enterprise: authorise, ENUM, sister branches, usages × routes.
 */
import { mayCall } from './authorise.ts';
import { type Caller, callerOf } from './caller.ts';
import type { Decision } from './decision.ts';
import { isE164, type Parsed, parseDialled } from './dialled.ts';
import { reachDid } from './did.ts';
import type { Directory, Rule } from './directory.ts';
import type { DirectoryUser } from './directory-file.ts';
import { callBack, emergencyCall, emergencyTest } from './emergency.ts';
import { type LeaveOutcome, leave } from './leave.ts';
import { normalise } from './normalise.ts';
import type { RoutingFacts, RoutingQuery } from './query.ts';
import type { Resolving } from './resolving.ts';
import { ring } from './ring.ts';
import type { ProfileOf } from './stage.ts';
import { Trace } from './trace.ts';

/** Pure: equal arguments give equal decisions. It never throws, whatever was dialled. */
export function decide(query: RoutingQuery, directory: Directory, facts: RoutingFacts): Decision {
  const at: Resolving = { query, directory, facts, trace: new Trace() };
  const caller = callerOf(query, directory, facts, at.trace);
  const parsed = parseDialled(query.dialled, caller.gateway);
  if (parsed === undefined) return decision(nothingDialled(at), caller, at, false);
  const emergency = callBack(parsed, caller, at) ?? emergencyCall(parsed, caller, at);
  if (emergency !== undefined) return decision(emergency, caller, at, true);
  const test = emergencyTest(parsed, caller, at);
  if (test !== undefined) return decision(test, caller, at, false);
  return decision(ordinary(parsed, caller, at), caller, at, false);
}

/** A call that is diverted before anybody is rung is on the diverter's account. */
function decision(
  outcome: LeaveOutcome,
  { charged }: Caller,
  { directory, trace: { stages, effects } }: Resolving,
  emergency: boolean,
): Decision {
  const directoryRevision = directory.revision;
  if (outcome.type === 'hops') {
    const { hops } = outcome;
    const paying = hops[0]?.charged ?? charged?.id;
    return { type: 'hops', hops, charged: paying, emergency, stages, directoryRevision, effects };
  }
  return { ...outcome, charged: charged?.id, emergency, stages, directoryRevision, effects };
}

function nothingDialled({ query, trace }: Resolving): LeaveOutcome {
  if (!query.complete) return { type: 'collect' };
  return trace.refuse('number-empty', { name: 'user-or-e164', saw: 'nothing-dialled' });
}

function ordinary(parsed: Parsed, caller: Caller, at: Resolving): LeaveOutcome {
  const { directory, facts, trace } = at;
  if (caller.user === undefined && caller.gateway === undefined) {
    return trace.refuse('source-unknown', { name: 'source', saw: 'stranger' });
  }
  const kept = mayCall({ caller, directory, facts, trace });
  if (kept !== undefined) return kept;
  if (parsed.kind === 'name' || parsed.kind === 'service') return userName(parsed.text, caller, at);
  if (parsed.kind === 'digits') return dialledDigits(parsed, caller, at);
  trace.note({ name: 'user-or-e164', saw: 'whole-number', number: parsed.text });
  return wholeNumber(parsed.text, caller, at);
}

function userName(called: string, caller: Caller, at: Resolving): LeaveOutcome {
  const user = at.directory.userByName(called);
  const stage = { name: 'user-or-e164', called } as const;
  if (user === undefined) return at.trace.refuse('no-such-user', { ...stage, saw: 'no-such-name' });
  at.trace.note({ ...stage, saw: 'user-name', user: user.id });
  return ring(user, caller, at);
}

/** A location profile that a number is run through, and by what right. */
interface Profile {
  readonly id: string;
  readonly of: ProfileOf;
  readonly rules: readonly Rule[];
}

function dialledDigits(parsed: Parsed, caller: Caller, at: Resolving): LeaveOutcome {
  const { directory, trace } = at;
  const { id, of } = profileFor(parsed, caller, directory);
  const rules = directory.profile(id);
  if (rules === undefined) {
    return trace.refuse('no-location-profile', { name: 'profile', saw: 'no-profile', profile: id });
  }
  // Extensions are colleagues' words: what the PSTN sends goes through the rules.
  const colleague = caller.user === undefined ? undefined : colleagueOf(id, parsed.text, directory);
  if (colleague !== undefined) {
    trace.note({ name: 'extension', saw: 'extension', digits: parsed.text, user: colleague.id, profile: id });
    return ring(colleague, caller, at);
  }
  const profile: Profile = { id, of, rules };
  return normalised(parsed.text, profile, caller, at) ?? unmatched(parsed.text, profile, caller, at);
}

/** Request > user > device > site. A bare domain names no profile: it only says that the digits are local to us. */
function profileFor(
  { context }: Parsed,
  { profile, profileOf }: Caller,
  { domain, siteProfile, profile: known }: Directory,
): Pick<Profile, 'id' | 'of'> {
  if (context === undefined) return { id: profile, of: profileOf };
  const at = context.indexOf('@');
  if (at >= 0) return { id: context.slice(0, at), of: 'request' };
  if (context.toLowerCase() === domain.toLowerCase()) return { id: siteProfile, of: 'domain' };
  return known(context) === undefined ? { id: profile, of: profileOf } : { id: context, of: 'request' };
}

const colleagueOf = (profile: string, digits: string, directory: Directory): DirectoryUser | undefined =>
  directory.userByExtension(profile, digits) ?? directory.userByAlias(digits);

/** By the first rule that matches; undefined where none does, or where it makes an extension that nobody has. */
function normalised(
  digits: string,
  { id, of, rules }: Profile,
  caller: Caller,
  at: Resolving,
): LeaveOutcome | undefined {
  const { directory, trace } = at;
  const found = normalise(rules, digits);
  if (found === undefined) return undefined;
  const { number, place } = found;
  const { name: rule, pattern, translation } = found.rule;
  const count = rules.length;
  trace.note({
    name: 'profile',
    saw: 'rule',
    profile: id,
    of,
    place,
    count,
    rule,
    pattern,
    translation,
    digits,
    number,
  });
  if (isE164(number)) return wholeNumber(number, caller, at);
  const user = colleagueOf(id, number, directory);
  if (user !== undefined) {
    trace.note({ name: 'reverse-lookup', saw: 'extension-of', digits: number, user: user.id });
    return ring(user, caller, at);
  }
  trace.note({ name: 'reverse-lookup', saw: 'nobodys-extension', digits: number, profile: id });
  // A service such as 411 has no whole form; a route may name it as it is.
  const isService = caller.usages !== undefined && directory.routesFor(number).length > 0;
  return isService ? leave({ ...at, number, caller }, caller.usages ?? []) : undefined;
}

/** Quick dial: the user's prefix completes what he dialled, and the result is normalised once more. */
function unmatched(digits: string, profile: Profile, caller: Caller, at: Resolving): LeaveOutcome {
  const { id, of, rules } = profile;
  const { query, trace } = at;
  if (!query.complete) {
    trace.note({ name: 'profile', saw: 'no-rule-yet', profile: id, of, digits });
    return { type: 'collect' };
  }
  const none = { name: 'profile', saw: 'no-rule', profile: id, of, digits, count: rules.length } as const;
  const matches = normalise(rules, digits) !== undefined;
  const quick = caller.user?.quickDial;
  if (quick !== undefined && digits.length === quick.digits) {
    if (!matches) trace.note(none);
    const { prefix } = quick;
    const whole = prefix + digits;
    trace.note({ name: 'quick-dial', saw: 'completed', digits, prefix, whole });
    const again = isE164(whole)
      ? wholeNumber(whole, caller, at)
      : normalised(whole, { id, of: 'again', rules }, caller, at);
    if (again !== undefined) return again;
    if (normalise(rules, whole) === undefined) {
      return trace.refuse('no-rule-matches', { ...none, of: 'again', digits: whole });
    }
  }
  if (!matches) return trace.refuse('no-rule-matches', none);
  return trace.refuse('no-such-user', { name: 'reverse-lookup', saw: 'leads-nowhere', digits, profile: id });
}

function wholeNumber(number: string, caller: Caller, at: Resolving): LeaveOutcome {
  const { directory, trace } = at;
  const did = caller.gateway === undefined ? undefined : reachDid(number, caller, at);
  if (did !== undefined) return did;
  const user = directory.userByNumber(number);
  if (user !== undefined) {
    trace.note({ name: 'reverse-lookup', saw: 'users-number', number, user: user.id });
    return ring(user, caller, at);
  }
  trace.note({ name: 'reverse-lookup', saw: 'nobodys-number', number });
  if (caller.usages === undefined) {
    return trace.refuse('number-not-ours', { name: 'authorise', saw: 'not-ours', number });
  }
  return leave({ ...at, number, caller }, caller.usages);
}
