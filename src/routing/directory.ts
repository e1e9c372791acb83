/** The directory as the router holds it: an immutable value in memory, every look-up by map or trie. */
import { fail, ok, type Result } from '../kernel/result.ts';
import type { DirectoryDid, DirectoryFile, DirectoryGateway, DirectoryRoute, DirectoryUser } from './directory-file.ts';
import { PrefixTable } from './prefix-table.ts';

/** A compiled pattern: the groups of a match, the whole at 0; undefined where the text doesn't match. */
export type Matcher = (text: string) => readonly string[] | undefined;

/** Compiles an operator's pattern in time linear in the text; the error says what is wrong with it. */
export type PatternCompiler = (pattern: string) => Result<Matcher, string>;

export interface Rule {
  readonly match: Matcher;
  readonly pattern: string;
  readonly translation: string;
}

export interface IndexedRoute extends DirectoryRoute {
  /** Its place in the order of routes. */
  readonly place: number;
}

export interface Directory {
  readonly revision: string;
  readonly realm: string;
  readonly gateways: ReadonlyMap<string, DirectoryGateway>;
  userById(id: string): DirectoryUser | undefined;
  /** By id or alias: what may stand left of the @. */
  userByName(name: string): DirectoryUser | undefined;
  userByNumber(number: string): DirectoryUser | undefined;
  userByExtension(profile: string, extension: string): DirectoryUser | undefined;
  profile(id: string): readonly Rule[] | undefined;
  did(number: string): DirectoryDid | undefined;
  /** All routes whose prefix or pattern matches, in route order. */
  routesFor(number: string): readonly IndexedRoute[];
  /** The emergency number in `digits`, with any habitual prefix taken off. */
  emergencyNumber(digits: string): string | undefined;
  readonly emergencyGateways: readonly string[];
}

/** Indexes a directory file. Fails with the patterns that don't compile, each with its place. */
export function buildDirectory(file: DirectoryFile, compile: PatternCompiler): Result<Directory, readonly string[]> {
  const faults: string[] = [];
  const matcher = (pattern: string, place: string): Matcher => {
    const compiled = compile(pattern);
    if (compiled.ok) return compiled.value;
    faults.push(`${place}: ${compiled.error}`);
    return () => undefined;
  };
  const profiles = new Map(
    file.profiles.map(({ id, rules }) => [
      id,
      rules.map((rule, i): Rule => ({ ...rule, match: matcher(rule.pattern, `profiles.${id}.rules[${i}]`) })),
    ]),
  );
  const routesFor = routeFinder(file.routes, matcher);
  if (faults.length > 0) return fail(faults);
  const users = userIndex(file.users);
  const emergency = emergencyIndex(file.emergency);
  const dids = didIndex(file.dids);
  return ok({
    revision: file.revision,
    realm: file.realm,
    gateways: new Map(file.gateways.map((gateway) => [gateway.id, gateway])),
    userById: (id) => users.byId.get(id),
    userByName: (name) => users.byName.get(name),
    userByNumber: (number) => users.byNumber.get(number),
    userByExtension: (profile, extension) => users.byExtension.get(`${profile} ${extension}`),
    profile: (id) => profiles.get(id),
    did: dids,
    routesFor,
    emergencyNumber: (digits) => emergency.get(digits),
    emergencyGateways: file.emergency.gateways,
  });
}

function userIndex(users: readonly DirectoryUser[]) {
  const byId = new Map<string, DirectoryUser>();
  const byName = new Map<string, DirectoryUser>();
  const byNumber = new Map<string, DirectoryUser>();
  const byExtension = new Map<string, DirectoryUser>();
  for (const user of users) {
    byId.set(user.id, user);
    for (const name of [user.id, ...user.aliases]) byName.set(name, user);
    if (user.number !== undefined) byNumber.set(user.number, user);
    if (user.extension !== undefined) byExtension.set(`${user.profile} ${user.extension}`, user);
  }
  return { byId, byName, byNumber, byExtension };
}

function emergencyIndex({ numbers, prefixes }: DirectoryFile['emergency']): ReadonlyMap<string, string> {
  const index = new Map<string, string>();
  for (const number of numbers) for (const prefix of prefixes) index.set(prefix + number, number);
  // A number in its own right wins over a shorter one behind a prefix: 9911 may itself be listed.
  for (const number of numbers) index.set(number, number);
  return index;
}

/** Ranges don't overlap (the configuration check sees to it), so the last one that begins at or before is the only one. */
function didIndex(dids: readonly DirectoryDid[]): (number: string) => DirectoryDid | undefined {
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

function routeFinder(
  routes: readonly DirectoryRoute[],
  matcher: (pattern: string, place: string) => Matcher,
): Directory['routesFor'] {
  const byPrefix = new PrefixTable<IndexedRoute>();
  const byPattern: { readonly route: IndexedRoute; readonly match: Matcher }[] = [];
  routes.forEach((plain, place) => {
    const route = { ...plain, place };
    for (const prefix of plain.prefixes) byPrefix.add(prefix, route);
    if (plain.pattern !== undefined) {
      byPattern.push({ route, match: matcher(plain.pattern, `routes.${plain.id}.pattern`) });
    }
  });
  return (number) => {
    const found = new Set(byPrefix.along(number));
    for (const { route, match } of byPattern) if (match(number) !== undefined) found.add(route);
    return [...found].sort((a, b) => a.place - b.place);
  };
}
