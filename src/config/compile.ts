/** From the site's configuration to the directory file: defaults resolved, passwords turned into hashes. */
import { createHash } from 'node:crypto';
import { causeOf } from '../call/cause.ts';
import {
  DIRECTORY_FORMAT,
  type DirectoryCarrierGroup,
  type DirectoryDid,
  type DirectoryDidTarget,
  type DirectoryFile,
  type DirectoryGateway,
  type DirectoryNumberRule,
  type DirectoryRoute,
  type DirectoryUser,
} from '../routing/directory-file.ts';
import type { Inward, Outward } from '../routing/permissions.ts';
import type { DigestAlgorithm } from './schema/fields.ts';
import type { Site, UserSetting } from './schema.ts';

/** Equal numbers, users and routes give an equal file, revision included. The file holds digest hashes: keep it private. */
export function compileDirectory(site: Site): DirectoryFile {
  const contents = {
    realm: realmOf(site),
    domain: site.site.domain,
    profile: site.site.profile,
    timezone: site.site.timezone,
    numberLists: site.numberLists.map(({ id, patterns, anonymous }) => ({ id, patterns, anonymous })),
    calendars: site.calendars.map(({ id, timezone = site.site.timezone, hours, holidays }) => ({
      id,
      timezone,
      hours,
      holidays,
    })),
    users: site.users.map((user) => compileUser(user, site)),
    devices: site.devices,
    profiles: site.profiles.map(({ id, rules }) => ({
      id,
      rules: rules.map(({ name, pattern, translation }) => ({ name, pattern, translation })),
    })),
    dids: site.dids.map(
      ({ number, to, backups }): DirectoryDid => ({
        ...number,
        targets: [to, ...backups] satisfies DirectoryDidTarget[],
      }),
    ),
    lastResort: site.lastResort,
    announcements: site.announcements.map(({ id, answers, times, cause = answers ? 16 : 31 }) => ({
      id,
      answers,
      times,
      cause: causeOf(cause),
    })),
    branches: site.branches.map(({ id, prefixes, gateways }) => ({ id, prefixes, gateways })),
    routes: site.routes.map((route) => compileRoute(route, site)),
    gateways: compileGateways(site),
    emergency: {
      numbers: site.emergency.numbers,
      prefixes: site.emergency.habitualPrefixes,
      gateways: site.emergency.gateways ?? gatewayIds(site).filter((id) => !site.emergency.test?.gateways.includes(id)),
      ...compileTest(site),
      locateBy: site.emergency.locateBy,
      locations: site.emergency.locations.map(({ name, ...location }) => ({ ...location, name: name ?? location.id })),
    },
  };
  return { format: DIRECTORY_FORMAT, revision: revisionOf(contents), ...contents };
}

export const realmOf = (site: Site): string => site.sip.realm ?? site.site.domain;

/** The first 16 hexadecimal digits of the SHA-256 of the contents. */
export function revisionOf(contents: Omit<DirectoryFile, 'format' | 'revision'>): string {
  return createHash('sha256').update(JSON.stringify(contents)).digest('hex').slice(0, 16);
}

/** How emergency calls are tried out. */
function compileTest({ emergency: { test, numbers } }: Site): Pick<DirectoryFile['emergency'], 'test'> {
  if (test === undefined) return {};
  const { number, dials = numbers[0] ?? '911', gateways } = test;
  return { test: { number, dials, gateways } };
}

const gatewayIds = (site: Site): readonly string[] => [...site.spanGroups, ...site.sipTrunks].map(({ id }) => id);

/** What colleagues dial: the id itself where it is made of digits. */
export const extensionOf = (user: UserSetting): string | undefined =>
  user.extension ?? (/^\d+$/.test(user.id) ? user.id : undefined);

export const profileOf = (user: UserSetting, site: Site): string => user.profile ?? site.site.profile;

function compileUser(user: UserSetting, site: Site): DirectoryUser {
  const pattern = site.policies.find(({ id }) => id === user.policy)?.divertPattern;
  return {
    id: user.id,
    name: user.name,
    aor: `sip:${user.id}@${site.site.domain.toLowerCase()}`,
    extension: extensionOf(user),
    aliases: user.aliases,
    number: user.number,
    profile: user.profile,
    policy: user.policy,
    usages: usagesOf(user.policy, site) ?? [],
    outward: compileOutward(user, site),
    ...(user.diversions === undefined ? {} : { diversions: { ...user.diversions, pattern } }),
    ...(user.ringList === undefined ? {} : { ringList: user.ringList }),
    quickDial: user.quickDial,
    digest: digestOf(user, site),
  };
}

/** The user's own settings, else his policy's; undefined where nothing restricts him. */
function compileOutward({ blocked, policy, ...own }: UserSetting, { policies }: Site): Outward | undefined {
  const shared = policies.find(({ id }) => id === policy);
  const pstn = own.pstn ?? shared?.pstn ?? true;
  const barred = own.barred ?? shared?.barred ?? [];
  const callsAtOnce = own.callsAtOnce ?? shared?.callsAtOnce;
  const quota = own.quota ?? shared?.quota;
  const free = !blocked && pstn && barred.length === 0 && callsAtOnce === undefined && quota === undefined;
  if (free) return undefined;
  const spending = quota === undefined ? undefined : { ...quota, calls: quota.calls, minutes: quota.minutes };
  return { blocked, pstn, barred, callsAtOnce, quota: spending };
}

function compileInward({ inward }: Pick<AnyGateway, 'inward'>): Inward | undefined {
  return inward === undefined
    ? undefined
    : { blocked: inward.blocked, reject: inward.reject, accept: inward.accept, hours: inward.hours };
}

function usagesOf(policy: string | undefined, site: Site): readonly string[] | undefined {
  return policy === undefined ? undefined : site.policies.find(({ id }) => id === policy)?.usages;
}

/** The algorithms for which the user has a hash, in the order in which they are offered. */
function digestOf(user: UserSetting, site: Site): DirectoryUser['digest'] {
  return (user.digest ?? site.sip.digest).flatMap((algorithm) => {
    const ha1 = user.password === undefined ? user.ha1?.[algorithm] : hash(algorithm, user, realmOf(site));
    return ha1 === undefined ? [] : [{ algorithm, ha1: ha1.toLowerCase() }];
  });
}

const OPENSSL_NAME: Readonly<Record<DigestAlgorithm, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
};

function hash(algorithm: DigestAlgorithm, user: UserSetting, realm: string): string {
  return createHash(OPENSSL_NAME[algorithm]).update(`${user.id}:${realm}:${user.password}`).digest('hex');
}

/** A route's carriers in the order in which they are tried; gateways without a carrier are one group. */
function compileRoute(
  { id, pattern, prefixes, usages, gateways, carriers, ranking }: Site['routes'][number],
  site: Site,
): DirectoryRoute {
  const groups: DirectoryCarrierGroup[] =
    carriers === undefined
      ? [{ carrier: undefined, priority: 1, cost: 0, gateways: gateways ?? [] }]
      : carriers
          .toSorted((a, b) => a.priority - b.priority || a.cost - b.cost)
          .map((one) => {
            const carried = site.carriers.find((carrier) => carrier.id === one.carrier)?.gateways ?? [];
            return { ...one, gateways: carried };
          });
  return { id, pattern, prefixes: prefixes ?? [], usages, ranking, groups };
}

type AnyGateway = Site['spanGroups'][number] | Site['sipTrunks'][number];

function compileGateways(site: Site): readonly DirectoryGateway[] {
  const common = ({ id, profile, policy, callerId, mainNumber, out, in: rulesIn, ...rest }: AnyGateway) => ({
    id,
    inward: compileInward(rest),
    profile,
    policy,
    usages: usagesOf(policy, site),
    callerId,
    mainNumber,
    rulesOut: out.map(compileNumberRule),
    rulesIn: rulesIn.map(compileNumberRule),
  });
  return [
    ...site.spanGroups.map(
      (group): DirectoryGateway => ({
        type: 'span-group',
        ...common(group),
        spans: group.spans,
        hunting: group.hunting,
        countryCode: group.countryCode,
        numberType: group.numberType,
        strip: group.strip,
        prefix: group.prefix,
      }),
    ),
    ...site.sipTrunks.map(
      (trunk): DirectoryGateway => ({
        type: 'sip-trunk',
        ...common(trunk),
        // Only where we ask the peer for a certificate does one prove anything.
        proof: trunk.transport === 'tls' && site.sip.tls?.ca !== undefined ? 'certificate' : 'address',
        enumZone: trunk.enumZone,
        geolocation: trunk.geolocation,
      }),
    ),
  ];
}

function compileNumberRule(rule: AnyGateway['out'][number]): DirectoryNumberRule {
  const { pattern, translation, strip, prefix, numberType, plan } = rule;
  const change =
    translation === undefined
      ? ({ type: 'strip', strip, prefix } as const)
      : { type: 'translate' as const, translation };
  return { pattern, change, numberType, plan };
}
