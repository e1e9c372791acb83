/** Diversions and ring lists of a user: what he wants to become of his calls. */
import type { CallerNumber, Redirecting, RedirectReason } from '../call/number.ts';
import { type Millis, seconds } from '../kernel/time.ts';
import type { Hop, Turn } from './decision.ts';
import type { DirectoryRingList, DirectoryUser } from './directory-file.ts';

/** One who has diverted this call, and why. */
export interface Diverter {
  readonly user: DirectoryUser;
  readonly reason: RedirectReason;
}

/** More diversions than this, ours and those before us, are a loop (Q.952 leaves the number to the network; five is usual). */
const MOST_DIVERSIONS = 5;

/** The name of a diverter as the called side is told: his number, else his extension (RFC 5806 §4; Q.931 §4.6.7). */
function redirectingOf({ user, reason }: Diverter): Redirecting {
  const common = { presentation: 'allowed', screening: 'passed' } as const;
  const number: CallerNumber =
    user.number === undefined
      ? { digits: user.extension ?? user.id, type: 'unknown', plan: 'private', ...common }
      : { digits: user.number.slice(1), type: 'international', plan: 'isdn', ...common };
  return { number, reason };
}

/**
 * Why a diversion may not be followed: the call has been diverted too often, or it has been to this target before. `before`: the
 * diversions with which the call came to us; `number`: of the target, in E.164.
 */
export function loops(
  diverters: readonly Diverter[],
  before: readonly Redirecting[],
  target: { readonly user: string | undefined; readonly number: string | undefined },
): string | undefined {
  if (diverters.length + before.length > MOST_DIVERSIONS) return 'it has been diverted too often';
  const again =
    diverters.some(({ user }) => user.id === target.user) ||
    (target.number !== undefined &&
      before.some(({ number: { digits, type } }) => type === 'international' && `+${digits}` === target.number));
  return again ? 'it has been there before' : undefined;
}

/** Hops as they are after a diversion, with what may follow each of them: on the account of the last who diverted to there. */
export function diverted(hops: readonly Hop[], by: Diverter): readonly Hop[] {
  return hops.map((hop): Hop => {
    const { together, after, diverted: others = [], charged = by.user.id } = hop;
    const then = Object.entries(after ?? {}).map(([ending, next]) => [ending, diverted(next, by)]);
    return {
      ...hop,
      charged,
      diverted: [...others, redirectingOf(by)],
      ...(together === undefined ? {} : { together: diverted(together, by) }),
      ...(after === undefined ? {} : { after: Object.fromEntries(then) }),
    };
  });
}

/** The user's own hop and those of his ring list as one; the last of them has `turn`. Undefined where nobody can be rung. */
export function rung(hops: readonly Hop[], list: DirectoryRingList | undefined, turn: Turn): Hop | undefined {
  const [first, ...others] = hops;
  if (first === undefined) return undefined;
  if (list?.order !== 'in-turn') return { ...first, ...turn, ...(others.length === 0 ? {} : { together: others }) };
  const ring: Millis = seconds(list.seconds);
  const following = rung(others, list, turn);
  return following === undefined ? { ...first, ...turn } : { ...first, ring, after: { any: [following] } };
}
