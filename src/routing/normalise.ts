/** The golden rule of a location profile: in order, the first rule that matches wins, and no match is a refusal. */
import type { Rule } from './directory.ts';
import { translate } from './number-rules.ts';

export interface Normalised {
  readonly number: string;
  /** Which rule it was, counted from 0. */
  readonly place: number;
  readonly pattern: string;
}

export function normalise(rules: readonly Rule[], digits: string): Normalised | undefined {
  for (const [place, rule] of rules.entries()) {
    const groups = rule.match(digits);
    if (groups !== undefined) return { number: translate(rule.translation, groups), place, pattern: rule.pattern };
  }
  return undefined;
}
