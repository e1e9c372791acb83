/**
 * The schema and its history. Migrations are numbered .sql files, applied in order, each in one transaction. They only add, so
 * that the previous release can open the new state (the other slot of the appliance may boot); a file that must break this
 * says so in its first line, `-- opens-with: N`: the lowest schema whose program may still use the result.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { fail, ok, type Result } from '../kernel/result.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly opensWith: number;
  readonly sql: string;
}

/** The migrations of a folder, in order. A gap or a file without its first line is our own fault and throws. */
export function readMigrations(folder: URL): readonly Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name, i) => {
    const sql = readFileSync(new URL(name, folder), 'utf8');
    const version = Number(name.slice(0, 4));
    const opensWith = /^-- opens-with: (\d+)\n/.exec(sql)?.[1];
    if (version !== i + 1 || opensWith === undefined)
      throw new Error(`migration ${name} is out of order or says no opens-with`);
    return { version, name, opensWith: Number(opensWith), sql };
  });
}

/** Brings a database to this program's schema, or says why this program must not touch it. Answers what was applied. */
export function migrate(db: Database, migrations: readonly Migration[]): Result<readonly string[]> {
  db.exec(
    'CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, opens_with INTEGER NOT NULL) STRICT',
  );
  const found = db
    .prepare<[], { version: number; opensWith: number }>(
      'SELECT coalesce(max(version), 0) AS version, coalesce(max(opens_with), 0) AS opensWith FROM migration',
    )
    .get() ?? { version: 0, opensWith: 0 };
  const own = migrations.length;
  if (found.opensWith > own) {
    return fail(
      `the database has schema ${found.version}, which needs a program of schema ${found.opensWith} or later; this one has ${own}. ` +
        'Run the newer release, or start with another state directory',
    );
  }
  const applied: string[] = [];
  for (const { version, name, opensWith, sql } of migrations.slice(found.version)) {
    db.transaction(() => {
      db.exec(sql);
      db.prepare('INSERT INTO migration (version, name, opens_with) VALUES (?, ?, ?)').run(version, name, opensWith);
    }).immediate();
    applied.push(name);
  }
  return ok(applied);
}
