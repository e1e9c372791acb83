/** Read-only queries of what has been committed. Small by their limits: they run on the caller's thread. */
import { join } from 'node:path';
import Database, { type Statement } from 'better-sqlite3';
import { STATE_FILE } from './database.ts';
import { type CdrRow, recordOf } from './rows.ts';
import type { CallRecord, OutboxRow } from './words.ts';

/** The most rows that one question answers. */
const MOST_ROWS = 500;

export class Reader {
  readonly #db: Database.Database;
  readonly #recent: Statement<[number, number], CdrRow>;
  readonly #one: Statement<[string], CdrRow>;
  readonly #outbox: Statement<[number, number], OutboxRow>;

  constructor(directory: string) {
    this.#db = new Database(join(directory, STATE_FILE), { readonly: true, fileMustExist: true });
    this.#recent = this.#db.prepare('SELECT * FROM cdr WHERE id < ? ORDER BY id DESC LIMIT ?');
    this.#one = this.#db.prepare('SELECT * FROM cdr WHERE call_id = ?');
    this.#outbox = this.#db.prepare(
      'SELECT sequence, payload FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?',
    );
  }

  recent(limit: number, before: number | undefined): readonly (CallRecord & { readonly id: number })[] {
    const rows = this.#recent.all(before ?? Number.MAX_SAFE_INTEGER, Math.min(limit, MOST_ROWS));
    return rows.map((row) => ({ id: row.id, ...recordOf(row) }));
  }

  one(callId: string): CallRecord | undefined {
    const row = this.#one.get(callId);
    return row === undefined ? undefined : recordOf(row);
  }

  outbox(after: number, limit: number): readonly OutboxRow[] {
    return this.#outbox.all(after, Math.min(limit, MOST_ROWS));
  }

  close(): void {
    this.#db.close();
  }
}
