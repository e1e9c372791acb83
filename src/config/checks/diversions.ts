/** Diversions: to somebody who is there, to a number that the policy allows, and never in a circle. */
import { compilePattern } from '../pattern.ts';
import type { Finding } from '../problem.ts';
import type { Site, UserSetting } from '../schema.ts';
import { known } from './names.ts';

/** Unknown users, numbers beyond `divertPattern`, and users whose calls go round for ever. */
export function userDiversions(site: Site): readonly Finding[] {
  const users = new Set(site.users.map(({ id }) => id));
  return site.users.flatMap((user, i): readonly Finding[] => [
    ...targetsOf(user).flatMap(([key, target]) => {
      const path = ['users', i, 'diversions', key];
      if ('user' in target) return known(target.user, users, 'user', ['users'], [...path, 'user']);
      return allowed(user, target.number, site) ? [] : [{ ...BEYOND, path: [...path, 'number'] }];
    }),
    ...(user.ringList?.users ?? []).flatMap((name, j) =>
      known(name, users, 'user', ['users'], ['users', i, 'ringList', 'users', j]),
    ),
    ...(returns(user, site) ? [{ ...CIRCLE, path: ['users', i, 'diversions', everyCall(user)?.[0] ?? ''] }] : []),
  ]);
}

const BEYOND = {
  what: 'is a number that the policy does not allow',
  mend: 'divert to one that divertPattern matches',
  needs: ['policies'],
};
const CIRCLE = {
  what: 'leads in a circle, so that nobody is rung',
  mend: 'let one of the users have his calls rung',
  needs: ['users'],
};

type Target = { readonly user: string } | { readonly number: string };

const REASONS = ['always', 'busy', 'noAnswer', 'offline'] as const;

function targetsOf({ diversions }: UserSetting): readonly (readonly [string, Target])[] {
  return REASONS.flatMap((reason) => {
    const target = diversions?.[reason];
    return target === undefined ? [] : [[reason, target] as const];
  });
}

function allowed(user: UserSetting, number: string, site: Site): boolean {
  const pattern = site.policies.find(({ id }) => id === user.policy)?.divertPattern;
  const compiled = pattern === undefined ? undefined : compilePattern(pattern);
  // A pattern that doesn't compile is a finding of its own.
  return compiled?.ok !== true || compiled.value(number) !== undefined;
}

/** Where every call to him goes, and by which setting; undefined: his phones ring. */
function everyCall({ diversions }: UserSetting): readonly [string, Target] | undefined {
  if (diversions?.always !== undefined) return ['always', diversions.always];
  if (diversions?.doNotDisturb !== true || diversions.busy === undefined) return undefined;
  return ['busy', diversions.busy];
}

/** Whether the calls of a user, always diverted from one to the next, come back to him. */
function returns(user: UserSetting, site: Site): boolean {
  const next = (from: UserSetting): UserSetting | undefined => {
    const target = everyCall(from)?.[1];
    if (target === undefined) return undefined;
    return site.users.find(({ id, number }) => ('user' in target ? id === target.user : number === target.number));
  };
  const seen = new Set<string>();
  for (let at = next(user); at !== undefined && !seen.has(at.id); at = next(at)) {
    if (at.id === user.id) return true;
    seen.add(at.id);
  }
  return false;
}
