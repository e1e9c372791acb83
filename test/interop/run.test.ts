import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SIP_PORT = 27_960;
const HTTP_PORT = 27_961;

/** Runs `scripts/run` with these words and answers with what it printed. */
async function demonstrate(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(join(root, 'scripts/run'), words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code: Number(code), out, err };
}

/** The demonstration's own configuration on ports of this test, with another carrier. */
async function site(carrier: string): Promise<{ file: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'branchline-run-'));
  const file = join(folder, 'site.yaml');
  const text = await readFile(join(root, 'scripts/demo/site.yaml'), 'utf8');
  const changed = text
    .replaceAll('port: 5060', `port: ${SIP_PORT}`)
    .replace('port: 8080', `port: ${HTTP_PORT}`)
    .replace(/carrier: \{[^}]*\}/, `carrier: ${carrier}`);
  assert.notEqual(changed, text);
  await writeFile(file, changed);
  return { file, remove: () => rm(folder, { recursive: true }) };
}

test('the ladder that is printed is that of a real call: another level and another clearing cause show in it', async () => {
  const plain = await site('{ level: -10, holdSeconds: 1, clearingCause: 16 }');
  const other = await site('{ level: -23, holdSeconds: 1, clearingCause: 31 }');
  try {
    const first = await demonstrate('--once', '--listen', '5', '--config', plain.file);
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /SETUP channel \d+ called 2145551004/);
    assert.match(first.out, /1004\.\d Hz at -10\.\d dBm0/);
    assert.match(first.out, /◀── DISCONNECT cause 16/);
    const second = await demonstrate('--once', '--listen', '5', '--config', other.file);
    assert.equal(second.code, 0, second.err);
    assert.match(second.out, /1004\.\d Hz at -2[23]\.\d dBm0/);
    assert.match(second.out, /◀── DISCONNECT cause 31/);
    assert.match(second.out, /ended by the far side.*cause 31/);
  } finally {
    await plain.remove();
    await other.remove();
  }
});

test('a port that is taken is named with its setting, and nothing is left running', async () => {
  const { file, remove } = await site('{ holdSeconds: 1 }');
  const squatter = createSocket('udp4');
  squatter.bind(SIP_PORT, '127.0.0.1');
  await once(squatter, 'listening');
  try {
    const { code, err } = await demonstrate('--once', '--config', file);
    assert.equal(code, 1);
    assert.match(err, /sip\.listen: udp 127\.0\.0\.1:27960 is taken by another program/);
  } finally {
    squatter.close();
    await remove();
  }
});
