/** The clocking plan: of two ends of a line one gives the clock, and the box follows one line at a time (T1.101, G.823). */
import { clockOf, udpOf } from '../line.ts';
import type { Finding } from '../problem.ts';
import type { Site, SpanSetting } from '../schema.ts';

export function framings(site: Site): readonly Finding[] {
  return site.spans.flatMap(({ line, framing }, i): readonly Finding[] => {
    if (framing === undefined) return [];
    const fit = line === 't1' ? ['esf', 'd4'] : ['crc4', 'fas'];
    if (fit.includes(framing)) return [];
    const what = `is ${framing}, which a ${line.toUpperCase()} has not`;
    return [{ path: ['spans', i, 'framing'], what, mend: `set it to ${fit.join(' or ')}`, needs: [] }];
  });
}

export function clockPlan(site: Site): readonly Finding[] {
  return [
    ...site.spans.flatMap(farClocks),
    ...site.spans.flatMap((span, i) => pairClocks(site, span, i)),
    ...priorities(site),
  ];
}

/** A carrier always gives the clock, and a user never does; QSIG joins equals, so there it is for the two of them to settle. */
function farClocks(span: SpanSetting, i: number): readonly Finding[] {
  const clock = clockOf(span);
  if (span.variant === 'qsig') return [];
  const path = ['spans', i, 'clock'];
  if (span.side === 'user' && clock === 'ours') {
    const what = 'is ours, and the network at the far end gives the clock too: two masters, so the line slips';
    return [{ path, what, mend: 'set it to line, or leave it out', needs: [] }];
  }
  if (span.side === 'network' && clock === 'line') {
    const what = 'is line, and the user at the far end waits for our clock: nobody gives it';
    return [{ path, what, mend: 'set it to ours, or leave it out', needs: [] }];
  }
  return [];
}

/** Two spans of this box that face each other over UDP. */
function pairClocks(site: Site, span: SpanSetting, i: number): readonly Finding[] {
  const far = udpOf(span);
  if (far === undefined) return [];
  const other = site.spans.slice(0, i).find((one) => {
    const theirs = udpOf(one);
    return theirs?.listen.port === far.peer.port && theirs.listen.address === far.peer.address;
  });
  if (other === undefined || clockOf(other) !== clockOf(span)) return [];
  const both =
    clockOf(span) === 'ours' ? 'both give the clock: two masters' : 'each waits for the other’s: nobody gives it';
  const what = `does not go with span "${other.id}" at the far end: ${both}`;
  return [{ path: ['spans', i, 'clock'], what, mend: 'set one of them to line and the other to ours', needs: [] }];
}

function priorities({ spans }: Site): readonly Finding[] {
  const owners = new Map<number, string>();
  return spans.flatMap((span, i): readonly Finding[] => {
    const { clockPriority, id } = span;
    if (clockPriority === undefined) return [];
    const path = ['spans', i, 'clockPriority'];
    if (clockOf(span) === 'ours') {
      // A clock that is itself wrong has its own problem.
      if (farClocks(span, i).length > 0) return [];
      const mend = 'leave it out, or set clock to line';
      return [{ path, what: 'ranks a line that takes the clock from us', mend, needs: [] }];
    }
    const owner = owners.get(clockPriority);
    owners.set(clockPriority, id);
    if (owner === undefined) return [];
    const what = `is ${clockPriority}, as that of span "${owner}": the box follows one line at a time`;
    return [{ path, what, mend: 'give each its own rank', needs: [] }];
  });
}
