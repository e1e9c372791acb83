/** A user is called: his phones, those of his ring list, and where he diverts his calls to. */
import type { RedirectReason } from '../call/number.ts';
import { seconds } from '../kernel/time.ts';
import { type Caller, callerSeenBy } from './caller.ts';
import type { Hop, Turn } from './decision.ts';
import type { DirectoryTarget, DirectoryUser } from './directory-file.ts';
import { type Diverter, diverted, loops, rung } from './divert.ts';
import { type LeaveOutcome, leave } from './leave.ts';
import type { Resolving } from './resolving.ts';

/** His phones, or where he diverts his calls to. `diverters`: who sent the call to him, the latest last. */
export function ring(
  user: DirectoryUser,
  caller: Caller,
  at: Resolving,
  diverters: readonly Diverter[] = NOBODY,
): LeaveOutcome {
  const { diversions, ringList } = user;
  const divert = (reason: RedirectReason, target: DirectoryTarget | undefined): LeaveOutcome | undefined =>
    target === undefined ? undefined : diversion(target, { user, reason }, diverters, caller, at);
  const always = divert('unconditional', diversions?.always);
  if (always !== undefined) return always;
  if (diversions?.doNotDisturb === true) {
    const stage = { name: 'diversion', saw: 'undisturbed', user: user.id } as const;
    return divert('busy', diversions.busy) ?? at.trace.refuse('do-not-disturb', stage);
  }
  const busy = divert('busy', diversions?.busy);
  const noAnswer = divert('no-answer', diversions?.noAnswer);
  if (busy?.type === 'ask') return busy;
  if (noAnswer?.type === 'ask') return noAnswer;
  const hop = rung(phonesOf(user, caller, at), ringList, turnOf(user, busy, noAnswer));
  if (hop !== undefined) return { type: 'hops', hops: [hop] };
  const absent = { name: 'reverse-lookup', saw: 'not-registered', user: user.id } as const;
  return divert('out-of-service', diversions?.offline) ?? at.trace.refuse('user-not-registered', absent);
}

const NOBODY: readonly Diverter[] = [];
const LAST: Turn = {};

/** What follows his phones where he is busy, or does not answer in time. */
function turnOf(
  { diversions }: DirectoryUser,
  busy: LeaveOutcome | undefined,
  noAnswer: LeaveOutcome | undefined,
): Turn {
  const onBusy = busy?.type === 'hops' ? { busy: busy.hops } : undefined;
  if (noAnswer?.type !== 'hops') return onBusy === undefined ? LAST : { after: onBusy };
  return { ring: seconds(diversions?.noAnswerSeconds ?? 0), after: { ...onBusy, noAnswer: noAnswer.hops } };
}

/** The user and those of his ring list who can be rung now. */
function phonesOf(user: DirectoryUser, caller: Caller, { directory, facts }: Resolving): readonly Hop[] {
  const hops: Hop[] = [];
  const add = (one: DirectoryUser): void => {
    if (!facts.registered.has(one.aor)) return;
    hops.push({ type: 'user', user: one.id, aor: one.aor, caller: callerSeenBy(one, caller, directory) });
  };
  add(user);
  // Who calls is not rung by his own call.
  for (const id of user.ringList?.users ?? []) {
    const other = directory.userById(id);
    const stays = id === user.id || id === caller.seen?.id || other?.diversions?.doNotDisturb === true;
    if (other !== undefined && !stays) add(other);
  }
  return hops;
}

/** To where a diverter wants it, by his permissions: who diverts, pays. `before`: who has diverted it to him. */
function diversion(
  target: DirectoryTarget,
  by: Diverter,
  before: readonly Diverter[],
  caller: Caller,
  at: Resolving,
): LeaveOutcome {
  const { directory, trace, query } = at;
  const { user, reason } = by;
  const diverters = [...before, by];
  const to = 'user' in target ? directory.userById(target.user) : directory.userByNumber(target.number);
  const number = 'number' in target ? target.number : to?.number;
  const name = to === undefined ? (number ?? 'nobody') : `user ${to.id}`;
  const stage = { name: 'diversion', user: user.id, to: name } as const;
  const loop = loops(diverters, query.redirecting ?? [], { user: to?.id, number });
  if (loop !== undefined) return trace.refuse('diversion-loop', { ...stage, saw: 'loop', why: loop });
  const pattern = user.diversions?.pattern;
  if ('number' in target && pattern !== undefined && !directory.diverts(pattern, target.number)) {
    return trace.refuse('diversion-not-allowed', { ...stage, saw: 'not-allowed', pattern });
  }
  trace.note({ ...stage, saw: 'diverts', reason });
  const paid: Caller = { ...caller, gateway: undefined, charged: user, usages: user.usages };
  const outcome =
    to === undefined
      ? leave({ ...at, number: number ?? '', caller: paid }, user.usages)
      : ring(to, caller, at, diverters);
  return outcome.type === 'hops' ? { type: 'hops', hops: diverted(outcome.hops, by) } : outcome;
}
