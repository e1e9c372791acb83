/** Where a call would go by a configuration, with no box running: for explain, and for the dial plan's own tests. */
import type { WallTime } from '../kernel/time.ts';
import { decide } from '../routing/decide.ts';
import type { Decision } from '../routing/decision.ts';
import type { Directory } from '../routing/directory.ts';
import type { EnumAnswer, RoutingFacts, RoutingQuery, Source } from '../routing/query.ts';
import type { Site } from './schema.ts';

export interface Rehearsal {
  /** A user, a span group or a SIP trunk. */
  readonly from: string;
  /** What stands left of the @, or a whole URN. */
  readonly dial: string;
  /** Users without a registered phone; all others are taken to have one. */
  readonly absent: readonly string[];
  /** Gateways that can take no call; all others are taken to be well. */
  readonly down: readonly string[];
  /** As while the WAN is down. */
  readonly survivable: boolean;
  readonly at: WallTime;
}

const NOT_ASKED: EnumAnswer = { type: 'nothing', why: 'not asked in a rehearsal' };

export function rehearse(site: Site, directory: Directory, rehearsal: Rehearsal): Decision {
  const { from, dial, absent, down, survivable, at } = rehearsal;
  const away = new Set(absent);
  const aors = site.users.flatMap(({ id }) => (away.has(id) ? [] : [directory.userById(id)?.aor ?? '']));
  const query = rehearsedQuery(site, from, dial);
  const facts: RoutingFacts = {
    at,
    registered: new Set(aors),
    unavailable: new Map(down.map((id) => [id, 'is taken to be down'])),
    cursors: new Map(),
    standing: new Map(),
    wan: !survivable,
    callsNow: new Map(),
    spent: new Map(),
    enumAnswers: new Map(),
  };
  const enumAnswers = new Map<string, EnumAnswer>();
  for (;;) {
    const decision = decide(query, directory, { ...facts, enumAnswers });
    if (decision.type !== 'ask') return decision;
    for (const { domain } of decision.asks) enumAnswers.set(domain, NOT_ASKED);
  }
}

/** The question of a call that `from` would make. */
export function rehearsedQuery(site: Site, from: string, dial: string): RoutingQuery {
  const urn = /^urn:service:sos/i.test(dial);
  return {
    source: sourceOf(site, from),
    dialled: urn ? { type: 'emergency-service', urn: dial.toLowerCase() } : { type: 'user-part', text: dial },
    complete: true,
    caller: undefined,
  };
}

function sourceOf(site: Site, name: string): Source {
  if (site.users.some(({ id }) => id === name)) return { type: 'user', id: name };
  if (site.spanGroups.some(({ id }) => id === name)) return { type: 'span-group', id: name };
  if (site.sipTrunks.some(({ id }) => id === name)) return { type: 'sip-trunk', id: name };
  return { type: 'unknown' };
}
