/** Spans: timeslots that the line has, and a group for every span at most once. */

import { channelsOf, dChannelOf, SLOTS } from '../line.ts';
import type { Finding } from '../problem.ts';
import type { Site } from '../schema.ts';
import { repeated } from './names.ts';

export function timeslots(site: Site): readonly Finding[] {
  return site.spans.flatMap((span, i): readonly Finding[] => {
    const findings: Finding[] = [];
    const most = SLOTS[span.line];
    const line = span.line.toUpperCase();
    const d = dChannelOf(span);
    if (d !== undefined && d > most) {
      const mend = `a ${line} has timeslots 1 to ${most}`;
      findings.push({ path: ['spans', i, 'dChannel'], what: `is ${d}`, mend, needs: [] });
    }
    const path = ['spans', i, 'channels'];
    const last = channelsOf(span).at(-1) ?? 0;
    if (last > most)
      findings.push({ path, what: `ends at ${last}`, mend: `a ${line} has timeslots 1 to ${most}`, needs: [] });
    if (d !== undefined && channelsOf(span).includes(d)) {
      const mend = 'leave it out of the channels';
      findings.push({ path, what: `holds timeslot ${d}, which is the D-channel`, mend, needs: [] });
    }
    return findings;
  });
}

/** The group says who brings a call in, so a span has one group only. */
export function sharedSpans(site: Site): readonly Finding[] {
  return repeated(
    site.spanGroups.flatMap(({ spans }, i) => spans.map((name, j) => ({ name, path: ['spanGroups', i, 'spans', j] }))),
  );
}

/** RTP and RTCP of every B-channel need a pair of ports. */
export function enoughPorts(site: Site): readonly Finding[] {
  const channels = site.spans.reduce((sum, span) => sum + channelsOf(span).length, 0);
  const { from, to } = site.media.ports;
  const pairs = Math.floor((to - from + 1) / 2);
  if (pairs >= channels) return [];
  const what = `has ${pairs} pairs of ports for ${channels} B-channels`;
  return [{ path: ['media', 'ports'], what, mend: `make room for at least ${2 * channels} ports`, needs: ['media'] }];
}
