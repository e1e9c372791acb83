/**
 * Runs the suites that are named on the command line, and ends with what ran, what was skipped and why.
 * `run-tests.ts [static] [unit] [interop] [slow] [--match TEXT]`: exit code 0 only when something ran and nothing failed.
 */
import { spawn } from 'node:child_process';
import { globSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type EventData, run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { endLeftovers, leftovers, MARK } from './leftovers.ts';
import { type AllowedSkip, type Outcome, report } from './report.ts';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { match: { type: 'string' } } });
const root = new URL('../../', import.meta.url).pathname;
process.chdir(root);
mkdirSync('build', { recursive: true });

/** What a whole run may take, without the slow suite. */
const MINUTES = positionals.includes('slow') ? 180 : 35;
const started = performance.now();
const overall = AbortSignal.timeout(MINUTES * 60_000);
const outcomes: Outcome[] = [];

/** The checks that are no tests: each is one outcome. */
const STATIC: readonly (readonly [name: string, ...command: string[]])[] = [
  ['format and lint', 'node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  ['types', 'node_modules/typescript/bin/tsc', '--project', '.'],
  ['unused code', 'node_modules/knip/bin/knip.js', '--no-progress'],
];

const SUITES: Readonly<Record<string, (file: string) => boolean>> = {
  unit: (file) => !/^test\/(interop|slow|kit)\//.test(file),
  interop: (file) => file.startsWith('test/interop/'),
  slow: (file) => file.startsWith('test/slow/'),
};

const reporter = new spec();
reporter.pipe(process.stdout);

async function main(): Promise<number> {
  for (const suite of positionals) {
    if (suite === 'static') {
      if (values.match === undefined) outcomes.push(...(await Promise.all(STATIC.map(check))));
      continue;
    }
    const belongs = SUITES[suite];
    if (belongs === undefined) throw new Error(`no such suite: ${suite}`);
    const files = globSync('test/**/*.test.ts').filter(belongs).sort();
    const wanted = files.filter((file) => values.match === undefined || file.includes(values.match));
    // Unit tests share nothing and run side by side; what talks to real peers gets the machine to itself, a file at a time.
    const groups = suite === 'unit' ? [wanted] : wanted.map((file) => [file]);
    for (const group of groups) {
      if (overall.aborted) outcomes.push(...group.map((file) => notReached(suite, file)));
      else if (group.length > 0) await runFiles(suite, group);
    }
  }

  const allowed = JSON.parse(readFileSync('test/allowed-skips.json', 'utf8')) as readonly AllowedSkip[];
  const { text, good } = report(outcomes, allowed, Math.round((performance.now() - started) / 1000));
  reporter.end();
  await new Promise((resolve) => reporter.once('close', resolve));
  process.stdout.write(text);
  return good ? 0 : 1;
}

async function check([name, ...command]: readonly [string, ...string[]]): Promise<Outcome> {
  const from = performance.now();
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'], signal: overall });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  if (code !== 0) process.stdout.write(`${Buffer.concat(said).toString()}\n`);
  return {
    suite: 'static',
    file: '',
    name,
    verdict: code === 0 ? 'passed' : 'failed',
    why: undefined,
    ms: performance.now() - from,
  };
}

function notReached(suite: string, file: string): Outcome {
  return { suite, file, name: 'the whole file', verdict: 'failed', why: `not reached in ${MINUTES} minutes`, ms: 0 };
}

async function runFiles(suite: string, files: readonly string[]): Promise<void> {
  const mark = `${process.pid}-${files.length === 1 ? files[0] : suite}`;
  process.env[MARK] = mark;
  const stream = run({
    files: [...files],
    concurrency: suite === 'unit' ? availableParallelism() : 1,
    timeout: 10 * 60_000,
    signal: overall,
  });
  for await (const event of stream) {
    if (event.type === 'test:pass' || event.type === 'test:fail') {
      const outcome = outcomeOf(suite, event.type === 'test:pass', event.data);
      if (outcome !== undefined) outcomes.push(outcome);
    }
    // What has no file sums up this one run; the report sums up all.
    const isSum = event.type === 'test:summary' || (event.type === 'test:diagnostic' && event.data.file === undefined);
    if (!isSum) reporter.write(event);
  }
  for (const { pid, command } of await leftovers(mark)) {
    const why = `process ${pid} was left behind: ${command}`;
    outcomes.push({
      suite,
      file: files.length === 1 ? (files[0] ?? '') : '',
      name: 'leftovers',
      verdict: 'failed',
      why,
      ms: 0,
    });
  }
  await endLeftovers(mark);
}

/** Undefined for what only sums up its parts: a suite that went through, and a parent whose child failed. */
function outcomeOf(suite: string, passed: boolean, data: EventData.TestPass | EventData.TestFail): Outcome | undefined {
  const file = (data.file ?? '').replace(root, '');
  const { details } = data;
  const isFile = data.name === data.file || data.name === file;
  const name = isFile ? 'the file itself' : data.name;
  const outcome = { suite, file, name, ms: details.duration_ms };
  const skip = data.skip ?? data.todo;
  if (!passed)
    return failureOf(details) === 'subtestsFailed' ? undefined : { ...outcome, verdict: 'failed', why: undefined };
  if (skip !== undefined && skip !== false) {
    return { ...outcome, verdict: 'skipped', why: typeof skip === 'string' ? skip : 'no reason given' };
  }
  if (details.type === 'suite') return undefined;
  if (isFile) return { ...outcome, verdict: 'failed', why: 'the file holds no test' };
  return { ...outcome, verdict: 'passed', why: undefined };
}

const failureOf = (details: object): unknown =>
  'error' in details && details.error instanceof Error && 'failureType' in details.error
    ? details.error.failureType
    : undefined;

// The test runner swallows what is thrown at the top of a module.
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
