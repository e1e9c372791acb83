/** Spans of hardware: each line of a driver belongs to one span, and what is said of it must exist. */
import { lineKey, MULTI_PLACES } from '../line.ts';
import type { Finding, PathPart } from '../problem.ts';
import type { Site } from '../schema.ts';

/** Two spans can't have the same line. */
export function sharedLines(site: Site): readonly Finding[] {
  const owners = new Map<string, string>();
  return site.spans.flatMap((span, i): readonly Finding[] => {
    const key = lineKey(span);
    if (key === undefined) return [];
    const owner = owners.get(key);
    owners.set(key, span.id);
    if (owner === undefined) return [];
    const path: readonly PathPart[] = ['spans', i, span.driver === 'dahdi' ? 'number' : 'subAddress'];
    return [{ path, what: `is the line of span "${owner}"`, mend: 'give each span a line of its own', needs: [] }];
  });
}

export function codings(site: Site): readonly Finding[] {
  return site.spans.flatMap((span, i): readonly Finding[] => {
    if (span.driver !== 'dahdi' || span.coding === undefined) return [];
    const fit = span.line === 't1' ? ['b8zs', 'ami'] : ['hdb3', 'ami'];
    if (fit.includes(span.coding)) return [];
    const what = `is ${span.coding}, which a ${span.line.toUpperCase()} has not`;
    return [{ path: ['spans', i, 'coding'], what, mend: `set it to ${fit.join(' or ')}`, needs: [] }];
  });
}

/** A multi-frame has four places. */
export function multiPlaces(site: Site): readonly Finding[] {
  return site.spans.flatMap((span, i): readonly Finding[] => {
    if (span.driver !== 'tdmoe' || span.frames !== 'multi' || span.subAddress < MULTI_PLACES) return [];
    const what = `is ${span.subAddress} in a multi-frame`;
    return [{ path: ['spans', i, 'subAddress'], what, mend: `must be 0 to ${MULTI_PLACES - 1}`, needs: [] }];
  });
}

/** The development loop has no way to a driver of lines. */
export function lineLoop(site: Site): readonly Finding[] {
  const span = site.spans.find(({ driver }) => driver !== 'virtual');
  if (span === undefined || site.media.driver !== 'event-loop') return [];
  const what = `is event-loop, and span "${span.id}" is a line of ${span.driver}`;
  return [{ path: ['media', 'driver'], what, mend: 'set it to native or auto', needs: ['spans'] }];
}
