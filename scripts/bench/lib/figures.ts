/** What a benchmark found, said the same way by all: to people as a line, and to scripts/bench/run, which asks for it, as a value. */

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** Who else was measured in the same run, and what came of it. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** The limit that the project has set itself: on `ratio` of ours to the peer's, or on our own figure. */
  readonly goal?: { readonly of: 'ratio' | 'ours'; readonly limit: number; readonly atLeast?: boolean };
  /** The ratio, where it is the median of paired runs rather than of the two figures. */
  readonly ratio?: number;
}

/** One figure, or what could not be measured and why. */
export type Finding = Figure | { readonly name: string; readonly skipped: string };

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** µs of CPU, user and system, of this process with its collector and compiler, that `work` took. */
export function cpuOf(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

export const ratioOf = ({ ours, peer, ratio }: Figure): number | undefined =>
  ratio ?? (peer === undefined ? undefined : ours / peer.value);

/** Whether the goal is met; undefined: none was set. */
export function met(figure: Figure): boolean | undefined {
  const { goal, ours } = figure;
  const value = goal?.of === 'ratio' ? ratioOf(figure) : ours;
  if (goal === undefined || value === undefined) return undefined;
  return goal.atLeast === true ? value >= goal.limit : value <= goal.limit;
}

export function verdictOf(figure: Figure): string {
  const good = met(figure);
  return good === undefined ? '' : good ? 'met' : 'missed';
}

export const goalOf = ({ goal }: Figure): string =>
  goal === undefined
    ? ''
    : `${goal.atLeast === true ? '≥' : '≤'} ${number(goal.limit)}${goal.of === 'ratio' ? ' ×' : ''}`;

/** Three digits that count. */
export const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));

export function report(finding: Finding): void {
  process.send?.(finding);
  if ('skipped' in finding) {
    console.log(`${finding.name}: skipped, ${finding.skipped}`);
    return;
  }
  const { name, unit, ours, peer } = finding;
  const ratio = ratioOf(finding);
  const words = [
    `${name}: ${number(ours)} ${unit}`,
    peer === undefined ? '' : `${peer.name} ${number(peer.value)} ${unit}`,
    ratio === undefined ? '' : `ratio ${ratio.toFixed(2)}`,
    finding.goal === undefined ? '' : `goal ${goalOf(finding)}, ${verdictOf(finding)}`,
  ];
  console.log(words.filter((word) => word !== '').join(', '));
}
