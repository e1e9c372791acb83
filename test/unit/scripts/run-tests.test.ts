import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Program } from '../../support/process.ts';
import { ROOT } from '../../support/tree.ts';

/** Runs a tree that has these test files and our runner, and answers the report at the end. */
async function reportOf(
  files: Readonly<Record<string, string>>,
): Promise<{ code: number | undefined; report: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-runner-'));
  try {
    mkdirSync(join(folder, 'test'));
    cpSync(join(ROOT, 'scripts/lib'), join(folder, 'scripts/lib'), { recursive: true });
    writeFileSync(join(folder, 'test/allowed-skips.json'), '[]');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'test', `${name}.test.ts`), text);
    // Node's runner runs nothing when it knows that it is inside a test.
    const command = ['-u', 'NODE_TEST_CONTEXT', process.execPath, join(folder, 'scripts/lib/run-tests.ts'), 'unit'];
    const { code, stdout } = await new Program('env', command).finished;
    return { code, report: stdout.slice(stdout.indexOf('What ran')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const WORDS = `import { after, before, describe, test } from 'node:test';\n`;

test('nothing that went wrong is missing from the report: hooks, files, skipped suites, what throws late', async () => {
  const { code, report } = await reportOf({
    child: `${WORDS}test('parent', async (t) => { await t.test('child', () => { throw new Error(); }); });`,
    empty: '',
    hooks: `${WORDS}describe('hooks', () => { after(() => { throw new Error(); }); test('fine', () => {}); });`,
    late: `${WORDS}test('fine', () => {}); process.on('exit', () => { process.exitCode = 3; });`,
    root: `${WORDS}after(() => { throw new Error(); }); test('fine', () => {});`,
    skipped: `${WORDS}describe('all of it', { skip: 'no peer' }, () => { test('never', () => {}); });`,
  });
  assert.equal(code, 1);
  assert.match(report, /why:\n {2}test\/skipped\.test\.ts: all of it \(no peer\)\n/);
  const failed = report.slice(report.indexOf('Failed:'), report.indexOf('Skips that'));
  assert.deepEqual(failed.trim().split('\n').slice(1), [
    '  test/child.test.ts: child',
    '  test/empty.test.ts: the file itself (the file holds no test)',
    '  test/hooks.test.ts: hooks',
    '  test/late.test.ts: the file itself',
    '  test/root.test.ts: the file itself',
  ]);
  assert.equal(report.trimEnd().split('\n').at(-1), '3 passed, 6 failed, 0 skipped');
});

test('a tree in which all is well says so', async () => {
  const { code, report } = await reportOf({ fine: `${WORDS}test('fine', () => {});` });
  assert.equal(code, 0);
  assert.equal(report.trimEnd().split('\n').at(-1), '1 passed, 0 failed, 0 skipped');
});
