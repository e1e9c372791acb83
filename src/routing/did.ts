/** Calls to our numbers from outside: who answers for a number, and who stands in for him. */
import type { Caller } from './caller.ts';
import type { Hop } from './decision.ts';
import type { DirectoryDid, DirectoryDidTarget } from './directory-file.ts';
import { type LeaveOutcome, leave } from './leave.ts';
import type { Resolving } from './resolving.ts';
import { ring } from './ring.ts';
import type { Stage } from './stage.ts';
import { hopName } from './trace.ts';

/**
 * The DID's targets that can be reached now, in order, then the registrar's owner of the number, then the last resort: all
 * are hops, so that each stands in for the one before; nothing follows an announcement. Undefined: the number is not in the table.
 */
export function reachDid(number: string, caller: Caller, at: Resolving): LeaveOutcome | undefined {
  const { directory, trace } = at;
  const did = directory.did(number);
  if (did === undefined) {
    trace.note({ name: 'did', saw: 'no-did', number });
    return undefined;
  }
  const hops: Hop[] = [];
  for (const { target, stage } of targetsOf(number, did, at)) {
    trace.note(stage);
    const outcome = reach(target, caller, at);
    if (outcome?.type === 'ask') return outcome;
    if (outcome?.type === 'hops') for (const hop of outcome.hops) if (!stands(hops, hop)) hops.push(hop);
    if ('announcement' in target && hops.length > 0) break;
  }
  if (hops.length > 0) return { type: 'hops', hops };
  const absent = did.targets.some((target) => 'user' in target);
  const stage = { name: 'did', saw: 'no-target', number } as const;
  return trace.refuse(absent ? 'user-not-registered' : 'no-gateway-available', stage);
}

interface DidTarget {
  readonly target: DirectoryDidTarget;
  readonly stage: Stage;
}

function targetsOf(number: string, { targets }: DirectoryDid, { directory }: Resolving): readonly DidTarget[] {
  const name = 'did';
  const all = targets.map(
    (target, place): DidTarget => ({ target, stage: { name, saw: 'target', number, target, place } }),
  );
  const owner = directory.userByNumber(number);
  // The table may name him already.
  if (owner !== undefined && !targets.some((target) => 'user' in target && target.user === owner.id)) {
    all.push({ target: { user: owner.id }, stage: { name, saw: 'owner', number, user: owner.id } });
  }
  const target = directory.lastResort;
  if (target !== undefined) all.push({ target, stage: { name, saw: 'last-resort', number, target } });
  return all;
}

/** An announcement can always be heard. A number outside goes by the routes that are open to all, also back the way the call came. */
function reach(target: DirectoryDidTarget, caller: Caller, at: Resolving): LeaveOutcome | undefined {
  if ('announcement' in target) {
    const announcement = at.directory.announcement(target.announcement);
    return announcement && { type: 'hops', hops: [{ ...announcement, type: 'announcement', caller: undefined }] };
  }
  if ('number' in target) return leave({ ...at, number: target.number, caller: { ...caller, gateway: undefined } }, []);
  const user = at.directory.userById(target.user);
  return user === undefined ? undefined : ring(user, caller, at);
}

/** Whether a hop to the same place stands in the line already. */
const stands = (hops: readonly Hop[], hop: Hop): boolean =>
  hops.some((other) => other.type === hop.type && hopName(other) === hopName(hop));
