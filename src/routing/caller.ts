/** Who calls: what the directory knows of him, and which location profile and policy are his. */
import type { CallerNumber, Presentation } from '../call/number.ts';
import type { Directory, Gateway } from './directory.ts';
import type { DirectoryDevice, DirectoryUser } from './directory-file.ts';
import { type ShownCaller, wholeCaller } from './outward.ts';
import type { RoutingFacts, RoutingQuery } from './query.ts';
import type { ProfileOf } from './stage.ts';
import type { Trace } from './trace.ts';

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
  readonly profileOf: ProfileOf;
  /** Undefined: the call may not leave the enterprise. */
  readonly usages: readonly string[] | undefined;
  readonly shown: ShownCaller;
  readonly presentation: Presentation;
}

/** The caller of a query; what is found is noted in the trace, whether the directory knows him or not. */
export function callerOf(query: RoutingQuery, directory: Directory, facts: RoutingFacts, trace: Trace): Caller {
  const { source, caller, address, payer } = query;
  const seen = source.type === 'user' ? directory.userById(source.id) : undefined;
  const from =
    source.type === 'span-group' || source.type === 'sip-trunk' ? directory.gateways.get(source.id) : undefined;
  trace.note({
    name: 'source',
    saw: 'asked',
    source,
    known: seen !== undefined || from !== undefined,
    weak: from?.type === 'sip-trunk' && from.proof === 'address',
    dialled: query.dialled,
    at: facts.at,
    zone: directory.timezone,
    wan: facts.wan,
  });
  const paying = payer === undefined ? undefined : directory.userById(payer.user);
  const transferred = payer?.because === 'transfer';
  const user = transferred ? paying : seen;
  const gateway = transferred ? undefined : from;
  const device = address === undefined || gateway !== undefined ? undefined : directory.deviceAt(address);
  // A transfer is charged to who transfers, a diversion to who diverts; an unknown payer opens nothing.
  const usages = payer === undefined ? (user?.usages ?? gateway?.usages) : (paying?.usages ?? []);
  if (payer !== undefined) trace.note({ name: 'source', saw: 'payer', ...payer, usages: usages ?? [] });
  return {
    user,
    seen,
    gateway,
    charged: payer === undefined ? user : paying,
    profile: user?.profile ?? gateway?.profile ?? device?.profile ?? directory.siteProfile,
    profileOf: profileHolder(user, gateway, device),
    usages,
    shown: shownOf(seen, from, caller),
    presentation: caller?.presentation ?? 'allowed',
  };
}

function profileHolder(
  user: DirectoryUser | undefined,
  gateway: Gateway | undefined,
  device: DirectoryDevice | undefined,
): ProfileOf {
  if (user?.profile !== undefined) return 'user';
  if (gateway?.profile !== undefined) return 'gateway';
  return device === undefined ? 'site' : 'device';
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
