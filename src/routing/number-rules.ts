/** Numbers changed by an operator's rules: in order, the first rule that matches is the only one that acts. */
import type { NumberPlan, NumberType, PartyNumber } from '../call/number.ts';
import type { DirectoryNumberRule } from './directory-file.ts';
import type { Matcher } from './pattern.ts';

/** A rule with its pattern compiled. */
export interface NumberRule {
  /** Undefined: every number. */
  readonly match: Matcher | undefined;
  readonly change: NumberChange;
  readonly numberType: NumberType;
  readonly plan: NumberPlan;
}

/** What becomes of a number (`+12145550100`, or digits as they came) whose match has these groups. */
export type NumberChange = (number: string, groups: readonly string[]) => string;

export type Translation = (groups: readonly string[]) => string;

/** Puts the groups of a match where the translation names them: `+1425$1`. */
export function translation(text: string): Translation {
  const parts = text.split(/(\$\d)/).map((part) => (part.startsWith('$') ? Number(part.slice(1)) : part));
  return (groups) => {
    let whole = '';
    for (const part of parts) whole += typeof part === 'number' ? (groups[part] ?? '') : part;
    return whole;
  };
}

/** A rule's change, made ready: a translation, or digits taken off and put before (the + is not counted). */
export function numberChange(change: DirectoryNumberRule['change']): NumberChange {
  if (change.type === 'translate') {
    const translate = translation(change.translation);
    return (_, groups) => translate(groups);
  }
  const { prefix, strip } = change;
  return (number) => prefix + (number.startsWith('+') ? number.slice(1) : number).slice(strip);
}

/**
 * What the rules make of a number; undefined where none matches or nothing would be left. A result that begins with + is
 * international, whatever type the rule gives.
 */
export function applyRules(rules: readonly NumberRule[], number: string): PartyNumber | undefined {
  for (const rule of rules) {
    const groups = rule.match === undefined ? [number] : rule.match(number);
    if (groups === undefined) continue;
    const changed = rule.change(number, groups);
    if (changed.startsWith('+')) return { digits: changed.slice(1), type: 'international', plan: 'isdn' };
    return changed === '' ? undefined : { digits: changed, type: rule.numberType, plan: rule.plan };
  }
  return undefined;
}
