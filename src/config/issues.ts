/** What zod found, in the operator's words. Values are shown only where they can't be a secret. */
import type { z } from 'zod';
import { knownKeys } from './known-keys.ts';
import { nearest, type Problem, pathText } from './problem.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

/** Keys whose values, and whatever stands in their place, are never repeated. */
const SECRETS = new Set(['password', 'ha1', 'token', 'credentials']);

export function explainIssues(issues: readonly Issue[], input: unknown): readonly Problem[] {
  return issues.flatMap((issue) => explain(issue, [], input));
}

function explain(issue: Issue, above: Path, input: unknown): readonly Problem[] {
  const path = [...above, ...(issue.path as Path)];
  const at = pathText(path);
  const found = shown(path, input);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key]));
    case 'invalid_union':
      return explainUnion(issue, path, input);
    case 'invalid_type':
      if (valueAt(path, input) === undefined) {
        return [{ path: at, what: 'is missing', mend: `give ${article(issue.expected)}` }];
      }
      return [
        { path: at, what: `is ${found}`, mend: `must be ${article(issue.expected)}${quoteHint(issue, path, input)}` },
      ];
    case 'invalid_value':
      return [{ path: at, what: `is ${found}`, mend: oneOf(issue.values, valueAt(path, input)) }];
    case 'too_small':
    case 'too_big':
      return [{ path: at, what: `is ${found}`, mend: bound(issue) }];
    case 'invalid_key':
      return [unknownKey(path)];
    default:
      return [{ path: at, what: `is ${found}`, mend: issue.message }];
  }
}

/** Of the branches of a union, the one with the fewest faults is the one that was meant. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path, input: unknown): readonly Problem[] {
  const branches = issue.errors.map((errors) => errors.flatMap((inner) => explain(inner, path, input)));
  const best = branches.reduce<readonly Problem[] | undefined>(
    (least, branch) => (least === undefined || branch.length < least.length ? branch : least),
    undefined,
  );
  return best ?? [{ path: pathText(path), what: `is ${shown(path, input)}`, mend: issue.message }];
}

function unknownKey(path: Path): Problem {
  const key = String(path.at(-1));
  const known = knownKeys(path.slice(0, -1));
  const near = nearest(key, known);
  return {
    path: pathText(path),
    what: 'is not a setting',
    mend: near === undefined ? `take it out; here may stand: ${known.join(', ')}` : `did you mean "${near}"?`,
  };
}

function oneOf(values: readonly unknown[], found: unknown): string {
  const words = values.map(String);
  const near = typeof found === 'string' ? nearest(found, words) : undefined;
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return words.length === 1 ? `must be ${words[0]}` : `must be one of ${words.join(', ')}${hint}`;
}

function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const limit = issue.code === 'too_small' ? issue.minimum : issue.maximum;
  const side = issue.code === 'too_small' ? 'at least' : 'at most';
  switch (issue.origin) {
    case 'string':
      return `must have ${side} ${limit} characters`;
    case 'array':
      return `must have ${side} ${limit} ${Number(limit) === 1 ? 'entry' : 'entries'}`;
    default:
      return `must be ${side} ${limit}`;
  }
}

/** `201` in YAML is a number, and `0201` even another one. */
function quoteHint(issue: z.core.$ZodIssueInvalidType, path: Path, input: unknown): string {
  return issue.expected === 'string' && typeof valueAt(path, input) === 'number' ? '; put it in quotes' : '';
}

function article(expected: string): string {
  switch (expected) {
    case 'int':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'string':
      return 'a text';
    case 'array':
      return 'a list';
    case 'object':
    case 'record':
      return 'a block of settings';
    default:
      return `a ${expected}`;
  }
}

function shown(path: Path, input: unknown): string {
  if (path.some((part) => SECRETS.has(String(part)))) return 'not right (it is a secret and not shown)';
  const value = valueAt(path, input);
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
    case 'number':
    case 'boolean':
      return String(value);
    case 'undefined':
      return 'missing';
    default:
      if (value === null) return 'empty';
      return Array.isArray(value) ? 'a list' : 'a block of settings';
  }
}

function valueAt(path: Path, input: unknown): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, part) ? (value as Record<PropertyKey, unknown>)[part] : undefined;
  }
  return value;
}
