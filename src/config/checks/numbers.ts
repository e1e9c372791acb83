/** Patterns that compile, numbers that belong to one only, limits in the right order. */

import { extensionOf, profileOf } from '../compile.ts';
import { compileChecked } from '../pattern.ts';
import type { Finding, PathPart } from '../problem.ts';
import type { Site } from '../schema.ts';
import { repeated } from './names.ts';

export function patterns(site: Site): readonly Finding[] {
  return [
    ...site.profiles.flatMap(({ rules }, i) =>
      rules.flatMap(({ pattern, translation }, j) => {
        const path = ['profiles', i, 'rules', j];
        const compiled = compileChecked(pattern);
        if (!compiled.ok) return [badPattern([...path, 'pattern'], compiled.error)];
        return beyondGroups(translation, compiled.value, [...path, 'translation']);
      }),
    ),
    ...site.numberLists.flatMap(({ patterns }, i) =>
      patterns.flatMap((pattern, j) => {
        const compiled = compileChecked(pattern);
        return compiled.ok ? [] : [badPattern(['numberLists', i, 'patterns', j], compiled.error)];
      }),
    ),
    ...site.policies.flatMap(({ divertPattern }, i) => {
      const compiled = divertPattern === undefined ? undefined : compileChecked(divertPattern);
      return compiled === undefined || compiled.ok
        ? []
        : [badPattern(['policies', i, 'divertPattern'], compiled.error)];
    }),
    ...site.routes.flatMap((route, i) => routePattern(route, ['routes', i])),
    ...site.spanGroups.flatMap((group, i) => gatewayRules(group, ['spanGroups', i])),
    ...site.sipTrunks.flatMap((trunk, i) => gatewayRules(trunk, ['sipTrunks', i])),
  ];
}

type GatewayRules = Pick<Site['spanGroups'][number], 'in' | 'out'>;

function gatewayRules(gateway: GatewayRules, at: readonly PathPart[]): readonly Finding[] {
  return (['out', 'in'] as const).flatMap((way) =>
    gateway[way].flatMap(({ pattern, translation, strip, prefix }, i): readonly Finding[] => {
      const path = [...at, way, i];
      if (translation !== undefined && (strip > 0 || prefix !== '')) {
        return [{ path, what: 'has a translation beside strip or prefix', mend: 'keep one of the two', needs: [] }];
      }
      const compiled = pattern === undefined ? undefined : compileChecked(pattern);
      if (compiled?.ok === false) return [badPattern([...path, 'pattern'], compiled.error)];
      return beyondGroups(translation ?? '', compiled?.value ?? 0, [...path, 'translation']);
    }),
  );
}

/** A route leads somewhere, and by one model only. */
export function routeGateways(site: Site): readonly Finding[] {
  return site.routes.flatMap(({ gateways, carriers }, i): readonly Finding[] => {
    if ((gateways === undefined) !== (carriers === undefined)) return [];
    const what = gateways === undefined ? 'has no gateway' : 'has both gateways and carriers';
    return [{ path: ['routes', i], what, mend: 'give either gateways or carriers', needs: [] }];
  });
}

/** A number that is forwarded to another of ours, and from there back, would go round for ever. */
export function forwardCycles(site: Site): readonly Finding[] {
  const didOf = (number: string): number =>
    site.dids.findIndex(({ number: { from, to } }) => from.length === number.length && from <= number && number <= to);
  const next = site.dids.map(({ to, backups }) =>
    [to, ...backups].flatMap((target) => ('number' in target ? [didOf(target.number)] : [])).filter((i) => i >= 0),
  );
  const returns = (start: number): boolean => {
    const seen = new Set<number>();
    const open = [...(next[start] ?? [])];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === start) return true;
      if (!seen.has(at)) open.push(...(next[at] ?? []));
      seen.add(at);
    }
    return false;
  };
  return site.dids.flatMap((_, i): readonly Finding[] => {
    if ((next[i] ?? []).length === 0 || !returns(i)) return [];
    const mend = 'let one of them end at a user, or outside';
    return [{ path: ['dids', i, 'to'], what: 'is forwarded in a circle', mend, needs: [] }];
  });
}

function routePattern({ pattern, prefixes }: Site['routes'][number], path: readonly PathPart[]): readonly Finding[] {
  if ((pattern === undefined) === (prefixes === undefined)) {
    const what = pattern === undefined ? 'matches nothing' : 'has both a pattern and prefixes';
    return [{ path, what, mend: 'give either pattern or prefixes', needs: [] }];
  }
  const compiled = pattern === undefined ? undefined : compileChecked(pattern);
  return compiled === undefined || compiled.ok ? [] : [badPattern([...path, 'pattern'], compiled.error)];
}

const badPattern = (path: readonly PathPart[], error: string): Finding => ({
  path,
  what: `is not a pattern: ${error}`,
  mend: 'regular expressions without look-around and back-references (RE2)',
  needs: [],
});

function beyondGroups(translation: string, groups: number, path: readonly PathPart[]): readonly Finding[] {
  const highest = Math.max(0, ...[...translation.matchAll(/\$(\d)/g)].map((match) => Number(match[1])));
  if (highest <= groups) return [];
  const mend = groups === 0 ? 'put ( ) around what is to be kept' : `use $1 to $${groups}`;
  return [{ path, what: `names $${highest}, and its pattern has ${groups} groups`, mend, needs: [] }];
}

/** A called number must lead to one place. */
export function didOverlaps(site: Site): readonly Finding[] {
  const sorted = site.dids
    .map(({ number }, place) => ({ ...number, place }))
    .sort((a, b) => a.from.length - b.from.length || (a.from < b.from ? -1 : a.from > b.from ? 1 : a.place - b.place));
  const findings: Finding[] = [];
  let reach = sorted[0];
  for (const did of sorted.slice(1)) {
    if (reach !== undefined && did.from.length === reach.from.length && did.from <= reach.to) {
      const what = `overlaps ${reach.from === reach.to ? reach.from : `${reach.from}-${reach.to}`}`;
      findings.push({
        path: ['dids', did.place, 'number'],
        what,
        mend: 'let each number stand in one entry',
        needs: [],
      });
    }
    if (reach === undefined || did.from.length !== reach.from.length || did.to > reach.to) reach = did;
  }
  return findings;
}

/** Trying the same target again is no backup, and an announcement ends the call. */
export function didTargets(site: Site): readonly Finding[] {
  return site.dids.flatMap(({ to, backups }, i) => {
    const targets = [to, ...backups].map((target, j) => ({
      name: Object.values(target)[0] ?? '',
      path: ['dids', i, ...(j === 0 ? ['to'] : ['backups', j - 1])],
      ends: 'announcement' in target,
    }));
    const end = targets.findIndex(({ ends }) => ends);
    const idle = end < 0 ? undefined : targets[end + 1];
    const mend = 'put the announcement last';
    const what = 'is never tried, since the announcement before it ends the call';
    return [
      ...repeated(targets.filter(({ ends }) => !ends)),
      ...(idle === undefined ? [] : [{ path: idle.path, what, mend, needs: [] }]),
    ];
  });
}

/** Inside one location profile an extension is one user's; and nobody's extension hides an emergency number. */
export function extensions(site: Site): readonly Finding[] {
  const users = site.users.flatMap((user, i) => {
    const extension = extensionOf(user);
    const path = ['users', i, user.extension === undefined ? 'id' : 'extension'];
    return extension === undefined ? [] : [{ extension, profile: profileOf(user, site), path }];
  });
  const { numbers, habitualPrefixes } = site.emergency;
  const reserved = new Set(numbers.flatMap((number) => [number, ...habitualPrefixes.map((prefix) => prefix + number)]));
  return [
    ...repeated(users.map(({ extension, profile, path }) => ({ name: `${extension} in ${profile}`, path }))).map(
      (finding) => ({
        ...finding,
        needs: ['site'],
      }),
    ),
    ...users
      .filter(({ extension }) => reserved.has(extension))
      .map(({ extension, path }) => ({
        path,
        what: `${extension} is dialled for emergencies`,
        mend: 'give another extension',
        needs: ['emergency'],
      })),
  ];
}

/** A cause is told as one status, and a status as one cause. */
export function causeRows(site: Site): readonly Finding[] {
  const told = (way: 'to-sip' | 'to-isdn', key: 'cause' | 'status') =>
    site.sip.causes.flatMap(({ direction, [key]: value }, i) =>
      direction === 'both' || direction === way
        ? [{ name: `${key} ${value}, ${way}`, path: ['sip', 'causes', i, key] }]
        : [],
    );
  return [...repeated(told('to-sip', 'cause')), ...repeated(told('to-isdn', 'status'))];
}

export function limitOrders(site: Site): readonly Finding[] {
  const { sessionTimer, registrar } = site.sip;
  const findings: Finding[] = [];
  const order = (path: readonly PathPart[], least: number, most: number, what: string, mend: string): void => {
    if (least > most) findings.push({ path, what, mend, needs: [] });
  };
  const timer = ['sip', 'sessionTimer', 'minimum'];
  order(timer, sessionTimer.minimum, sessionTimer.expires, 'is more than expires', 'make expires the greater one');
  const path = (key: string): readonly PathPart[] => ['sip', 'registrar', key];
  order(path('minimum'), registrar.minimum, registrar.expires, 'is more than expires', 'make it at most expires');
  order(path('maximum'), registrar.expires, registrar.maximum, 'is less than expires', 'make it at least expires');
  return findings;
}

/** A list that holds nobody, or a quota without an amount, is most likely not finished. */
export function emptyPermissions(site: Site): readonly Finding[] {
  const quotas = (section: 'policies' | 'users'): readonly Finding[] =>
    site[section].flatMap(({ quota }, i): readonly Finding[] => {
      if (quota === undefined || quota.calls !== undefined || quota.minutes !== undefined) return [];
      return [{ path: [section, i, 'quota'], what: 'limits nothing', mend: 'give calls, minutes or both', needs: [] }];
    });
  return [
    ...site.numberLists.flatMap(({ patterns, anonymous }, i): readonly Finding[] =>
      patterns.length > 0 || anonymous
        ? []
        : [{ path: ['numberLists', i], what: 'holds no number', mend: 'give patterns, or anonymous', needs: [] }],
    ),
    ...quotas('policies'),
    ...quotas('users'),
  ];
}
