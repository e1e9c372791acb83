import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import Database from 'better-sqlite3';
import { silent } from '../../../src/kernel/log.ts';
import { ms, type WallTime } from '../../../src/kernel/time.ts';
import { openStore, type Store, type StoreOptions } from '../../../src/store/store.ts';
import type { LineBin, StoreOp, StoreProblem } from '../../../src/store/words.ts';
import { binding, liveCall, recordOf, WALL } from './samples.ts';

let directory = '';
const open: Store[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'branchline-store-'));
});

afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function opened(options: Partial<StoreOptions> = {}): Promise<Store> {
  const result = await openStore({ directory, log: silent, clock: { wall: () => WALL }, ...options });
  assert.ok(result.ok, result.ok ? '' : result.error.what);
  open.push(result.value);
  return result.value;
}

async function refusal(options: Partial<StoreOptions> = {}): Promise<StoreProblem> {
  const result = await openStore({ directory, log: silent, clock: { wall: () => WALL }, ...options });
  if (result.ok) open.push(result.value);
  assert.ok(!result.ok, 'the store must refuse to open');
  return result.error;
}

test('a restart finds the same bindings, live calls and cursors', async () => {
  const before = await opened();
  assert.deepEqual(before.start.bindings, []);
  await Promise.all([
    before.persist({ type: 'bind', binding: binding('201') }),
    before.persist({ type: 'bind', binding: binding('202') }),
    before.persist({ type: 'bind', binding: { ...binding('202'), contact: 'sip:202@10.0.0.9', cseq: 7 } }),
    before.persist({ type: 'bind', binding: binding('203') }),
    before.persist({ type: 'unbind', aor: binding('203').aor, key: binding('203').key }),
    before.persist({ type: 'call-open', call: liveCall('c1') }),
    before.persist({
      type: 'call-update',
      callId: 'c1',
      change: { state: 'talking', answered: (WALL + 5) as WallTime, channels: [{ span: 'A', slot: 3 }] },
    }),
    before.persist({ type: 'cursor', name: 'route:out', value: 2 }),
    before.persist({ type: 'cursor', name: 'route:out', value: 3 }),
  ]);
  await before.close();

  const { bindings, calls, cursors, stream, setAside } = (await opened()).start;
  assert.deepEqual(
    bindings.map(({ aor, contact, cseq, path, flow }) => ({ aor, contact, cseq, path, flow })),
    [
      { aor: 'sip:201@branch', contact: 'sip:201@10.0.0.1', cseq: 1, path: ['<sip:edge;lr>'], flow: { port: 5060 } },
      { aor: 'sip:202@branch', contact: 'sip:202@10.0.0.9', cseq: 7, path: ['<sip:edge;lr>'], flow: { port: 5060 } },
    ],
  );
  const expected = { ...liveCall('c1'), state: 'talking', answered: WALL + 5, channels: [{ span: 'A', slot: 3 }] };
  assert.deepEqual(calls, [expected]);
  assert.deepEqual([...cursors], [['route:out', 3]]);
  assert.equal(stream, before.start.stream);
  assert.equal(setAside, undefined);
});

test('bins of a line are found again, each once, and only the latest', async () => {
  const bin = (n: number, es: number): LineBin => ({
    span: 'A',
    end: 'near',
    start: (WALL + n * 900_000) as WallTime,
    seconds: 900,
    counts: { es },
    crossed: ['es'],
  });
  const before = await opened();
  await before.persist({ type: 'line-bins', bins: [bin(0, 1), { ...bin(0, 7), end: 'far' }] });
  await before.persist({ type: 'line-bins', bins: [bin(0, 2), bin(1, 0)] });
  await before.close();
  const again = await opened();
  assert.deepEqual(
    again.start.lineBins.toSorted((a, b) => a.start - b.start || a.end.localeCompare(b.end)),
    [{ ...bin(0, 7), end: 'far' }, bin(0, 2), bin(1, 0)],
  );
  await again.persist({ type: 'line-bins', bins: Array.from({ length: 250 }, (_, n) => bin(n, n)) });
  await again.close();
  const near = (await opened()).start.lineBins.filter(({ end }) => end === 'near');
  assert.deepEqual([near.length, near[0]?.counts.es, near.at(-1)?.counts.es], [200, 50, 249]);
});

test('what a user has spent of his quota outlives a restart, the latest word alone', async () => {
  const before = await opened();
  await before.persist({ type: 'spent', user: '201', spent: { dayCalls: 1 } });
  await before.persist({ type: 'spent', user: '201', spent: { dayCalls: 2 } });
  await before.close();
  assert.deepEqual([...(await opened()).start.spent], [['201', { dayCalls: 2 }]]);
});

test('a binding that lapsed while the box was off does not come back', async () => {
  const before = await opened();
  await before.persist({ type: 'bind', binding: { ...binding('201'), left: ms(0) } });
  await before.persist({ type: 'bind', binding: binding('202') });
  await before.close();
  const { bindings } = (await opened()).start;
  assert.deepEqual(
    bindings.map(({ aor }) => aor),
    ['sip:202@branch'],
  );
});

test('closing a call writes its record and its outbox row once, and ends its live row', async () => {
  const store = await opened();
  await store.persist({ type: 'call-open', call: liveCall('c1') });
  await store.persist({ type: 'call-close', record: recordOf('c1') });
  await store.persist({ type: 'call-close', record: recordOf('c1') });
  assert.deepEqual(store.callRecord('c1'), recordOf('c1'));
  assert.equal(store.recentCalls(10).length, 1);
  const outbox = store.outbox(0, 10);
  assert.equal(outbox.length, 1);
  assert.equal(JSON.parse(outbox[0]?.payload ?? '').callId, 'c1');
  await store.close();
  assert.deepEqual((await opened()).start.calls, []);
});

test('a call that a crash left is closed from its own row, and a late event of it changes nothing', async () => {
  const store = await opened();
  await store.persist({ type: 'call-open', call: liveCall('c1') });
  const { cause, location } = recordOf('c1');
  await store.persist({ type: 'call-recover', callId: 'c1', ended: (WALL + 9) as WallTime, cause, location });
  await store.persist({ type: 'call-recover', callId: 'c1', ended: (WALL + 10) as WallTime, cause, location });
  await store.persist({ type: 'call-update', callId: 'c1', change: { state: 'late' } });
  const { state: _state, dialogs: _dialogs, ...call } = liveCall('c1');
  assert.deepEqual(store.recentCalls(10), [
    { id: 1, ...call, ended: WALL + 9, cause, location, releasedBy: 'crash', media: undefined },
  ]);
  await store.close();
  assert.deepEqual((await opened()).start.calls, []);
});

test('an acknowledged sequence number is never used again', async () => {
  const store = await opened();
  await store.persist({ type: 'call-close', record: recordOf('c1') });
  await store.persist({ type: 'call-close', record: recordOf('c2') });
  await store.persist({ type: 'ack', upTo: 1 });
  assert.deepEqual(
    store.outbox(0, 10).map(({ sequence }) => sequence),
    [2],
  );
  await store.persist({ type: 'ack', upTo: 2 });
  await store.close();
  const again = await opened();
  await again.persist({ type: 'call-close', record: recordOf('c3') });
  assert.deepEqual(
    again.outbox(0, 10).map(({ sequence }) => sequence),
    [3],
  );
});

test('what one turn of the loop brings is one commit, and the rest waits for the next', async () => {
  const store = await opened();
  const writes = Array.from({ length: 300 }, (_, i) =>
    store.persist({ type: 'bind', binding: binding(String(1000 + i)) }),
  );
  await Promise.all(writes);
  const { commits, committed, waiting } = store.stats();
  assert.deepEqual({ commits, committed, waiting }, { commits: 1, committed: 300, waiting: 0 });
});

test('one op that can not be written does not take its group with it', async () => {
  const store = await opened();
  const bad = { ...liveCall('bad'), from: undefined as unknown as string };
  const [first, second, third] = await Promise.allSettled([
    store.persist({ type: 'call-open', call: liveCall('c1') }),
    store.persist({ type: 'call-open', call: bad }),
    store.persist({ type: 'call-close', record: recordOf('c2') }),
  ]);
  assert.equal(first.status, 'fulfilled');
  assert.equal(second.status, 'rejected');
  assert.equal(second.status === 'rejected' && (second.reason as StoreProblem).type, 'refused');
  assert.equal(third.status, 'fulfilled');
  assert.equal(store.stats().trouble, undefined);
  await store.close();
  assert.deepEqual(
    (await opened()).start.calls.map(({ callId }) => callId),
    ['c1'],
  );
});

test('an op that is no plain data is refused, and the store goes on', async () => {
  const store = await opened();
  const write = store.persist({ type: 'call-open', call: { ...liveCall('c1'), decision: () => {} } });
  await assert.rejects(write, { type: 'refused' });
  await assert.rejects(store.persist({ type: 'call-open', call: { ...liveCall('c2'), decision: 1n } }), {
    type: 'refused',
  });
  await store.persist({ type: 'call-open', call: liveCall('c3') });
  await store.close();
  assert.equal((await opened()).start.calls.length, 1);
});

test('a full file refuses with its own word, stays sound, and takes writes again once there is room', async () => {
  const store = await opened({ maxBytes: 160 * 1024 });
  const payload = 'x'.repeat(20_000);
  let stored = 0;
  let problem: StoreProblem | undefined;
  for (let i = 0; i < 50 && problem === undefined; i++) {
    try {
      await store.persist({ type: 'call-open', call: { ...liveCall(`c${i}`), decision: payload } });
      stored++;
    } catch (error) {
      problem = error as StoreProblem;
    }
  }
  assert.equal(problem?.type, 'full');
  assert.equal(store.stats().trouble?.type, 'full');
  assert.ok(stored > 0);
  await store.close();

  const again = await opened();
  assert.equal(again.start.calls.length, stored);
  await again.persist({ type: 'call-open', call: { ...liveCall('after'), decision: payload } });
  assert.equal(again.stats().trouble, undefined);
});

test('a flood beyond the queue is refused at once, not remembered without end', async () => {
  const store = await opened({ queue: 10 });
  const writes = await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) => store.persist({ type: 'cursor', name: `c${i}`, value: i })),
  );
  assert.deepEqual(
    writes.map(({ status }) => status),
    [...Array(10).fill('fulfilled'), 'rejected', 'rejected'],
  );
  assert.equal(writes[10]?.status === 'rejected' && (writes[10].reason as StoreProblem).type, 'busy');
});

test('only so many call records stay on the box, and those not yet acknowledged stay in the outbox', async () => {
  const store = await opened({ keep: 3 });
  for (let i = 1; i <= 5; i++) await store.persist({ type: 'call-close', record: recordOf(`c${i}`) });
  assert.deepEqual(
    store.recentCalls(10).map(({ callId }) => callId),
    ['c5', 'c4', 'c3'],
  );
  assert.deepEqual(
    store.recentCalls(1, 5).map(({ callId }) => callId),
    ['c4'],
  );
  assert.equal(store.outbox(0, 10).length, 5);
});

test('an ELIN survives with who called under it, the latest holder wins, and one that has lapsed is gone for good', async () => {
  const elin = (number: string, holder: string, left: number): StoreOp => ({
    type: 'elin',
    elin: {
      elin: number,
      held: { holder },
      phone: { contact: holder },
      expires: (Date.now() + left) as WallTime,
      left: ms(left),
    },
  });
  const before = await opened();
  await before.persist(elin('+12145550290', 'a', 60_000));
  await before.persist(elin('+12145550290', 'b', 90_000));
  await before.persist(elin('+12145550291', 'c', 30_000));
  await before.persist(elin('+12145550292', 'd', 0));
  await before.close();
  const { elins } = (await opened()).start;
  assert.deepEqual(
    elins.map(({ elin: number, held, phone }) => [number, held, phone]),
    [
      ['+12145550291', { holder: 'c' }, { contact: 'c' }],
      ['+12145550290', { holder: 'b' }, { contact: 'b' }],
    ],
  );
  assert.ok((elins[0]?.left ?? 0) > 0 && (elins[0]?.left ?? 0) <= 30_000);
});

test('a second process is kept out of an open store', async () => {
  const first = await opened();
  const problem = await refusal();
  assert.equal(problem.type, 'in-use');
  assert.match(problem.what, /another process/);
  await first.close();
  await opened();
});

test('closing writes what still waits, and a closed store says so', async () => {
  const store = await opened();
  const write = store.persist({ type: 'cursor', name: 'x', value: 1 });
  await store.close();
  await write;
  await assert.rejects(store.persist({ type: 'cursor', name: 'x', value: 2 }), { type: 'closed' });
  assert.equal((await opened()).start.cursors.get('x'), 1);
});

test('a corrupt database is set aside whole and the box starts with a new one', async () => {
  const store = await opened();
  for (let i = 0; i < 50; i++) await store.persist({ type: 'call-close', record: recordOf(`c${i}`) });
  await store.close();
  truncateSync(join(directory, 'state.db'), 20_000);
  const said: string[] = [];
  const again = await opened({ log: { ...silent, error: (_fields, what) => said.push(what) } });
  assert.equal(again.start.setAside, join(directory, 'state.db.corrupt-1'));
  assert.match(said.join(), /state\.corrupt/);
  assert.notEqual(again.start.stream, store.start.stream);
  await again.persist({ type: 'call-close', record: recordOf('new') });
  await again.close();
  writeFileSync(join(directory, 'state.db'), 'this is no database, but it is long enough to look at'.repeat(100));
  assert.equal((await opened()).start.setAside, join(directory, 'state.db.corrupt-2'));
  assert.deepEqual(readdirSync(directory).filter((name) => name.includes('corrupt')).length, 2);
});

test('a database of a later release that this one can not follow is refused and left alone', async () => {
  await (await opened()).close();
  const db = new Database(join(directory, 'state.db'));
  const own = db.prepare<[], { version: number }>('SELECT max(version) AS version FROM migration').get()?.version ?? 0;
  const insert = 'INSERT INTO migration VALUES (?, ?, ?)';
  db.prepare(insert).run(own + 1, 'more.sql', 1);
  db.close();
  await (await opened()).close();
  const later = new Database(join(directory, 'state.db'));
  later.prepare(insert).run(own + 2, 'other.sql', own + 2);
  later.close();
  const problem = await refusal();
  assert.equal(problem.type, 'newer');
  assert.match(problem.what, new RegExp(`schema ${own + 2}.*this one has ${own}`));
});

test('a directory that can not be made is a problem, not a crash', async () => {
  writeFileSync(join(directory, 'file'), '');
  const problem = await refusal({ directory: join(directory, 'file', 'state') });
  assert.equal(problem.type, 'failed');
  assert.match(problem.what, /ENOTDIR/);
});
