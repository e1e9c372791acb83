/** Opens the state database for writing: alone, sound, and with this program's schema. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { fail, ok, type Result } from '../kernel/result.ts';
import { type Migration, migrate } from './migrate.ts';
import type { StoreProblem } from './words.ts';

export const STATE_FILE = 'state.db';

export interface OpenedDatabase {
  readonly db: Database.Database;
  /** Where a corrupt file was put. */
  readonly setAside: string | undefined;
  /** What was wrong with it. */
  readonly damage: string | undefined;
  readonly migrated: readonly string[];
  close(): void;
}

/** `maxBytes`: the file never grows beyond it, so that a flood of records can't take the whole disk. */
export function openDatabase(
  directory: string,
  maxBytes: number,
  migrations: readonly Migration[],
): Result<OpenedDatabase, StoreProblem> {
  let lock: Database.Database | undefined;
  let db: Database.Database | undefined;
  const give = (problem: StoreProblem): Result<OpenedDatabase, StoreProblem> => {
    db?.close();
    lock?.close();
    return fail(problem);
  };
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    lock = lockDirectory(directory);
    if (lock === undefined) return give({ type: 'in-use', what: `another process has the state in ${directory} open` });
    const file = join(directory, STATE_FILE);
    let setAside: string | undefined;
    let found = openSound(file);
    const damage = found.ok ? undefined : found.error;
    if (!found.ok) {
      setAside = putAside(file);
      found = openSound(file);
      if (!found.ok) return give({ type: 'failed', what: `a new database in ${directory} is unsound: ${found.error}` });
    }
    db = found.value;
    // FULL: a commit is on the medium when it returns; replies that promise durability wait for it.
    db.pragma('synchronous = FULL');
    const pageSize = db.pragma('page_size', { simple: true }) as number;
    db.pragma(`max_page_count = ${Math.max(1, Math.floor(maxBytes / pageSize))}`);
    const migrated = migrate(db, migrations);
    if (!migrated.ok) return give({ type: 'newer', what: migrated.error });
    const [open, held] = [db, lock];
    const close = (): void => {
      open.close();
      held.close();
    };
    return ok({ db, setAside, damage, migrated: migrated.value, close });
  } catch (error) {
    return give(problemOf(error));
  }
}

/** The lock of a second, empty database: the kernel drops it when the process dies, however it dies. */
function lockDirectory(directory: string): Database.Database | undefined {
  const lock = new Database(join(directory, 'state.lock'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (codeOf(error).startsWith('SQLITE_BUSY')) return undefined;
    throw error;
  }
}

function openSound(file: string): Result<Database.Database> {
  const db = new Database(file);
  try {
    db.pragma('journal_mode = WAL');
    const verdict = db.pragma('integrity_check(1)', { simple: true }) as string;
    if (verdict === 'ok') return ok(db);
    db.close();
    return fail(verdict);
  } catch (error) {
    db.close();
    if (/^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error))) return fail((error as Error).message);
    throw error;
  }
}

/** Renames the file and its log; what can be saved from them is for a person to decide. */
function putAside(file: string): string {
  let n = 1;
  while (existsSync(`${file}.corrupt-${n}`)) n++;
  const aside = `${file}.corrupt-${n}`;
  for (const part of ['', '-wal', '-shm']) if (existsSync(file + part)) renameSync(file + part, aside + part);
  return aside;
}

/** What SQLite or the file system says, as a value. Anything else is our own fault and is thrown on. */
export function problemOf(error: unknown): StoreProblem {
  const code = codeOf(error);
  const what = error instanceof Error ? `${error.message} (${code})` : code;
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return { type: 'full', what: `no room for the state: ${what}` };
  }
  if (code.startsWith('SQLITE_CONSTRAINT') || code === 'SQLITE_TOOBIG' || code === 'SQLITE_MISMATCH') {
    return { type: 'refused', what };
  }
  if (code.startsWith('SQLITE_') || /^E[A-Z]+$/.test(code)) return { type: 'failed', what };
  throw error;
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
