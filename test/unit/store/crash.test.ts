import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { silent } from '../../../src/kernel/log.ts';
import { openStore } from '../../../src/store/store.ts';
import { WALL } from './samples.ts';

/** Runs the child until it has promised `enough` records, kills it, and answers what it had promised. */
async function killedAfter(directory: string, round: number, enough: number): Promise<Map<string, Set<string>>> {
  const entry = new URL('./crash-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [entry, directory, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const promised = new Map([
    ['open', new Set<string>()],
    ['closed', new Set<string>()],
  ]);
  for await (const line of createInterface({ input: child.stdout })) {
    const [what = '', id = ''] = line.split(' ');
    promised.get(what)?.add(id);
    if ((promised.get('closed')?.size ?? 0) >= enough) child.kill('SIGKILL');
  }
  return promised;
}

test('kill -9 in the middle of writing leaves a sound store: no promised record lost, no half call, none twice', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'branchline-crash-'));
  try {
    const [opened, closed] = [new Set<string>(), new Set<string>()];
    for (let round = 0; round < 3; round++) {
      const promised = await killedAfter(directory, round, 40 + 25 * round);
      for (const id of promised.get('open') ?? []) opened.add(id);
      for (const id of promised.get('closed') ?? []) closed.add(id);
    }
    assert.ok(closed.size >= 40 + 65 + 90);

    const store = await openStore({ directory, log: silent, clock: { wall: () => WALL } });
    assert.ok(store.ok);
    const { start } = store.value;
    await store.value.close();
    assert.equal(start.setAside, undefined);
    const db = new Database(join(directory, 'state.db'), { readonly: true });
    const ids = (sql: string): string[] => db.prepare<[], string>(sql).pluck().all();
    const recorded = ids('SELECT call_id FROM cdr ORDER BY call_id');
    const inOutbox = ids(`SELECT payload ->> 'callId' AS id FROM outbox ORDER BY id`);
    db.close();
    assert.deepEqual(inOutbox, recorded, 'every record has its outbox row, and each once');
    const done = new Set(recorded);
    for (const id of closed) assert.ok(done.has(id), `the record of ${id} was promised`);
    const live = new Set(start.calls.map(({ callId }) => callId));
    for (const id of live) assert.ok(!done.has(id), `${id} is both live and closed`);
    for (const id of opened) assert.ok(done.has(id) || live.has(id), `${id} was promised and is nowhere`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
