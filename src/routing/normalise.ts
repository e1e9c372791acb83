/** The golden rule of a location profile: in order, the first rule that matches wins, and no match is a refusal. */
import type { Rule } from './directory.ts';

export interface Normalised {
  readonly number: string;
  /** Which rule it was, counted from 0. */
  readonly place: number;
  readonly rule: Rule;
}

export function normalise(rules: readonly Rule[], digits: string): Normalised | undefined {
  for (let place = 0; place < rules.length; place++) {
    const rule = rules[place];
    const groups = rule?.match(digits);
    if (rule !== undefined && groups !== undefined) return { number: rule.translate(groups), place, rule };
  }
  return undefined;
}
