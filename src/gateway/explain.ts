/** Explains calls by the code that decides live ones: where one would go now, and why one went where it did. */
import { rehearsedQuery } from '../config/rehearse.ts';
import type { ExplainQuestion, ExplainView } from '../console/views.ts';
import type { Decision } from '../routing/decision.ts';
import { explainDecision } from '../routing/explain.ts';
import type { Gateway } from './gateway.ts';

const viewOf = (decision: Decision): ExplainView => ({ decision, lines: explainDecision(decision) });

export async function explainView(
  { router, site }: Gateway,
  { from, dial, at, survivable }: ExplainQuestion,
): Promise<ExplainView> {
  const when = at === undefined ? {} : { at };
  const mode = survivable ? { wan: false } : {};
  return viewOf(await router.rehearse(rehearsedQuery(site, from, dial), { ...when, ...mode }));
}

/** The call's record holds its decision as it was made, of whatever directory. */
export function decisionView({ path, store }: Gateway, call: string): ExplainView | undefined {
  const decision = path.decisionOf(call) ?? store.callRecord(call)?.decision;
  // The store keeps what it was given, and only decisions are given to it.
  return isDecision(decision) ? viewOf(decision) : undefined;
}

const isDecision = (value: unknown): value is Decision =>
  typeof value === 'object' && value !== null && 'type' in value && 'stages' in value && Array.isArray(value.stages);
