/** Who calls: what the directory knows of him, and which location profile and policy are his. */
import type { CallerNumber, Presentation } from '../call/number.ts';
import type { Directory, Gateway } from './directory.ts';
import type { DirectoryUser } from './directory-file.ts';
import { type ShownCaller, wholeCaller } from './outward.ts';
import type { RoutingQuery } from './query.ts';
import { list, type Trace } from './trace.ts';

export interface Caller {
  /** Who dials: the caller, or who transfers him. */
  readonly user: DirectoryUser | undefined;
  /** Whom colleagues see. */
  readonly seen: DirectoryUser | undefined;
  /** What the call comes in by; none for one that a user of ours transfers, who may send it back where it came from. */
  readonly gateway: Gateway | undefined;
  /** Whose permissions count: the caller, or who transfers or diverts. */
  readonly charged: DirectoryUser | undefined;
  /** The location profile of who names none in the request, and whose it is. */
  readonly profile: string;
  readonly profileOf: string;
  /** Undefined: the call may not leave the enterprise. */
  readonly usages: readonly string[] | undefined;
  readonly shown: ShownCaller;
  readonly presentation: Presentation;
}

/** The caller of a query; what is found is said in the trace, whether the directory knows him or not. */
export function callerOf(query: RoutingQuery, directory: Directory, trace: Trace): Caller {
  const { source, caller, address } = query;
  const presentation = caller?.presentation ?? 'allowed';
  const seen = source.type === 'user' ? directory.userById(source.id) : undefined;
  const from =
    source.type === 'span-group' || source.type === 'sip-trunk' ? directory.gateways.get(source.id) : undefined;
  const transferred = query.payer?.because === 'transfer';
  const user = query.payer !== undefined && transferred ? directory.userById(query.payer.user) : seen;
  const gateway = transferred ? undefined : from;
  const device = address === undefined || gateway !== undefined ? undefined : directory.deviceAt(address);
  const own = user?.profile ?? gateway?.profile;
  const profile = own ?? device?.profile ?? directory.siteProfile;
  const profileOf = own !== undefined ? 'his own' : device !== undefined ? `device ${device.id}’s` : 'the site’s';
  const known = seen !== undefined || from !== undefined;
  trace.say('source', sourceText(query, known, from));
  const usages = payersUsages(query, directory, trace) ?? user?.usages ?? gateway?.usages;
  const charged = query.payer === undefined ? user : directory.userById(query.payer.user);
  const shown = shownOf(seen, from, caller);
  return { user, seen, gateway, charged, profile, profileOf, usages, presentation, shown };
}

function sourceText({ source }: RoutingQuery, known: boolean, gateway: Gateway | undefined): string {
  if (source.type === 'unknown') return 'nobody whom we know';
  const name = `${source.type} ${source.id}`;
  if (!known) return `${name}, which the directory does not know`;
  const weak = gateway?.type === 'sip-trunk' && gateway.proof === 'address';
  return weak ? `${name}, known by its address alone, which is weak proof` : name;
}

/** A transfer is charged to who transfers, a diversion to who diverts; an unknown payer opens nothing. */
function payersUsages({ payer }: RoutingQuery, directory: Directory, trace: Trace): readonly string[] | undefined {
  if (payer === undefined) return undefined;
  const { because, user: id } = payer;
  const usages = directory.userById(id)?.usages ?? [];
  const does = because === 'transfer' ? 'transfers' : 'diverts';
  trace.say('source', `user ${id} ${does} the call, so his policy counts (${list(usages) || 'no usage'})`);
  return usages;
}

function shownOf(
  user: DirectoryUser | undefined,
  gateway: Gateway | undefined,
  heard: CallerNumber | undefined,
): ShownCaller {
  if (gateway !== undefined) {
    return { number: heard === undefined ? undefined : wholeCaller(gateway, heard), ours: false };
  }
  return { number: user === undefined ? heard : userNumber(user, heard), ours: true };
}

/** A user's own number, vouched for by us since the digest was proven; who may see it is the phone's to say. */
function userNumber(user: DirectoryUser, heard: CallerNumber | undefined): CallerNumber | undefined {
  if (user.number === undefined) return undefined;
  return {
    digits: user.number.slice(1),
    type: 'international',
    plan: 'isdn',
    presentation: heard?.presentation ?? 'allowed',
    screening: 'passed',
  };
}

/** Colleagues under one location profile see each other's extension, everybody else the whole number. */
export function callerSeenBy(callee: DirectoryUser, caller: Caller, directory: Directory): CallerNumber | undefined {
  const { seen, shown, presentation } = caller;
  if (seen?.extension === undefined || directory.profileOf(seen) !== directory.profileOf(callee)) return shown.number;
  return { digits: seen.extension, type: 'unknown', plan: 'private', presentation, screening: 'passed' };
}
