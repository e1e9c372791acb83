/** What differs between two configurations, by name: what is not in the list is not touched. */
import type { Site } from './schema.ts';

/**
 * What a change reaches. `directory`: the numbers, swapped between two calls. `span`, `listener`: that one is opened, closed
 * or opened anew. `setting`: read anew by what comes next. `restart`: takes hold when the process starts again.
 */
export type Reach = 'directory' | 'span' | 'listener' | 'setting' | 'restart';

export type ChangeKind = 'added' | 'removed' | 'changed';

export interface Change {
  /** The top-level setting: `users`, `spans`, `sip.listen`. */
  readonly section: string;
  /** Which entry of it; empty where the setting is no list. */
  readonly id: string;
  readonly kind: ChangeKind;
  readonly reach: Reach;
  /** What changed in it, for people; a secret shows only that it changed. */
  readonly details: readonly string[];
}

interface Part {
  readonly section: string;
  readonly reach: Reach;
  /** The entries by id; a setting that is no list is one entry with an empty id. */
  readonly entries: (site: Site) => ReadonlyMap<string, unknown>;
}

const one = (pick: (site: Site) => unknown) => (site: Site) => new Map([['', pick(site)]]);
const many =
  <Entry>(pick: (site: Site) => readonly Entry[], idOf: (entry: Entry) => string) =>
  (site: Site): ReadonlyMap<string, unknown> =>
    new Map(pick(site).map((entry) => [idOf(entry), entry]));
const byId = ({ id }: { readonly id: string }): string => id;

/** Every setting stands in exactly one part; a test holds this table against the schema. */
const PARTS: readonly Part[] = [
  { section: 'site', reach: 'directory', entries: one((site) => site.site) },
  {
    section: 'sip.listen',
    reach: 'listener',
    entries: many(
      (site) => site.sip.listen,
      ({ transport, address, port }) => `${transport} ${address}:${port}`,
    ),
  },
  { section: 'sip.tls', reach: 'listener', entries: one((site) => site.sip.tls) },
  { section: 'sip', reach: 'setting', entries: one(({ sip: { listen, tls, ...rest } }) => rest) },
  { section: 'http', reach: 'listener', entries: one((site) => site.http) },
  { section: 'media', reach: 'restart', entries: one((site) => site.media) },
  { section: 'store', reach: 'restart', entries: one((site) => site.store) },
  { section: 'log', reach: 'setting', entries: one((site) => site.log) },
  { section: 'limits', reach: 'setting', entries: one((site) => site.limits) },
  { section: 'flood', reach: 'setting', entries: one((site) => site.flood) },
  { section: 'spans', reach: 'span', entries: many((site) => site.spans, byId) },
  { section: 'nfas', reach: 'span', entries: many((site) => site.nfas, byId) },
  { section: 'spanGroups', reach: 'directory', entries: many((site) => site.spanGroups, byId) },
  { section: 'sipTrunks', reach: 'directory', entries: many((site) => site.sipTrunks, byId) },
  { section: 'users', reach: 'directory', entries: many((site) => site.users, byId) },
  { section: 'devices', reach: 'directory', entries: many((site) => site.devices, byId) },
  { section: 'profiles', reach: 'directory', entries: many((site) => site.profiles, byId) },
  {
    section: 'dids',
    reach: 'directory',
    entries: many(
      (site) => site.dids,
      ({ number: { from, to } }) => (from === to ? from : `${from}-${to}`),
    ),
  },
  { section: 'lastResort', reach: 'directory', entries: one((site) => site.lastResort) },
  { section: 'announcements', reach: 'directory', entries: many((site) => site.announcements, byId) },
  { section: 'policies', reach: 'directory', entries: many((site) => site.policies, byId) },
  { section: 'numberLists', reach: 'directory', entries: many((site) => site.numberLists, byId) },
  { section: 'calendars', reach: 'directory', entries: many((site) => site.calendars, byId) },
  { section: 'carriers', reach: 'directory', entries: many((site) => site.carriers, byId) },
  { section: 'branches', reach: 'directory', entries: many((site) => site.branches, byId) },
  { section: 'routes', reach: 'directory', entries: many((site) => site.routes, byId) },
  { section: 'throttle', reach: 'setting', entries: one((site) => site.throttle) },
  { section: 'wan', reach: 'setting', entries: one((site) => site.wan) },
  { section: 'emergency', reach: 'directory', entries: one((site) => site.emergency) },
  {
    section: 'tests',
    reach: 'setting',
    entries: (site) =>
      new Map(site.tests.map((one, i) => [one.name ?? `${i + 1}: ${one.from} dials ${one.dial}`, one])),
  },
];

/** Sections whose order means something: the first that matches is taken. */
const ORDERED = new Set(['routes']);

export function diffSites(before: Site, after: Site): readonly Change[] {
  return PARTS.flatMap((part) => diffPart(part, before, after));
}

function diffPart({ section, reach, entries }: Part, before: Site, after: Site): readonly Change[] {
  const old = entries(before);
  const now = entries(after);
  const changes: Change[] = [];
  const say = (id: string, kind: ChangeKind, details: readonly string[]): void => {
    changes.push({ section, id, kind, reach, details });
  };
  for (const id of old.keys()) if (!now.has(id)) say(id, 'removed', []);
  for (const [id, entry] of now) {
    if (!old.has(id)) say(id, 'added', []);
    else if (text(old.get(id)) !== text(entry)) say(id, 'changed', differences('', old.get(id), entry));
  }
  const stayed = (ids: Iterable<string>, others: ReadonlyMap<string, unknown>) =>
    [...ids].filter((id) => others.has(id)).join(' ');
  if (ORDERED.has(section) && stayed(old.keys(), now) !== stayed(now.keys(), old)) say('', 'changed', ['their order']);
  return changes;
}

const SECRETS = new Set(['password', 'ha1', 'token', 'credentials']);

/** `name: "Ada" → "Ada L."`, one for each leaf that differs; lists are shown whole. */
function differences(path: string, before: unknown, after: unknown): readonly string[] {
  if (text(before) === text(after)) return [];
  if (isBlock(before) && isBlock(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) =>
      SECRETS.has(key) && text(before[key]) !== text(after[key])
        ? [`${join(path, key)} (secret)`]
        : differences(join(path, key), before[key], after[key]),
    );
  }
  const what = path === '' ? '' : `${path}: `;
  return [`${what}${shown(before)} → ${shown(after)}`];
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

const isBlock = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether two settings say the same. */
export const same = (a: unknown, b: unknown): boolean => text(a) === text(b);

/** Settings hold plain JSON values, and the schema fixes the order of their keys. */
const text = (value: unknown): string | undefined => JSON.stringify(value);

function shown(value: unknown): string {
  const whole = text(value) ?? 'nothing';
  return whole.length > 80 ? `${whole.slice(0, 80)}…` : whole;
}
