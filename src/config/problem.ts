/** The operator's kind of error: what is wrong, where, and what would mend it. Never holds a secret's value. */
export interface Problem {
  /** `users[2].number`; `line 4, column 7` where the text is not even YAML. */
  readonly path: string;
  readonly what: string;
  readonly mend: string;
}

export type PathPart = string | number;

/** `['users', 2, 'number']` → `users[2].number`; the empty path is the whole file. */
export function pathText(path: readonly PathPart[]): string {
  let out = '';
  for (const part of path) {
    if (typeof part === 'number') out += `[${part}]`;
    else if (/^[A-Za-z0-9_-]+$/.test(part)) out += out === '' ? part : `.${part}`;
    else out += `[${JSON.stringify(part)}]`;
  }
  return out === '' ? '(the whole file)' : out;
}

/** What a cross-field check found. It holds only if the top-level settings in `needs` are all there as they were written. */
export interface Finding {
  readonly path: readonly PathPart[];
  readonly what: string;
  readonly mend: string;
  readonly needs: readonly string[];
}

export const toProblem = ({ path, what, mend }: Finding): Problem => ({ path: pathText(path), what, mend });

/** The candidate that a hand most probably meant by `word`: at most a third of its letters differ. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = edits(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein's distance, one row at a time; long words are cut, so that a hostile key costs nothing. */
function edits(a: string, b: string): number {
  const from = a.slice(0, 64);
  const to = b.slice(0, 64);
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const swap = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
