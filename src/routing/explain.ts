/** A decision in a telephone engineer's words: for the command line, the HTTP API and dial-plan tests alike. */
import { type CallerNumber, numberText } from '../call/number.ts';
import { impossible } from '../kernel/machine.ts';
import type { Decision, Hop } from './decision.ts';
import { stageWords } from './stage-words.ts';

/** Every stage in order, the hops or the refusal in full, and last the outcome in one line. */
export function explainDecision(decision: Decision): readonly string[] {
  const stages = decision.stages.flatMap((stage) => {
    const { says, below } = stageWords(stage);
    // A single one needs no line of its own.
    if (below.length === 1) return [`${stage.name.padEnd(COLUMN)}${says} ${below[0]}`];
    return [`${stage.name.padEnd(COLUMN)}${says}`, ...below.map((line) => `${' '.repeat(COLUMN + 2)}${line}`)];
  });
  const ends = endsOf(decision);
  return [...stages, ...(ends.length > 0 ? ['', ...ends] : []), '', `→ ${outcomeOf(decision)}`];
}

/** Where the words of a stage begin. */
const COLUMN = 16;

/** Why a decision is as it is, in a sentence: what its last stage saw. */
export function whyOf({ stages }: Decision): string {
  const last = stages.at(-1);
  return last === undefined ? '' : stageWords(last).says;
}

/**
 * Where the call goes, in one line: `pstn 2145551234, then core +12145551234`, `user 202`, `emergency pstn 911`, `refused no-route
 * 404`. Digits are as they go out, with + where their type is international.
 */
export function outcomeOf(decision: Decision): string {
  switch (decision.type) {
    case 'hops':
      return `${decision.emergency ? 'emergency ' : ''}${decision.hops.map(shortHop).join(', then ')}`;
    case 'refusal':
      return `refused ${decision.refusal.id} ${decision.refusal.status}`;
    case 'collect':
      return 'more digits are awaited';
    case 'ask':
      return `the DNS is asked for ${decision.asks.map(({ domain }) => domain).join(', ')}`;
    default:
      return impossible(decision);
  }
}

/** Whether a decision is as a dial-plan test expects it: the outcome, its first hops, or a refusal's name or status alone. */
export function meets(decision: Decision, expected: string): boolean {
  const outcome = outcomeOf(decision);
  if (outcome === expected || outcome.startsWith(`${expected}, then `)) return true;
  if (decision.type !== 'refusal') return false;
  const { id, status } = decision.refusal;
  return expected === 'refused' || expected === `refused ${id}` || expected === `refused ${status}`;
}

function endsOf(decision: Decision): readonly string[] {
  if (decision.type === 'hops') return decision.hops.map((hop, i) => `${i + 1}. ${longHop(hop)}`);
  if (decision.type !== 'refusal') return [];
  const { id, status, cause } = decision.refusal;
  return [`refused: ${whyOf(decision)} [${id}] (SIP ${status}, cause ${cause})`];
}

function shortHop(hop: Hop): string {
  if (hop.type === 'user') return `user ${hop.user}`;
  return `${hop.id} ${'uri' in hop && hop.uri !== undefined ? hop.uri : numberText(hop.called)}`;
}

function longHop(hop: Hop): string {
  if (hop.type === 'user') return `ring all phones of ${hop.aor}, caller ${callerText(hop.caller)}`;
  const where = hop.type === 'span-group' ? `spans ${hop.spans.join(', ')}, ${hop.hunting}` : (hop.uri ?? 'SIP');
  const { digits, type, plan } = hop.called;
  const numbering = plan === 'isdn' ? type : `${type}, plan ${plan}`;
  return `${hop.id} (${where}): ${digits} (${numbering}), caller ${callerText(hop.caller)}`;
}

function callerText(caller: CallerNumber | undefined): string {
  if (caller === undefined) return 'unknown';
  const hidden = caller.presentation === 'allowed' ? '' : `, ${caller.presentation}`;
  return `${caller.digits} (${caller.type}${hidden})`;
}
