/** Spans that share a D-channel: who carries it, who stands by, and that the members agree (T1.607, SR-4994). */
import type { Finding, PathPart } from '../problem.ts';
import type { NfasSetting, Site, SpanSetting } from '../schema.ts';
import { repeated } from './names.ts';

/** A span without a D-channel needs a group that has one, and in a group only the primary and the backup carry one. */
export function dChannels(site: Site): readonly Finding[] {
  return site.spans.flatMap((span, i): readonly Finding[] => {
    const path = ['spans', i, 'dChannel'];
    const group = site.nfas.find(({ spans }) => spans.includes(span.id));
    if (group === undefined) {
      if (span.dChannel !== 'none') return [];
      const mend = 'leave it out, or put the span into an nfas group';
      return [{ path, what: 'is none, and no other span carries a D-channel for it', mend, needs: ['nfas'] }];
    }
    const carries = group.spans[0] === span.id || group.backup === span.id;
    if (carries === (span.dChannel !== 'none')) return [];
    const what = carries
      ? `is none, and nfas group "${group.id}" has a D-channel on it`
      : `is a timeslot, and in nfas group "${group.id}" this span carries no D-channel`;
    const mend = carries ? 'leave it out' : `set it to none, or name the span as the group’s backup`;
    return [{ path, what, mend, needs: ['nfas'] }];
  });
}

export function nfasGroups(site: Site): readonly Finding[] {
  return [
    ...repeated(site.nfas.flatMap(({ spans }, i) => spans.map((name, j) => ({ name, path: ['nfas', i, 'spans', j] })))),
    ...site.nfas.flatMap((group, i) => [...parts(group, i), ...agreement(site, group, i)]),
  ];
}

function parts({ spans, backup, interfaces }: NfasSetting, i: number): readonly Finding[] {
  const findings: Finding[] = [];
  const say = (setting: string, what: string, mend: string): void => {
    findings.push({ path: ['nfas', i, setting], what, mend, needs: [] });
  };
  if (backup !== undefined && !spans.slice(1).includes(backup))
    say(
      'backup',
      `is "${backup}", which is not behind the first of its spans`,
      `name one of ${spans.slice(1).join(', ')}`,
    );
  if (interfaces !== undefined && interfaces.length !== spans.length)
    say('interfaces', `has ${interfaces.length} identifiers for ${spans.length} spans`, 'give each span its own');
  else if (interfaces !== undefined && new Set(interfaces).size !== interfaces.length)
    say('interfaces', 'names two spans alike', 'give each span its own');
  return findings;
}

/** What Q.931 speaks of them all must be one thing. */
const COMMON = ['side', 'variant', 'line'] as const;

function agreement(site: Site, group: NfasSetting, i: number): readonly Finding[] {
  const members = group.spans.flatMap((name) => site.spans.find(({ id }) => id === name) ?? []);
  const [first] = members;
  if (first === undefined) return [];
  return members.flatMap((span): readonly Finding[] => {
    const at = (setting: string): readonly PathPart[] => ['spans', site.spans.indexOf(span), setting];
    const differing = COMMON.filter((name) => span[name] !== first[name]).map(
      (name): Finding => ({
        path: at(name),
        what: `is ${span[name]}, and span "${first.id}" of nfas group "${group.id}" is ${first[name]}`,
        mend: 'set both alike',
        needs: ['nfas'],
      }),
    );
    return [...differing, ...impossibleMember(span, at, i)];
  });
}

function impossibleMember(
  span: SpanSetting,
  at: (setting: string) => readonly PathPart[],
  group: number,
): readonly Finding[] {
  if (span.driver === 'virtual' && 'carrier' in span.far) {
    const what = 'is the simulated carrier, which has a D-channel of its own on every span';
    return [{ path: at('far'), what, mend: `set listen and peer, or take it out of nfas.${group}`, needs: ['nfas'] }];
  }
  if (span.variant !== 'qsig') return [];
  const what = 'is qsig, which has no interface identifiers';
  return [{ path: at('variant'), what, mend: 'set another, or give each span its own D-channel', needs: ['nfas'] }];
}
