/** The directory as the router holds it: an immutable value in memory, every look-up by map or trie. */
import { fail, ok, type Result } from '../kernel/result.ts';
import { type Calendar, calendarOf, type ZoneClock, zoneClock } from './calendar.ts';
import type {
  DirectoryAnnouncement,
  DirectoryBranch,
  DirectoryDevice,
  DirectoryDid,
  DirectoryDidTarget,
  DirectoryFile,
  DirectoryGateway,
  DirectoryNumberRule,
  DirectoryRoute,
  DirectoryRule,
  DirectoryUser,
  EmergencyTest,
} from './directory-file.ts';
import { didIndex, emergencyIndex, userIndex } from './directory-index.ts';
import { LOCATORS, type LocationIndex, type Locator, locationIndex } from './location.ts';
import { type NumberRule, numberChange, type Translation, translation } from './number-rules.ts';
import type { Matcher, PatternCompiler } from './pattern.ts';
import { PrefixTable } from './prefix-table.ts';
import type { Turn } from './stage.ts';

export interface Rule extends DirectoryRule {
  readonly match: Matcher;
  readonly translate: Translation;
}

export interface IndexedRoute extends Pick<DirectoryRoute, 'id' | 'usages' | 'ranking'> {
  /** Its place in the order of routes. */
  readonly place: number;
  readonly groups: readonly IndexedGroup[];
}

/** Gateways that take turns, in order. */
export interface IndexedGroup {
  /** The name of its cursor: the route's, and the carrier's where it has one. */
  readonly cursor: string;
  readonly turns: readonly Turn[];
}

/** A gateway with its number rules compiled. */
export type Gateway = DirectoryGateway & { readonly in: readonly NumberRule[]; readonly out: readonly NumberRule[] };

/** Numbers by pattern. */
export interface NumberList {
  /** Holds callers whose number is withheld or unknown. */
  readonly anonymous: boolean;
  /** The first pattern that matches the number. */
  pattern(number: string): string | undefined;
}

export interface Directory {
  readonly revision: string;
  readonly realm: string;
  readonly domain: string;
  /** The location profile of who names none and has none. */
  readonly siteProfile: string;
  readonly gateways: ReadonlyMap<string, Gateway>;
  /** The site's, of the IANA database. */
  readonly timezone: string;
  /** The site's own clock. */
  readonly siteClock: ZoneClock;
  numberList(id: string): NumberList | undefined;
  calendar(id: string): Calendar | undefined;
  userById(id: string): DirectoryUser | undefined;
  /** By id or alias: what may stand left of the @. */
  userByName(name: string): DirectoryUser | undefined;
  userByAlias(alias: string): DirectoryUser | undefined;
  userByNumber(number: string): DirectoryUser | undefined;
  userByExtension(profile: string, extension: string): DirectoryUser | undefined;
  profileOf(user: DirectoryUser): string;
  deviceAt(address: string): DirectoryDevice | undefined;
  profile(id: string): readonly Rule[] | undefined;
  /** Whether calls may be diverted to the number by a user with this pattern. */
  diverts(pattern: string, number: string): boolean;
  did(number: string): DirectoryDid | undefined;
  readonly lastResort: DirectoryDidTarget | undefined;
  announcement(id: string): DirectoryAnnouncement | undefined;
  /** Sister branches to which the number belongs, the longest prefix first. */
  branchesFor(number: string): readonly DirectoryBranch[];
  /** All routes whose prefix or pattern matches, in route order. */
  routesFor(number: string): readonly IndexedRoute[];
  /** Whether `digits` mean an emergency at any place of the site. */
  emergencyAnywhere(digits: string): boolean;
  /** The emergency number in `digits`, with any habitual prefix taken off; a place may have numbers of its own. */
  emergencyNumber(digits: string, location?: string): string | undefined;
  readonly locations: LocationIndex;
  /** What is called for an emergency service that was asked for by name. */
  readonly emergencyDefault: string;
  readonly emergencyGateways: readonly string[];
  readonly emergencyTest: EmergencyTest | undefined;
  /** What says where a caller is, the first that knows. */
  readonly locateBy: readonly Locator[];
  /** Trunks that reach numbers by their names in the DNS. */
  readonly enumTrunks: readonly { readonly id: string; readonly zone: string }[];
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
      rules.map(
        (rule, i): Rule => ({
          ...rule,
          match: matcher(rule.pattern, `profiles.${id}.rules[${i}]`),
          translate: translation(rule.translation),
        }),
      ),
    ]),
  );
  const routesFor = routeFinder(file.routes, matcher);
  const gateways = new Map(file.gateways.map((gateway) => [gateway.id, withRules(gateway, matcher)]));
  const lists = new Map(
    file.numberLists.map(({ id, patterns, anonymous }) => {
      const compiled = patterns.map((pattern, i) => ({
        pattern,
        match: matcher(pattern, `numberLists.${id}.patterns[${i}]`),
      }));
      const pattern = (number: string) => compiled.find(({ match }) => match(number) !== undefined)?.pattern;
      return [id, { anonymous, pattern }];
    }),
  );
  const targets = new Map<string, Matcher>();
  for (const { id, diversions } of file.users) {
    const pattern = diversions?.pattern;
    if (pattern === undefined || targets.has(pattern)) continue;
    targets.set(pattern, matcher(pattern, `users.${id}.diversions.pattern`));
  }
  if (faults.length > 0) return fail(faults);
  const calendars = new Map(file.calendars.map((calendar) => [calendar.id, calendarOf(calendar)]));
  const announcements = new Map(file.announcements.map((announcement) => [announcement.id, announcement]));
  const users = userIndex(file.users, file.profile);
  const emergency = emergencyIndex(file.emergency);
  const { locations = [], prefixes } = file.emergency;
  const local = new Map(locations.map(({ id, numbers }) => [id, emergencyIndex({ numbers, prefixes })]));
  const everywhere = new Set([emergency, ...local.values()].flatMap((index) => [...index.keys()]));
  const devices = new Map(file.devices.flatMap((device) => device.addresses.map((address) => [address, device])));
  const branches = new PrefixTable<DirectoryBranch>();
  for (const branch of file.branches) for (const prefix of branch.prefixes) branches.add(prefix, branch);
  return ok({
    revision: file.revision,
    realm: file.realm,
    domain: file.domain,
    siteProfile: file.profile,
    gateways,
    timezone: file.timezone,
    siteClock: zoneClock(file.timezone),
    numberList: (id) => lists.get(id),
    calendar: (id) => calendars.get(id),
    userById: (id) => users.byId.get(id),
    userByName: (name) => users.byId.get(name) ?? users.byAlias.get(name),
    userByAlias: (alias) => users.byAlias.get(alias),
    userByNumber: (number) => users.byNumber.get(number),
    userByExtension: (profile, extension) => users.byExtension.get(profile)?.get(extension),
    profileOf: (user) => user.profile ?? file.profile,
    deviceAt: (address) => devices.get(address),
    profile: (id) => profiles.get(id),
    diverts: (pattern, number) => targets.get(pattern)?.(number) !== undefined,
    did: didIndex(file.dids),
    lastResort: file.lastResort,
    announcement: (id) => announcements.get(id),
    branchesFor: (number) => branchesOf(branches, number),
    routesFor,
    emergencyAnywhere: (digits) => everywhere.has(digits),
    emergencyNumber: (digits, location) => emergency.get(digits) ?? local.get(location ?? '')?.get(digits),
    locations: locationIndex(locations),
    emergencyDefault: file.emergency.numbers[0] ?? '911',
    emergencyGateways: file.emergency.gateways,
    emergencyTest: file.emergency.test,
    locateBy: file.emergency.locateBy ?? LOCATORS,
    enumTrunks: file.gateways.flatMap((gateway) =>
      gateway.type === 'sip-trunk' && gateway.enumZone !== undefined
        ? [{ id: gateway.id, zone: gateway.enumZone }]
        : [],
    ),
  });
}

function branchesOf(branches: PrefixTable<DirectoryBranch>, number: string): readonly DirectoryBranch[] {
  const found: DirectoryBranch[] = [];
  branches.along(number, (branch) => found.unshift(branch));
  return found.length < 2 ? found : [...new Set(found)];
}

function withRules(gateway: DirectoryGateway, matcher: (pattern: string, place: string) => Matcher): Gateway {
  const compiled = (rules: readonly DirectoryNumberRule[], way: string): readonly NumberRule[] =>
    rules.map(({ pattern, change, numberType, plan }, i) => {
      const match = pattern === undefined ? undefined : matcher(pattern, `gateways.${gateway.id}.${way}[${i}]`);
      return { match, change: numberChange(change), numberType, plan };
    });
  return { ...gateway, in: compiled(gateway.rulesIn, 'in'), out: compiled(gateway.rulesOut, 'out') };
}

function routeFinder(
  routes: readonly DirectoryRoute[],
  matcher: (pattern: string, place: string) => Matcher,
): Directory['routesFor'] {
  const byPrefix = new PrefixTable<IndexedRoute>();
  const byPattern: { readonly route: IndexedRoute; readonly match: Matcher }[] = [];
  routes.forEach((plain, place) => {
    const { id, usages, ranking } = plain;
    const groups = plain.groups.map(({ carrier, cost, gateways }) => ({
      cursor: carrier === undefined ? id : `${id}/${carrier}`,
      turns: gateways.map((gateway) => ({ gateway, carrier, cost })),
    }));
    const route: IndexedRoute = { id, usages, ranking, place, groups };
    for (const prefix of plain.prefixes) byPrefix.add(prefix, route);
    if (plain.pattern !== undefined) {
      byPattern.push({ route, match: matcher(plain.pattern, `routes.${plain.id}.pattern`) });
    }
  });
  return (number) => {
    const found: IndexedRoute[] = [];
    byPrefix.along(number, (route) => insert(found, route));
    for (const { route, match } of byPattern) if (match(number) !== undefined) insert(found, route);
    return found;
  };
}

/** Into its place in the order of routes, once: two prefixes of one route may both match. A number has few routes. */
function insert(found: IndexedRoute[], route: IndexedRoute): void {
  let at = found.length;
  while (at > 0 && (found[at - 1]?.place ?? 0) > route.place) at--;
  if (at > 0 && found[at - 1] === route) return;
  found.push(route);
  for (let i = found.length - 1; i > at; i--) found[i] = found[i - 1] ?? route;
  found[at] = route;
}
