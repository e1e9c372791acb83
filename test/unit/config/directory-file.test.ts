import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileDirectory } from '../../../src/config/compile.ts';
import { loadDirectory, writeDirectory } from '../../../src/config/directory-file.ts';
import { DEMO, fullSample, siteOf } from '../../support/sites.ts';

test('the directory holds hashes that a digest can be checked with, and no password', () => {
  const file = compileDirectory(siteOf(fullSample()));
  const md5 = createHash('md5').update('201:redmond.example:a-user-password').digest('hex');
  assert.deepEqual(file.users[0]?.digest, [{ algorithm: 'MD5', ha1: md5 }]);
  // The order in which algorithms are offered is the site's.
  assert.deepEqual(
    file.users[1]?.digest.map(({ algorithm }) => algorithm),
    ['SHA-256', 'MD5'],
  );
  assert.doesNotMatch(JSON.stringify(file), /a-user-password|a-trunk-password|a-token-of-ours/);
});

test('equal numbers give an equal revision, and another number another one', () => {
  const revision = (text: string) => compileDirectory(siteOf(text)).revision;
  assert.equal(revision(DEMO), revision(DEMO.replace('port: 8080', 'port: 8081')));
  assert.notEqual(
    revision(DEMO),
    revision(DEMO.replace('number: "+12145550203", password', 'number: "+12145550204", password')),
  );
});

test('without gateways of their own, emergency calls go to spans first, then to SIP trunks, and to no simulated answering point', () => {
  const settings = fullSample();
  const emergency = settings.emergency as Record<string, unknown>;
  delete emergency.gateways;
  assert.deepEqual(compileDirectory(siteOf(settings)).emergency.gateways, ['pstn', 'core']);
  delete emergency.test;
  assert.deepEqual(compileDirectory(siteOf(settings)).emergency.gateways, ['pstn', 'pbx', 'core']);
});

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'branchline-directory-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a directory file comes back as it was written, readable by its owner alone', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'directory.json');
    const file = compileDirectory(siteOf(DEMO));
    await writeDirectory(path, file);
    await writeDirectory(path, file);
    const loaded = await loadDirectory(path);
    assert.ok(loaded.ok);
    assert.equal(loaded.value.revision, file.revision);
    assert.equal(loaded.value.userByNumber('+12145550202')?.id, '202');
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(folder), ['directory.json'], 'no temporary file stays');
  }));

test('a directory file that was cut or changed is refused, with the reason', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'directory.json');
    await writeDirectory(path, compileDirectory(siteOf(DEMO)));
    const text = await readFile(path, 'utf8');
    const refusals: string[] = [];
    for (const bad of [
      text.slice(0, -9),
      text.replace('+12145550201', '+12145550209'),
      '7',
      text.replace(/"format":\d/, '"format":9'),
    ]) {
      await writeFile(path, bad);
      const loaded = await loadDirectory(path);
      refusals.push(loaded.ok ? 'taken' : loaded.error.slice(path.length + 1));
    }
    assert.match(refusals[0] ?? '', /^is not JSON/);
    assert.match(refusals[1] ?? '', /^was changed after/);
    assert.match(refusals[2] ?? '', /^is not a directory file/);
    assert.match(refusals[3] ?? '', /^has format 9/);
    const absent = await loadDirectory(join(folder, 'none.json'));
    assert.ok(!absent.ok && /can't be read/.test(absent.error));
  }));
