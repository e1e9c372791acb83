/** Runs benchmarks one after another and prints the table of their findings. Arguments: names of files of scripts/bench, without `.ts`. */
import { fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { type Finding, goalOf, number, ratioOf, verdictOf } from './figures.ts';

const FOLDER = new URL('../', import.meta.url).pathname;

const HEADINGS = ['what', 'ours', 'peer', 'ratio', 'goal', ''];

interface Run {
  readonly name: string;
  readonly findings: readonly Finding[];
  /** What it ended with where that is no success. */
  readonly crash: string | undefined;
}

/** Its own words go on as they come; its findings come beside them. */
function run(name: string): Promise<Run> {
  const findings: Finding[] = [];
  const child = fork(`${FOLDER}${name}.ts`, { execArgv: ['--expose-gc'], stdio: 'inherit' });
  child.on('message', (finding) => findings.push(finding as Finding));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ name, findings, crash: code === 0 ? undefined : `ended with ${signal ?? `status ${code}`}` }),
    );
  });
}

function rowOf(finding: Finding): readonly string[] {
  if ('skipped' in finding) return [finding.name, `skipped: ${finding.skipped}`, '', '', '', ''];
  const { name, unit, ours, peer } = finding;
  const theirs = peer === undefined ? '' : `${peer.name} ${number(peer.value)}`;
  return [
    name,
    `${number(ours)} ${unit}`,
    theirs,
    ratioOf(finding)?.toFixed(2) ?? '',
    goalOf(finding),
    verdictOf(finding),
  ];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const known = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length));
const wanted = process.argv.length > 2 ? process.argv.slice(2) : known;
const strange = wanted.filter((name) => !known.includes(name));
if (strange.length > 0) {
  console.error(`There is no benchmark ${strange.join(', ')}. There are: ${known.join(', ')}.`);
  process.exit(2);
}

const runs: Run[] = [];
for (const name of wanted) {
  console.log(`\n${name}`);
  runs.push(await run(name));
}
const rows = runs.flatMap(({ findings }) => findings.map(rowOf));
console.log(`\n${table([HEADINGS, ...rows])}`);
for (const { name, crash } of runs) {
  if (crash === undefined) continue;
  console.log(`${name} crashed: it ${crash}`);
  process.exitCode = 1;
}
