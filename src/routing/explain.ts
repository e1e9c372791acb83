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
 * Where the call goes, in one line: `pstn 2145551234, then core +12145551234`, `user 202 (with user 203; when busy: pstn 2145551234;
 * after 20 s: user 204)`, `user 202, in turn user 203`, `emergency pstn 911`, `refused no-route 404`. Digits are as they go out, with + where their type is
 * international.
 */
export function outcomeOf(decision: Decision): string {
  switch (decision.type) {
    case 'hops':
      return `${decision.emergency ? 'emergency ' : ''}${lineOf(decision.hops)}`;
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
  if (outcome === expected || [', then ', ', in turn ', ' ('].some((more) => outcome.startsWith(expected + more)))
    return true;
  if (decision.type !== 'refusal') return false;
  const { id, status } = decision.refusal;
  return expected === 'refused' || expected === `refused ${id}` || expected === `refused ${status}`;
}

function endsOf(decision: Decision): readonly string[] {
  if (decision.type === 'hops') return hopLines(decision.hops);
  if (decision.type !== 'refusal') return [];
  const { id, status, cause } = decision.refusal;
  return [`refused: ${whyOf(decision)} [${id}] (SIP ${status}, cause ${cause})`];
}

/** `then`: where the hop before fails; `in turn`: whatever comes of it. */
const lineOf = (hops: readonly Hop[]): string => hops.map(turnOf).join(', then ');

const turnOf = (hop: Hop): string => [shortHop(hop), ...(hop.after?.any ?? []).map(turnOf)].join(', in turn ');

function shortHop(hop: Hop): string {
  const { together = [], after } = hop;
  const more = [
    ...(together.length === 0 ? [] : [`with ${together.map(shortHop).join(' and ')}`]),
    ...(after?.busy === undefined ? [] : [`when busy: ${lineOf(after.busy)}`]),
    ...(after?.noAnswer === undefined ? [] : [`${patience(hop)}: ${lineOf(after.noAnswer)}`]),
  ];
  return more.length === 0 ? placeOf(hop) : `${placeOf(hop)} (${more.join('; ')})`;
}

const patience = ({ ring }: Hop): string => (ring === undefined ? 'without an answer' : `after ${ring / 1000} s`);

function placeOf(hop: Hop): string {
  if (hop.type === 'user') return `user ${hop.user}`;
  if (hop.type === 'announcement') return `announcement ${hop.id}`;
  return `${hop.id} ${'uri' in hop && hop.uri !== undefined ? hop.uri : numberText(hop.called)}`;
}

/** The hops in full, numbered; what follows one after ringing stands below it. */
function hopLines(hops: readonly Hop[]): readonly string[] {
  const all = hops.flatMap((hop) => [hop, ...(hop.after?.any ?? [])]);
  return all.flatMap((hop, i) => [`${i + 1}. ${longHop(hop)}`, ...followers(hop).map((line) => `   ${line}`)]);
}

function followers(hop: Hop): readonly string[] {
  const { together = [], after } = hop;
  const below = (when: string, hops: readonly Hop[] | undefined): readonly string[] =>
    hops === undefined ? [] : [`${when}:`, ...hopLines(hops).map((line) => `  ${line}`)];
  return [
    ...together.map((other) => `together with it, ${longHop(other)}`),
    ...below('when busy', after?.busy),
    ...below(patience(hop), after?.noAnswer),
  ];
}

function longHop(hop: Hop): string {
  if (hop.type === 'announcement') return hopText(hop);
  const { diverted = [], charged } = hop;
  const by = diverted.map(({ number, reason }) => `, diverted by ${numberText(number)} (${reason})`).join('');
  const account = charged === undefined ? '' : `, on account of user ${charged}`;
  return `${hopText(hop)}, caller ${callerText(hop.caller)}${by}${account}`;
}

function hopText(hop: Hop): string {
  if (hop.type === 'user') return `ring all phones of ${hop.aor}`;
  if (hop.type === 'announcement') {
    const times = hop.times === 1 ? '' : ` ${hop.times} times`;
    return `play announcement ${hop.id}${times} ${hop.answers ? 'as an answer' : 'without answering'}, then release with cause ${hop.cause}`;
  }
  const where = hop.type === 'span-group' ? `spans ${hop.spans.join(', ')}, ${hop.hunting}` : (hop.uri ?? 'SIP');
  const { digits, type, plan } = hop.called;
  const numbering = plan === 'isdn' ? type : `${type}, plan ${plan}`;
  const place = 'place' in hop ? ', with the address of the place' : '';
  return `${hop.id} (${where}): ${digits} (${numbering})${place}`;
}

function callerText(caller: CallerNumber | undefined): string {
  if (caller === undefined) return 'unknown';
  const { presentation, screening } = caller;
  const hidden = presentation === 'allowed' ? '' : `, ${presentation}`;
  return `${caller.digits} (${caller.type}${hidden}, ${SCREENING[screening]})`;
}

/** Who vouches for a number (Q.931 §4.5.10). */
const SCREENING: Readonly<Record<CallerNumber['screening'], string>> = {
  'not-screened': 'not screened',
  passed: 'vouched for by us',
  failed: 'failed screening',
  network: 'vouched for by the network',
};
