/** What the steps of a decision saw, in a telephone engineer's words. */
import { type CallerNumber, numberText, type RedirectReason } from '../call/number.ts';
import { timeText, zoneClock } from './calendar.ts';
import type { DirectoryDidTarget } from './directory-file.ts';
import type { ProfileOf, Stage, Turn } from './stage.ts';
import { dialledText, list } from './trace.ts';

/** A sentence, and what is listed below it. */
export interface StageWords {
  readonly says: string;
  readonly below: readonly string[];
}

/** A decision may come from a file of a later release: a stage that is not known here is shown as it is. */
export function stageWords(stage: Stage): StageWords {
  const says = (SENTENCES as Partial<Record<string, (stage: never) => string>>)[stage.saw];
  return { says: says === undefined ? JSON.stringify(stage) : says(stage as never), below: tried(stage) };
}

const SENTENCES: { readonly [Saw in Stage['saw']]: (stage: Extract<Stage, { readonly saw: Saw }>) => string } = {
  // source
  asked: (stage) => askedText(stage),
  payer: ({ because, user, usages }) => {
    const does = because === 'transfer' ? 'transfers' : 'diverts';
    return `user ${user} ${does} the call, so his policy counts (${list(usages) || 'no usage'})`;
  },
  stranger: () => 'only users and trunks of this site may call',
  // emergency
  emergency: ({ number, tried: gateways }) =>
    `${number} is an emergency number: every gateway is tried, whatever its state and the caller’s policy (${list(gateways)})`,
  test: ({ number, tried, out }) =>
    `an emergency call is tried out: ${number} at a simulated answering point (${list(tried) || 'none'})${out.length === 0 ? '' : `, not ${list(out)}, which can take no call`}`,
  'no-emergency-gateway': () => 'there is no gateway for emergency calls',
  unlocated: () => 'nobody knows where the caller is',
  located: ({ location, by, elin }) =>
    `the caller is at ${location}, by ${by}, ${elin === undefined ? 'which has no ELIN' : `called as ${elin}`}`,
  notice: ({ user, location, elin }) =>
    `user ${user} is called to be told of an emergency call from ${location}, which was made as ${elin}`,
  'called-back': ({ elin, holder, rung }) => `${elin} is called back: ${holder} called for help as it (${list(rung)})`,
  // screening
  'gateway-blocked': ({ gateway }) => `${gateway} is blocked for calls that come in`,
  'caller-rejected': ({ gateway, caller, ...by }) => `${gateway} rejects ${callerText(caller)}, by ${listing(by)}`,
  'not-accepted': ({ gateway, caller, lists }) =>
    `${gateway} accepts only callers of ${list(lists)}, not ${callerText(caller)}`,
  closed: ({ gateway, calendar, time }) => `${gateway} is closed by calendar ${calendar}: ${timeText(time)}`,
  'let-in': ({ gateway, caller, list: id, pattern, calendar, time }) => {
    const by = id === undefined ? '' : `, by ${listing({ list: id, pattern })}`;
    const when = time === undefined ? '' : `, open by calendar ${calendar}: ${timeText(time)}`;
    return `${gateway} lets ${callerText(caller)} in${by}${when}`;
  },
  // user-or-e164
  'nothing-dialled': () => 'nothing was dialled that could be a number',
  'whole-number': ({ number }) => `${number} is a whole number already, and not translated`,
  'user-name': ({ called, user }) => `${called} is user ${user}`,
  'no-such-name': ({ called }) => `there is no user ${called}`,
  // extension, profile, quick dial
  extension: ({ digits, user, profile }) => `${digits} is the extension of user ${user} in location profile ${profile}`,
  'no-profile': ({ profile }) => `the request names location profile ${profile}, which is not known`,
  rule: ({ profile, of, place, count, rule, pattern, translation, digits, number }) => {
    const name = rule === undefined ? '' : ` “${rule}”`;
    return `rule ${place + 1} of ${count} of ${profile} (${WHOSE[of]})${name}, ${pattern} → ${translation}, makes ${number} of ${digits}`;
  },
  'no-rule': ({ profile, of, digits, count }) =>
    `none of the ${count} rules of location profile ${profile} (${WHOSE[of]}) matches ${digits}`,
  'no-rule-yet': ({ profile, of, digits }) =>
    `no rule of location profile ${profile} (${WHOSE[of]}) matches ${digits} yet`,
  completed: ({ digits, prefix, whole }) => `${digits} is completed to ${whole} by his prefix ${prefix}`,
  // did
  'no-did': ({ number }) => `${number} is not in the DID table`,
  target: ({ number, target: to, place }) =>
    place === 0 ? `${number} belongs to ${targetText(to)}` : `backup ${place} of ${number} is ${targetText(to)}`,
  owner: ({ number, user }) => `${number} is the registrar’s number of user ${user}`,
  'last-resort': ({ number, target: to }) => `the last resort of ${number} is ${targetText(to)}`,
  'no-target': ({ number }) => `no target of ${number} can be reached`,
  // reverse look-up
  'users-number': ({ number, user }) => `${number} is the number of user ${user}`,
  'nobodys-number': ({ number }) => `no user here has the number ${number}`,
  'extension-of': ({ digits, user }) => `${digits} is the extension of user ${user}`,
  'nobodys-extension': ({ digits, profile }) => `no user of location profile ${profile} has the extension ${digits}`,
  'leads-nowhere': ({ digits, profile }) =>
    `${digits} leads to an extension that no user of location profile ${profile} has`,
  'not-registered': ({ user }) => `user ${user} has no phone registered`,
  // diversion
  diverts: ({ user, reason, to }) => `user ${user} diverts ${WHEN[reason]} to ${to}, and pays`,
  loop: ({ user, to, why }) => `user ${user} diverts the call to ${to}, but ${why}`,
  'not-allowed': ({ user, to, pattern }) =>
    `user ${user} may not divert calls to ${to}: his policy allows ${pattern} alone`,
  undisturbed: ({ user }) => `user ${user} does not want to be disturbed`,
  // authorise
  usages: ({ usages, policy }) => {
    if (usages.length === 0) return 'without any phone usage: only routes that are open to all';
    return `phone usages ${list(usages)}${policy === undefined ? '' : `, by policy ${policy}`}`;
  },
  'user-blocked': ({ user }) => `user ${user} is blocked by the administrator`,
  'not-ours': ({ number }) => `${number} is not ours, and calls from here may not leave again`,
  barred: ({ user, number, list: id, pattern }) => `${number} is barred for user ${user} by ${id}, ${pattern}`,
  'too-many-calls': ({ user, now, most }) => `user ${user} makes ${now} calls already, and may make ${most} at once`,
  'calls-spent': ({ user, most, per }) => `user ${user} has made his ${most} calls of this ${per}`,
  'minutes-spent': ({ user, minutes, most, per }) =>
    `user ${user} has talked ${minutes} minutes, and may ${most} per ${per}`,
  'within-quota': ({ user, calls, minutes, per }) =>
    `user ${user} has spent ${calls} calls and ${minutes} minutes of this ${per}’s quota`,
  'no-pstn': ({ user }) => `user ${user} has no access to the public network`,
  'no-usage': ({ routes }) => `the caller has none of the phone usages that open ${list(routes)}`,
  // enum
  'wan-down': () => 'not asked: the WAN is down',
  'asked-for': ({ domain }) => `the DNS is asked for ${domain}`,
  'no-record': ({ domain, why }) => `${domain}: ${why}`,
  record: ({ domain, uri, gateway, not }) =>
    `${domain} is ${uri}${not === undefined ? `, by ${gateway}` : `, but ${gateway} ${not}`}`,
  // branch, route
  branch: ({ branch, number }) => `${number} belongs to branch ${branch}:`,
  'no-route': ({ number }) => `no route matches ${number}`,
  'closed-route': ({ route, usages }) => `${route} is closed to this caller: it wants phone usage ${list(usages)}`,
  route: ({ route, usage, ranking }) => {
    const how = ranking === 'best' ? ', ranked by availability, quality and price' : '';
    return `${route}, ${usage === undefined ? 'open to all' : `by usage ${usage}`}${how}:`;
  },
  'no-gateway': () => 'none of these gateways can take the call now',
};

const WHOSE: Readonly<Record<ProfileOf, string>> = {
  request: 'named by the request',
  domain: 'the site’s, by its domain',
  user: 'the user’s',
  gateway: 'the trunk’s',
  device: 'the device’s',
  site: 'the site’s',
  again: 'once more',
};

const WHEN: Readonly<Record<RedirectReason, string>> = {
  unconditional: 'every call',
  busy: 'when busy',
  'no-answer': 'when nobody answers',
  'out-of-service': 'when no phone is registered',
  deflection: 'this call',
  unknown: 'for reasons unknown',
};

function askedText(stage: Extract<Stage, { readonly saw: 'asked' }>): string {
  const { source, known, weak, dialled, at, zone, wan } = stage;
  const name = source.type === 'unknown' ? 'nobody whom we know' : `${source.type} ${source.id}`;
  const doubt = source.type !== 'unknown' && !known ? ', which the directory does not know,' : '';
  const proof = weak ? ', known by its address alone, which is weak proof,' : '';
  const when = timeText({ ...zoneClock(zone)(at), zone, holiday: false });
  return `${name}${doubt}${proof} dials ${dialledText(dialled) || 'nothing'}, ${when}, the WAN is ${wan ? 'up' : 'down'}`;
}

function tried(stage: Stage): readonly string[] {
  if (stage.saw !== 'route' && stage.saw !== 'branch') return [];
  return stage.turns.map((turn, i) => {
    const not = stage.not[i] ?? undefined;
    return not === undefined ? turnText(turn) : `not ${turnText(turn)}, which ${not}`;
  });
}

const turnText = ({ gateway, carrier, cost }: Turn): string =>
  carrier === undefined ? gateway : `${gateway} (carrier ${carrier}, cost ${cost})`;

function targetText(target: DirectoryDidTarget): string {
  if ('announcement' in target) return `announcement ${target.announcement}`;
  return 'user' in target ? `user ${target.user}` : `the number ${target.number}, by the routes that are open to all`;
}

const listing = ({ list: id, pattern }: { readonly list: string; readonly pattern: string | undefined }): string =>
  `${id}, ${pattern ?? 'which holds anonymous callers'}`;

function callerText(number: CallerNumber | undefined): string {
  if (number === undefined) return 'a caller without a number';
  return number.presentation === 'allowed' ? numberText(number) : `${numberText(number)}, who withholds his number`;
}
