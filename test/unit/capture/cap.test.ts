/** A box whose addon for packets is not there, or is none, says what would mend it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadCap } from '../../../src/capture/cap.ts';

test('an addon that is not built, or does not load, is told with its mend', () => {
  const missing = loadCap('/nonexistent/cap.node');
  assert.ok(!missing.ok);
  assert.match(
    missing.error,
    /not built \(\/nonexistent\/cap\.node\): apt-get install .*libpcap-dev.* scripts\/build-native/,
  );
  const file = join(mkdtempSync(join(tmpdir(), 'branchline-cap-')), 'cap.node');
  writeFileSync(file, 'no addon');
  const odd = loadCap(file);
  rmSync(dirname(file), { recursive: true });
  assert.ok(!odd.ok);
  assert.match(odd.error, /does not load \(.*\): run scripts\/build-native under the pinned runtime/);
});
