/** Where would this call go, and why? Asked of a configuration file, with no box running. */
import { compileDirectory } from '../config/compile.ts';
import { indexDirectory } from '../config/directory-file.ts';
import type { Site } from '../config/schema.ts';
import { assert, impossible } from '../kernel/machine.ts';
import { decide } from '../routing/decide.ts';
import type { Decision, Hop } from '../routing/decision.ts';
import type { Source } from '../routing/query.ts';

export interface ExplainQuestion {
  /** A user, a span group or a SIP trunk. */
  readonly from: string;
  readonly dial: string;
  /** Users without a registered phone; all others are taken to have one. */
  readonly absent: readonly string[];
  /** Gateways that can take no call; all others are taken to be well. */
  readonly down: readonly string[];
}

export function explain(site: Site, question: ExplainQuestion): Decision {
  const file = compileDirectory(site);
  const directory = indexDirectory(file);
  assert(directory.ok, 'a checked site has only patterns that compile');
  const present = file.users.filter(({ id }) => !question.absent.includes(id));
  return decide(
    {
      source: sourceOf(site, question.from),
      dialled: { type: 'user-part', text: question.dial },
      complete: true,
      caller: undefined,
    },
    directory.value,
    {
      registered: new Set(present.map(({ aor }) => aor)),
      unavailable: new Set(question.down),
      cursors: new Map(),
    },
  );
}

function sourceOf(site: Site, name: string): Source {
  if (site.users.some(({ id }) => id === name)) return { type: 'user', id: name };
  if (site.spanGroups.some(({ id }) => id === name)) return { type: 'span-group', id: name };
  if (site.sipTrunks.some(({ id }) => id === name)) return { type: 'sip-trunk', id: name };
  return { type: 'unknown' };
}

export function showDecision(decision: Decision): string {
  const stages = decision.stages.map(({ name, says }) => `${name.padEnd(14)}  ${says}`);
  return [...stages, '', outcome(decision)].join('\n');
}

function outcome(decision: Decision): string {
  switch (decision.type) {
    case 'hops':
      return decision.hops.map((hop, i) => `${i + 1}. ${hopText(hop)}`).join('\n');
    case 'refusal': {
      const { id, status, cause, why } = decision.refusal;
      return `refused: ${why} [${id}] (SIP ${status}, cause ${cause})`;
    }
    case 'collect':
      return 'more digits are awaited';
    default:
      return impossible(decision);
  }
}

function hopText(hop: Hop): string {
  if (hop.type === 'user') return `ring all phones of ${hop.aor}`;
  const caller = hop.caller === undefined ? 'no caller' : `caller ${hop.caller.digits} (${hop.caller.type})`;
  const where = hop.type === 'span-group' ? `spans ${hop.spans.join(', ')}, ${hop.hunting}` : 'SIP';
  return `${hop.id} (${where}): ${hop.called.digits} (${hop.called.type}), ${caller}`;
}
