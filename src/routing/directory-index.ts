/** The maps behind the directory's look-ups. */
import type { DirectoryDid, DirectoryFile, DirectoryUser } from './directory-file.ts';

export interface UserIndex {
  readonly byId: ReadonlyMap<string, DirectoryUser>;
  readonly byAlias: ReadonlyMap<string, DirectoryUser>;
  readonly byNumber: ReadonlyMap<string, DirectoryUser>;
  /** By location profile, within which alone an extension means something, then by extension. */
  readonly byExtension: ReadonlyMap<string, ReadonlyMap<string, DirectoryUser>>;
}

/** Users by everything that they are found by. */
export function userIndex(users: readonly DirectoryUser[], siteProfile: string): UserIndex {
  const byId = new Map<string, DirectoryUser>();
  const byAlias = new Map<string, DirectoryUser>();
  const byNumber = new Map<string, DirectoryUser>();
  const byExtension = new Map<string, Map<string, DirectoryUser>>();
  for (const user of users) {
    byId.set(user.id, user);
    for (const alias of user.aliases) byAlias.set(alias, user);
    if (user.number !== undefined) byNumber.set(user.number, user);
    if (user.extension === undefined) continue;
    const profile = user.profile ?? siteProfile;
    const there = byExtension.get(profile) ?? new Map<string, DirectoryUser>();
    byExtension.set(profile, there.set(user.extension, user));
  }
  return { byId, byAlias, byNumber, byExtension };
}

/** What may be dialled for an emergency here, habitual prefixes included, and the number that it means. */
export function emergencyIndex({
  numbers,
  prefixes,
}: Pick<DirectoryFile['emergency'], 'numbers' | 'prefixes'>): ReadonlyMap<string, string> {
  const index = new Map<string, string>();
  for (const number of numbers) for (const prefix of prefixes) index.set(prefix + number, number);
  // A number in its own right wins over a shorter one behind a prefix: 9911 may itself be listed.
  for (const number of numbers) index.set(number, number);
  return index;
}

/** Ranges don't overlap (the configuration check sees to it), so the last one that begins at or before is the only one. */
export function didIndex(dids: readonly DirectoryDid[]): (number: string) => DirectoryDid | undefined {
  const byLength = new Map<number, DirectoryDid[]>();
  for (const did of dids) {
    const same = byLength.get(did.from.length);
    if (same === undefined) byLength.set(did.from.length, [did]);
    else same.push(did);
  }
  for (const same of byLength.values()) same.sort((a, b) => (a.from < b.from ? -1 : 1));
  return (number) => {
    const sorted = byLength.get(number.length) ?? [];
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle]?.from ?? '') <= number) low = middle + 1;
      else high = middle;
    }
    const candidate = sorted[low - 1];
    return candidate !== undefined && number <= candidate.to ? candidate : undefined;
  };
}
