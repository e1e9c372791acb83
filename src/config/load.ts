/** site.yaml, from text to a checked value: every problem of one stage at once. */
import { LineCounter, parseDocument, type YAMLParseError } from 'yaml';
import { fail, ok, type Result } from '../kernel/result.ts';
import { crossCheck } from './checks.ts';
import { dialTests } from './dial-tests.ts';
import { explainIssues } from './issues.ts';
import { type Problem, toProblem } from './problem.ts';
import { crossCheckRest } from './salvage.ts';
import { type Site, siteSchema } from './schema.ts';

/** Larger texts are refused before they are parsed. */
const MAX_TEXT = 16 * 1024 * 1024;

/**
 * Reads a configuration, and finds all problems at once: syntax errors of YAML with line and column; else wrong values, and
 * what doesn't fit together among the rest; else dial-plan tests that fail, unless they are left alone. The text may also be
 * JSON.
 */
export function loadSite(
  text: string,
  path: string,
  tests: 'tried' | 'left' = 'tried',
): Result<Site, readonly Problem[]> {
  const parsed = parseText(text, path);
  return parsed.ok ? checkSite(parsed.value, tests) : parsed;
}

/** The same for settings that are no text any more: all problems of one stage at once, dial-plan tests last. */
export function checkSite(settings: unknown, tests: 'tried' | 'left' = 'tried'): Result<Site, readonly Problem[]> {
  const checked = siteSchema.safeParse(settings);
  if (!checked.success) {
    const wrong = explainIssues(checked.error.issues, settings);
    return fail([...wrong, ...crossCheckRest(settings, checked.error.issues)]);
  }
  const misfits = crossCheck(checked.data);
  // Only a plan that is whole can be tried out.
  const findings = misfits.length > 0 || tests === 'left' ? misfits : dialTests(checked.data);
  return findings.length === 0 ? ok(checked.data) : fail(findings.map(toProblem));
}

function parseText(text: string, path: string): Result<unknown, readonly Problem[]> {
  if (text.length > MAX_TEXT) {
    return fail([{ path, what: 'is larger than 16 MiB', mend: 'is this the right file?' }]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, stringKeys: true });
  if (document.errors.length > 0) return fail(syntaxProblems(document.errors, lines, path));
  try {
    // Aliases are expanded to at most 100 nodes, so that a small file can't become a large one.
    return ok(document.toJS({ maxAliasCount: 100 }));
  } catch {
    return fail([{ path, what: 'its aliases expand to too much', mend: 'write the repeated values out' }]);
  }
}

/** The first faults of the text: one brace that is missing makes nonsense of every line behind it. */
function syntaxProblems(errors: readonly YAMLParseError[], lines: LineCounter, path: string): readonly Problem[] {
  const first = errors.slice(0, MOST_SYNTAX).map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { path: `${path}, line ${line}, column ${col}`, what: yamlFault(error.code), mend: error.message };
  });
  const more = errors.length - first.length;
  if (more === 0) return first;
  return [
    ...first,
    { path, what: `has ${more} more faults behind these`, mend: 'mend the first one, and check again' },
  ];
}

const MOST_SYNTAX = 3;

const yamlFault = (code: string): string => `not YAML: ${code.toLowerCase().replaceAll('_', ' ')}`;
