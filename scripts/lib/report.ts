/** What a test run says at its end. */

export interface Outcome {
  readonly suite: string;
  /** Relative to the tree's root; empty for what is no file. */
  readonly file: string;
  readonly name: string;
  readonly verdict: 'passed' | 'failed' | 'skipped';
  readonly why: string | undefined;
  readonly ms: number;
}

/** A skip that doesn't fail the run: an entry of test/allowed-skips.json. */
export interface AllowedSkip {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
}

/** The closing text, and whether the run is good: something ran, nothing failed, every skip is on the allowed list. */
export function report(
  outcomes: readonly Outcome[],
  allowed: readonly AllowedSkip[],
  seconds: number,
): { readonly text: string; readonly good: boolean } {
  const of = (verdict: Outcome['verdict']): readonly Outcome[] => outcomes.filter((o) => o.verdict === verdict);
  const [passed, failed, skipped] = [of('passed'), of('failed'), of('skipped')];
  const isAllowed = (o: Outcome): boolean => allowed.some(({ file, name }) => file === o.file && name === o.name);
  const forbidden = skipped.filter((o) => !isAllowed(o));
  const lines = ['', `What ran (${seconds} s):`];
  for (const [place, group] of Map.groupBy(outcomes, ({ suite, file }) => file || suite)) {
    const count = (verdict: Outcome['verdict']): number => group.filter((o) => o.verdict === verdict).length;
    const took = (group.reduce((sum, { ms }) => sum + ms, 0) / 1000).toFixed(1);
    const others = [count('failed') && `${count('failed')} failed`, count('skipped') && `${count('skipped')} skipped`];
    lines.push(`  ${place}: ${[`${count('passed')} passed`, ...others.filter(Boolean)].join(', ')} (${took} s)`);
  }
  const list = (title: string, group: readonly Outcome[], say: (o: Outcome) => string): void => {
    if (group.length > 0) lines.push('', title, ...group.map((o) => `  ${o.file || o.suite}: ${o.name}${say(o)}`));
  };
  list('What was skipped, and why:', skipped, ({ why }) => ` (${why})`);
  list('Failed:', failed, ({ why }) => (why === undefined ? '' : ` (${why})`));
  list('Skips that test/allowed-skips.json does not allow:', forbidden, () => '');
  if (passed.length + failed.length === 0) lines.push('', 'No test ran.');
  const failures = failed.length + forbidden.length;
  lines.push('', `${passed.length} passed, ${failures} failed, ${skipped.length - forbidden.length} skipped`, '');
  return { text: lines.join('\n'), good: passed.length > 0 && failures === 0 };
}
