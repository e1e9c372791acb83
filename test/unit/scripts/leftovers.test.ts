import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { endLeftovers, leftovers, MARK } from '../../../scripts/lib/leftovers.ts';

test('a grandchild that a test left behind is found and ended, others are not', async () => {
  const mark = `leftovers-test-${process.pid}`;
  const other = spawn('sleep', ['60'], { env: { ...process.env, [MARK]: `${mark}-other` } });
  const shell = spawn('sh', ['-c', 'sleep 61 & echo started'], {
    env: { ...process.env, [MARK]: mark },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    await once(shell, 'exit');
    assert.deepEqual(
      (await leftovers(mark)).map(({ command }) => command),
      ['sleep 61'],
    );
    await endLeftovers(mark);
    assert.deepEqual(await leftovers(mark), []);
    assert.equal(other.exitCode, null);
  } finally {
    other.kill();
  }
});
