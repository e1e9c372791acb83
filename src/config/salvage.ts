/**
 * A file with wrong values still deserves its cross-field checks: what is wrong is left out, the rest is checked, and only
 * findings that don't hang on what was left out are told.
 */
import type { z } from 'zod';
import { crossCheck } from './checks.ts';
import { type Problem, toProblem } from './problem.ts';
import { siteSchema } from './schema.ts';

/** Stand for the settings without which there is no site at all; nothing is ever told about them. */
const STAND_INS: Readonly<Record<string, unknown>> = {
  site: { name: 'x', domain: 'x', profile: 'x' },
  sip: { listen: [{ transport: 'udp', address: '127.0.0.1' }] },
  profiles: [{ id: 'x', rules: [{ pattern: 'x', translation: '1' }] }],
};

export function crossCheckRest(input: unknown, issues: readonly z.core.$ZodIssue[]): readonly Problem[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return [];
  const rest: Record<string, unknown> = { ...input };
  const entries = wrongEntries(issues);
  const kept = new Map<string, readonly number[]>();
  const spoiled = new Set<string>();
  for (const issue of issues) if (issue.code === 'unrecognized_keys' && issue.path.length === 0) drop(rest, issue.keys);
  for (const [section, wrong] of entries) {
    spoiled.add(section);
    const list = rest[section];
    if (wrong === 'all' || !Array.isArray(list)) {
      drop(rest, [section]);
      continue;
    }
    const places = list.map((_, place) => place).filter((place) => !wrong.has(place));
    kept.set(section, places);
    rest[section] = places.map((place) => list[place]);
  }
  // A list that must not be empty may have become so: `profiles`.
  for (const [section, standIn] of Object.entries(STAND_INS)) {
    const value = rest[section];
    if (spoiled.has(section) && (value === undefined || (Array.isArray(value) && value.length === 0)))
      rest[section] = standIn;
  }
  const checked = siteSchema.safeParse(rest);
  if (!checked.success) return [];
  return crossCheck(checked.data)
    .filter(({ path, needs }) => !needs.some((section) => spoiled.has(section)) && isKept(path[0], spoiled, kept))
    .map((finding) => toProblem({ ...finding, path: original(finding.path, kept) }));
}

/** For each top-level setting with faults: the places in its list, or `all` where it isn't a matter of entries. */
function wrongEntries(issues: readonly z.core.$ZodIssue[]): ReadonlyMap<string, 'all' | Set<number>> {
  const found = new Map<string, 'all' | Set<number>>();
  for (const { path } of issues) {
    const [section, place] = path;
    if (typeof section !== 'string') continue;
    const before = found.get(section);
    if (typeof place !== 'number' || before === 'all') found.set(section, 'all');
    else if (before === undefined) found.set(section, new Set([place]));
    else before.add(place);
  }
  return found;
}

function drop(settings: Record<string, unknown>, keys: readonly string[]): void {
  for (const key of keys) delete settings[key];
}

/** True where the finding is about something that the operator wrote, not about a default or a stand-in of ours. */
function isKept(section: unknown, spoiled: ReadonlySet<string>, kept: ReadonlyMap<string, readonly number[]>): boolean {
  return typeof section !== 'string' || !spoiled.has(section) || (kept.get(section)?.length ?? 0) > 0;
}

/** The finding's place in the list as it was written. */
function original(path: readonly (string | number)[], kept: ReadonlyMap<string, readonly number[]>) {
  const [section, place, ...rest] = path;
  if (typeof section !== 'string' || typeof place !== 'number') return path;
  return [section, kept.get(section)?.[place] ?? place, ...rest];
}
