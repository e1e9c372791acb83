/** The operator's patterns, compiled by RE2: a match takes time linear in the text, whatever the pattern. */
import { RE2JS, RE2JSException } from 're2js';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Matcher } from '../routing/pattern.ts';
import { digitMatcher } from './digit-pattern.ts';

/** The dialect has no look-around and no back-references; the error says what is wrong and where. */
export function compilePattern(pattern: string): Result<Matcher, string> {
  const compiled = compileRe2(pattern);
  if (!compiled.ok) return compiled;
  const quick = digitMatcher(pattern);
  if (quick !== undefined) return ok(quick);
  const re2 = compiled.value;
  const groups = re2.groupCount();
  return ok((text) => {
    // Most rules don't match, and to see that is cheaper without the groups.
    if (!re2.test(text)) return undefined;
    const matcher = re2.matcher(text);
    if (!matcher.find()) return undefined;
    return Array.from({ length: groups + 1 }, (_, group) => matcher.group(group) ?? '');
  });
}

/** What came of patterns that were checked before: one setting changes, and all patterns are checked again. */
const checked = new Map<string, Result<number, string>>();
const MOST_CHECKED = 1000;

/** Compiles only to see whether it can: the number of its groups, or what is wrong. */
export function compileChecked(pattern: string): Result<number, string> {
  const known = checked.get(pattern);
  if (known !== undefined) return known;
  const compiled = compileRe2(pattern);
  const result = compiled.ok ? ok(compiled.value.groupCount()) : compiled;
  if (checked.size >= MOST_CHECKED) checked.clear();
  checked.set(pattern, result);
  return result;
}

function compileRe2(pattern: string): Result<RE2JS, string> {
  try {
    return ok(RE2JS.compile(pattern));
  } catch (error) {
    if (error instanceof RE2JSException) return fail(error.message);
    throw error;
  }
}
