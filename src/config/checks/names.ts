/** Names: each means one thing, and what is referred to exists. */
import { type Finding, nearest, type PathPart } from '../problem.ts';
import type { Site } from '../schema.ts';

interface Named {
  readonly name: string;
  readonly path: readonly PathPart[];
}

/** Lists whose entries share one space of names. */
function nameSpaces(site: Site): readonly (readonly Named[])[] {
  const ids = (section: string, list: readonly { readonly id: string }[]): readonly Named[] =>
    list.map(({ id }, i) => ({ name: id, path: [section, i, 'id'] }));
  return [
    // Both name D-channels in logs and traces.
    [...ids('spans', site.spans), ...ids('nfas', site.nfas)],
    // Routes name span groups and SIP trunks alike.
    [...ids('spanGroups', site.spanGroups), ...ids('sipTrunks', site.sipTrunks)],
    ids('profiles', site.profiles),
    ids('policies', site.policies),
    ids('routes', site.routes),
    ids('numberLists', site.numberLists),
    ids('calendars', site.calendars),
    ids('devices', site.devices),
    site.devices.flatMap(({ addresses }, i) =>
      addresses.map((name, j) => ({ name, path: ['devices', i, 'addresses', j] })),
    ),
    ids('announcements', site.announcements),
    ids('branches', site.branches),
    ids('carriers', site.carriers),
    // Both may stand left of the @.
    site.users.flatMap((user, i) => [
      { name: user.id, path: ['users', i, 'id'] },
      ...user.aliases.map((name, j) => ({ name, path: ['users', i, 'aliases', j] })),
    ]),
    site.users.flatMap(({ number }, i) =>
      number === undefined ? [] : [{ name: number, path: ['users', i, 'number'] }],
    ),
  ];
}

export function duplicateNames(site: Site): readonly Finding[] {
  return nameSpaces(site).flatMap(repeated);
}

/** Every name after its first use. */
export function repeated(names: readonly Named[]): readonly Finding[] {
  const first = new Map<string, readonly PathPart[]>();
  const findings: Finding[] = [];
  for (const { name, path } of names) {
    const before = first.get(name);
    if (before === undefined) first.set(name, path);
    else findings.push({ path, what: `"${name}" is used already`, mend: 'give each its own', needs: [] });
  }
  return findings;
}

export function unknownNames(site: Site): readonly Finding[] {
  const gateways = new Set([...site.spanGroups, ...site.sipTrunks].map(({ id }) => id));
  const trunks = new Set(site.sipTrunks.map(({ id }) => id));
  const spans = new Set(site.spans.map(({ id }) => id));
  return [
    ...profileNames(site),
    ...permissionNames(site),
    ...site.spanGroups.flatMap((group, i) =>
      group.spans.flatMap((name, j) => known(name, spans, 'span', ['spans'], ['spanGroups', i, 'spans', j])),
    ),
    ...site.nfas.flatMap((group, i) =>
      group.spans.flatMap((name, j) => known(name, spans, 'span', ['spans'], ['nfas', i, 'spans', j])),
    ),
    ...site.routes.flatMap((route, i) => gatewayNames(route.gateways ?? [], gateways, ['routes', i])),
    ...site.carriers.flatMap((carrier, i) => gatewayNames(carrier.gateways, gateways, ['carriers', i])),
    ...site.branches.flatMap((branch, i) => gatewayNames(branch.gateways, gateways, ['branches', i])),
    ...carrierNames(site),
    ...testNames(site),
    ...gatewayNames(site.emergency.gateways ?? [], gateways, ['emergency']),
    ...(site.wan.trunks ?? []).flatMap((name, i) =>
      known(name, trunks, 'SIP trunk', ['sipTrunks'], ['wan', 'trunks', i]),
    ),
    ...didTargetNames(site),
  ];
}

function didTargetNames(site: Site): readonly Finding[] {
  const users = new Set(site.users.map(({ id }) => id));
  const announcements = new Set(site.announcements.map(({ id }) => id));
  return didTargetPlaces(site).flatMap(({ target, path }) => {
    if ('user' in target) return known(target.user, users, 'user', ['users'], [...path, 'user']);
    if (!('announcement' in target)) return [];
    const { announcement } = target;
    return known(announcement, announcements, 'announcement', ['announcements'], [...path, 'announcement']);
  });
}

/** Every place that calls from outside may be sent to. */
function didTargetPlaces(site: Site) {
  const places = site.dids.flatMap((did, i) =>
    [did.to, ...did.backups].map((target, j) => ({
      target,
      path: ['dids', i, ...(j === 0 ? ['to'] : ['backups', j - 1])],
    })),
  );
  return site.lastResort === undefined ? places : [...places, { target: site.lastResort, path: ['lastResort'] }];
}

function carrierNames(site: Site): readonly Finding[] {
  const carriers = new Set(site.carriers.map(({ id }) => id));
  return site.routes.flatMap(({ carriers: named = [] }, i) => [
    ...named.flatMap(({ carrier }, j) =>
      known(carrier, carriers, 'carrier', ['carriers'], ['routes', i, 'carriers', j, 'carrier']),
    ),
    ...repeated(named.map(({ carrier }, j) => ({ name: carrier, path: ['routes', i, 'carriers', j, 'carrier'] }))),
  ]);
}

/** The number lists and calendars that policies, users and gateways name. */
function permissionNames(site: Site): readonly Finding[] {
  const lists = new Set(site.numberLists.map(({ id }) => id));
  const calendars = new Set(site.calendars.map(({ id }) => id));
  const listed = (names: readonly string[] = [], path: readonly PathPart[]): readonly Finding[] => [
    ...names.flatMap((name, i) => known(name, lists, 'number list', ['numberLists'], [...path, i])),
    ...repeated(names.map((name, i) => ({ name, path: [...path, i] }))),
  ];
  const inward = (section: 'spanGroups' | 'sipTrunks'): readonly Finding[] =>
    site[section].flatMap((gateway, i) => {
      const path = [section, i, 'inward'];
      return [
        ...listed(gateway.inward?.reject, [...path, 'reject']),
        ...listed(gateway.inward?.accept, [...path, 'accept']),
        ...known(gateway.inward?.hours, calendars, 'calendar', ['calendars'], [...path, 'hours']),
      ];
    });
  return [
    ...site.policies.flatMap(({ barred }, i) => listed(barred, ['policies', i, 'barred'])),
    ...site.users.flatMap(({ barred }, i) => listed(barred, ['users', i, 'barred'])),
    ...inward('spanGroups'),
    ...inward('sipTrunks'),
  ];
}

/** What a dial-plan test names must be there, or it tests nothing. */
function testNames(site: Site): readonly Finding[] {
  const users = new Set(site.users.map(({ id }) => id));
  const gateways = new Set([...site.spanGroups, ...site.sipTrunks].map(({ id }) => id));
  const needs = ['users', 'spanGroups', 'sipTrunks'];
  return site.tests.flatMap(({ from, absent, down }, i) => [
    ...known(from, new Set([...users, ...gateways]), 'user, span group or SIP trunk', needs, ['tests', i, 'from']),
    ...absent.flatMap((name, j) => known(name, users, 'user', ['users'], ['tests', i, 'absent', j])),
    ...down.flatMap((name, j) => known(name, gateways, 'span group or SIP trunk', needs, ['tests', i, 'down', j])),
  ]);
}

/** Profiles and policies, which several kinds of settings name. */
function profileNames(site: Site): readonly Finding[] {
  const profiles = new Set(site.profiles.map(({ id }) => id));
  const policies = new Set(site.policies.map(({ id }) => id));
  const holders = [
    ...site.users.map((holder, i) => ({ holder, path: ['users', i] })),
    ...site.spanGroups.map((holder, i) => ({ holder, path: ['spanGroups', i] })),
    ...site.sipTrunks.map((holder, i) => ({ holder, path: ['sipTrunks', i] })),
  ];
  return [
    ...known(site.site.profile, profiles, 'location profile', ['profiles'], ['site', 'profile']),
    ...site.devices.flatMap(({ profile }, i) =>
      known(profile, profiles, 'location profile', ['profiles'], ['devices', i, 'profile']),
    ),
    ...holders.flatMap(({ holder: { profile, policy }, path }) => [
      ...known(profile, profiles, 'location profile', ['profiles'], [...path, 'profile']),
      ...known(policy, policies, 'policy', ['policies'], [...path, 'policy']),
    ]),
  ];
}

function gatewayNames(names: readonly string[], gateways: ReadonlySet<string>, path: readonly PathPart[]) {
  const needs = ['spanGroups', 'sipTrunks'];
  return [
    ...names.flatMap((name, i) => known(name, gateways, 'span group or SIP trunk', needs, [...path, 'gateways', i])),
    ...repeated(names.map((name, i) => ({ name, path: [...path, 'gateways', i] }))),
  ];
}

/** Says what a name that nobody has was probably meant to be. */
export function known(
  name: string | undefined,
  names: ReadonlySet<string>,
  kind: string,
  needs: readonly string[],
  path: readonly PathPart[],
): readonly Finding[] {
  if (name === undefined || names.has(name)) return [];
  const near = nearest(name, [...names].slice(0, 1000));
  const some = [...names].slice(0, 10).join(', ');
  const choice = names.size === 0 ? `there is no ${kind} yet: add one` : `known are: ${some}`;
  return [
    {
      path,
      what: `there is no ${kind} "${name}"`,
      mend: near === undefined ? choice : `did you mean "${near}"?`,
      needs,
    },
  ];
}

/** A usage that stands only on one side opens nothing: most likely a slip of the pen. */
export function loneUsages(site: Site): readonly Finding[] {
  const ofPolicies = new Set(site.policies.flatMap(({ usages }) => usages));
  const ofRoutes = new Set(site.routes.flatMap(({ usages }) => usages));
  const lone = (section: 'policies' | 'routes', others: ReadonlySet<string>, other: string): readonly Finding[] =>
    site[section].flatMap(({ usages }, i) =>
      usages.flatMap((usage, j): readonly Finding[] => {
        if (others.has(usage)) return [];
        const near = nearest(usage, [...others]);
        const mend = near === undefined ? `add it to one of the ${other}, or take it out` : `did you mean "${near}"?`;
        return [
          { path: [section, i, 'usages', j], what: `none of the ${other} has usage "${usage}"`, mend, needs: [other] },
        ];
      }),
    );
  return [...lone('policies', ofRoutes, 'routes'), ...lone('routes', ofPolicies, 'policies')];
}
