/** The operator's patterns, compiled by RE2: a match takes time linear in the text, whatever the pattern. */
import { RE2JS, RE2JSException } from 're2js';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Matcher } from '../routing/directory.ts';

/** The dialect has no look-around and no back-references; the error says what is wrong and where. */
export function compilePattern(pattern: string): Result<Matcher, string> {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) return fail(error.message);
    throw error;
  }
  const groups = compiled.groupCount();
  return ok((text) => {
    const matcher = compiled.matcher(text);
    if (!matcher.find()) return undefined;
    return Array.from({ length: groups + 1 }, (_, group) => matcher.group(group) ?? '');
  });
}

/** How many groups a pattern has; for the check that a translation names none beyond them. */
export const groupCount = (pattern: string): number => RE2JS.compile(pattern).groupCount();
