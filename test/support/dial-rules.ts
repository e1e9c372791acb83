import type { WallTime } from '../../src/kernel/time.ts';
import { decide } from '../../src/routing/decide.ts';
import type { Decision } from '../../src/routing/decision.ts';
import type { Directory } from '../../src/routing/directory.ts';
import { outcomeOf } from '../../src/routing/explain.ts';
import type { RoutingFacts, RoutingQuery, Source } from '../../src/routing/query.ts';
import { stageWords } from '../../src/routing/stage-words.ts';
import { directoryOf, type Settings, siteOf } from './sites.ts';

export const user = (id: string, more: Settings = {}): Settings => ({
  id,
  name: id,
  password: 'p',
  policy: 'all',
  ...more,
});

/** A site with two location profiles, three gateways and one route for everything, with some sections replaced. */
export function site(sections: Settings = {}): Directory {
  return directoryOf(
    siteOf({
      site: { name: 'Contoso', domain: 'contoso.com', profile: 'redmond' },
      sip: { listen: [{ transport: 'udp', address: '127.0.0.1' }] },
      spans: ['t1', 't2'].map((id) => ({ id, driver: 'virtual', far: { carrier: {} } })),
      spanGroups: [
        { id: 'pstn', spans: ['t1'] },
        { id: 'pbx', spans: ['t2'], policy: 'all' },
      ],
      sipTrunks: [{ id: 'core', address: '192.0.2.9' }],
      users: [user('ada', { extension: '201', number: '+14255550100' }), user('bob', { extension: '202' })],
      profiles: [
        {
          id: 'redmond',
          rules: [
            { pattern: '^5(\\d{4})$', translation: '+1425555$1' },
            { pattern: '^(\\d{7})$', translation: '+1425$1' },
            { pattern: '^(31\\d{9})$', translation: '+$1' },
          ],
        },
        { id: 'paris', rules: [{ pattern: '^(\\d{7})$', translation: '+3312$1' }] },
      ],
      policies: [{ id: 'all', usages: ['any'] }],
      routes: [{ id: 'out', prefixes: ['+'], usages: ['any'], gateways: ['core'] }],
      ...sections,
    }),
  );
}

export const facts = (over: Partial<RoutingFacts> = {}): RoutingFacts => ({
  at: 0 as WallTime,
  registered: new Set(['ada', 'bob', 'eve'].map((id) => `sip:${id}@contoso.com`)),
  unavailable: new Map(),
  cursors: new Map(),
  standing: new Map(),
  wan: true,
  callsNow: new Map(),
  spent: new Map(),
  enumAnswers: new Map(),
  ...over,
});

export const down = (...ids: readonly string[]) => new Map(ids.map((id) => [id, 'is down']));

export interface Question extends Partial<Omit<RoutingQuery, 'source' | 'dialled'>> {
  readonly from?: string | Source;
  readonly directory?: Directory;
  readonly facts?: Partial<RoutingFacts>;
}

export function dial(
  text: string,
  { from = 'bob', directory = site(), facts: over, ...rest }: Question = {},
): Decision {
  const source = typeof from === 'string' ? ({ type: 'user', id: from } as const) : from;
  const query = { source, dialled: { type: 'user-part', text }, complete: true, caller: undefined, ...rest } as const;
  return decide(query, directory, facts(over));
}

export const goes = (text: string, question?: Question): string => outcomeOf(dial(text, question));
export const says = (decision: Decision, stage: string): string =>
  decision.stages
    .filter(({ name }) => name === stage)
    .map(stageWords)
    .flatMap(({ says, below }) => [says, ...below])
    .join('\n');

export const PSTN: Source = { type: 'span-group', id: 'pstn' };
export const PBX: Source = { type: 'span-group', id: 'pbx' };
