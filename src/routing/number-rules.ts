/** Numbers changed by an operator's rules: in order, the first rule that matches is the only one that acts. */
import type { NumberPlan, NumberType, PartyNumber } from '../call/number.ts';
import type { DirectoryNumberRule } from './directory-file.ts';
import type { Matcher } from './pattern.ts';

/** A rule with its pattern compiled. */
export interface NumberRule {
  /** Undefined: every number. */
  readonly match: Matcher | undefined;
  readonly change: DirectoryNumberRule['change'];
  readonly numberType: NumberType;
  readonly plan: NumberPlan;
}

/** Puts the groups of a match where the translation names them: `+1425$1`. */
export function translate(translation: string, groups: readonly string[]): string {
  return translation.replace(/\$(\d)/g, (_, group: string) => groups[Number(group)] ?? '');
}

/**
 * What the rules make of a number (`+12145550100`, or digits as they came); undefined where none matches or nothing would be
 * left. A result that begins with + is international, whatever type the rule gives.
 */
export function applyRules(rules: readonly NumberRule[], number: string): PartyNumber | undefined {
  for (const rule of rules) {
    const groups = rule.match === undefined ? [number] : rule.match(number);
    if (groups === undefined) continue;
    const changed = change(rule.change, number, groups);
    if (changed.startsWith('+')) return { digits: changed.slice(1), type: 'international', plan: 'isdn' };
    return changed === '' ? undefined : { digits: changed, type: rule.numberType, plan: rule.plan };
  }
  return undefined;
}

function change(how: DirectoryNumberRule['change'], number: string, groups: readonly string[]): string {
  if (how.type === 'translate') return translate(how.translation, groups);
  return how.prefix + (number.startsWith('+') ? number.slice(1) : number).slice(how.strip);
}
