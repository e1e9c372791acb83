import type { Result } from '../kernel/result.ts';

/** A compiled pattern: the groups of a match, the whole at 0; undefined where the text doesn't match. */
export type Matcher = (text: string) => readonly string[] | undefined;

/** Compiles an operator's pattern in time linear in the text; the error says what is wrong with it. */
export type PatternCompiler = (pattern: string) => Result<Matcher, string>;
