/** The store's ops as SQL, one group per transaction. */
import type { Database, Statement } from 'better-sqlite3';
import { impossible } from '../kernel/machine.ts';
import type { WallTime } from '../kernel/time.ts';
import { problemOf } from './database.ts';
import { type BootTime, remaining } from './deadline.ts';
import {
  type BindingRow,
  bindingOf,
  bindingRow,
  cdrRow,
  changeRow,
  type ElinRow,
  elinOf,
  elinRow,
  type LineBinRow,
  type LiveCallRow,
  lineBinOf,
  lineBinRow,
  liveCallOf,
  liveCallRow,
  storedDeadline,
} from './rows.ts';
import type { CallRecord, StoredElin, StoreOp, StoreProblem, StoreStart } from './words.ts';

const CALL =
  'call_id, linked_id, started, answered, "from", "to", user, decision, hops, channels, sip_call_ids, revision';
const CALL_VALUES =
  '@call_id, @linked_id, @started, @answered, @from, @to, @user, @decision, @hops, @channels, @sip_call_ids, @revision';
const CHANGEABLE = [
  'linked_id',
  'state',
  'answered',
  '"to"',
  'user',
  'decision',
  'hops',
  'channels',
  'sip_call_ids',
  'revision',
  'dialogs',
];

/** Bins kept of one end of a span: the 96 of a day, and as many again of a clock that was wrong. */
const KEPT_BINS = 200;

/** Prepared once per database; `keep` is how many call records stay. */
export class Applier {
  readonly #db: Database;
  readonly #keep: number;
  readonly #bind: Statement;
  readonly #unbind: Statement;
  readonly #openCall: Statement;
  readonly #updateCall: Statement;
  readonly #liveCall: Statement<[string], LiveCallRow>;
  readonly #dropCall: Statement;
  readonly #record: Statement;
  readonly #outbox: Statement;
  readonly #trim: Statement;
  readonly #cursor: Statement;
  readonly #spent: Statement;
  readonly #elin: Statement;
  readonly #ack: Statement;
  readonly #lineBin: Statement;
  readonly #trimBins: Statement;

  constructor(db: Database, keep: number) {
    this.#db = db;
    this.#keep = keep;
    this.#bind = db.prepare(
      `INSERT OR REPLACE INTO binding VALUES (@aor, @key, @contact, @path, @instance, @reg_id, @call_id, @cseq, @q, @user_agent,
        @flow, @expires, @left_ms, @boot, @uptime_ms)`,
    );
    this.#unbind = db.prepare('DELETE FROM binding WHERE aor = ? AND key = ?');
    this.#openCall = db.prepare(
      `INSERT OR REPLACE INTO live_call (${CALL}, state, dialogs) VALUES (${CALL_VALUES}, @state, @dialogs)`,
    );
    const set = CHANGEABLE.map((column) => `${column} = coalesce(@${column.replaceAll('"', '')}, ${column})`);
    this.#updateCall = db.prepare(`UPDATE live_call SET ${set.join(', ')} WHERE call_id = @call_id`);
    this.#liveCall = db.prepare('SELECT * FROM live_call WHERE call_id = ?');
    this.#dropCall = db.prepare('DELETE FROM live_call WHERE call_id = ?');
    this.#record = db.prepare(
      `INSERT INTO cdr (${CALL}, ended, cause, location, released_by, media)
        VALUES (${CALL_VALUES}, @ended, @cause, @location, @released_by, @media) ON CONFLICT (call_id) DO NOTHING`,
    );
    this.#outbox = db.prepare('INSERT INTO outbox (payload) VALUES (?)');
    this.#trim = db.prepare('DELETE FROM cdr WHERE id <= (SELECT max(id) FROM cdr) - ?');
    this.#cursor = db.prepare('INSERT OR REPLACE INTO cursor (name, value) VALUES (?, ?)');
    this.#spent = db.prepare('INSERT OR REPLACE INTO spent (user, spent) VALUES (?, ?)');
    this.#elin = db.prepare(
      'INSERT OR REPLACE INTO elin VALUES (@elin, @held, @phone, @expires, @left_ms, @boot, @uptime_ms)',
    );
    this.#ack = db.prepare('DELETE FROM outbox WHERE sequence <= ?');
    this.#lineBin = db.prepare(
      `INSERT INTO line_bin (span, "end", start, seconds, counts, crossed) VALUES (@span, @end, @start, @seconds, @counts, @crossed)
        ON CONFLICT (span, "end", start) DO UPDATE SET seconds = @seconds, counts = @counts, crossed = @crossed`,
    );
    this.#trimBins = db.prepare(
      `DELETE FROM line_bin WHERE span = @span AND "end" = @end AND rowid <=
        (SELECT rowid FROM line_bin WHERE span = @span AND "end" = @end ORDER BY rowid DESC LIMIT 1 OFFSET ${KEPT_BINS})`,
    );
  }

  /**
   * Writes a group in one transaction. Answers undefined when all of it is on the medium, else one entry per op: the problem, or
   * undefined where the op was written all the same.
   */
  apply(ops: readonly StoreOp[], boot: BootTime): readonly (StoreProblem | undefined)[] | undefined {
    try {
      this.#db
        .transaction(() => {
          for (const op of ops) this.#write(op, boot);
        })
        .immediate();
      return undefined;
    } catch (error) {
      if (ops.length === 1) return [verdict(error)];
      verdict(error);
    }
    return this.#oneByOne(ops, boot);
  }

  /** The same group again, each op in a savepoint, so that one that can't be written doesn't take the others with it. */
  #oneByOne(ops: readonly StoreOp[], boot: BootTime): readonly (StoreProblem | undefined)[] {
    try {
      return this.#db.transaction(() => ops.map((op) => this.#writeApart(op, boot))).immediate();
    } catch (error) {
      const problem = verdict(error);
      return ops.map(() => problem);
    }
  }

  #writeApart(op: StoreOp, boot: BootTime): StoreProblem | undefined {
    try {
      this.#db.transaction(() => this.#write(op, boot))();
      return undefined;
    } catch (error) {
      // On some faults (a full disk among them) SQLite may roll the whole transaction back: then nothing of the group stands.
      if (!this.#db.inTransaction) throw error;
      return verdict(error);
    }
  }

  #write(op: StoreOp, boot: BootTime): void {
    switch (op.type) {
      case 'bind':
        this.#bind.run(bindingRow(op.binding, boot.boot, boot.uptime));
        return;
      case 'unbind':
        this.#unbind.run(op.aor, op.key);
        return;
      case 'call-open':
        this.#openCall.run(liveCallRow(op.call));
        return;
      case 'call-update':
        this.#updateCall.run(changeRow(op.callId, op.change));
        return;
      case 'call-close':
        this.#close(op.record);
        return;
      case 'call-recover': {
        const row = this.#liveCall.get(op.callId);
        if (row === undefined) return;
        const { state: _state, dialogs: _dialogs, ...call } = liveCallOf(row);
        const { ended, cause, location } = op;
        this.#close({ ...call, ended, cause, location, releasedBy: 'crash', media: undefined });
        return;
      }
      case 'cursor':
        this.#cursor.run(op.name, op.value);
        return;
      case 'spent':
        this.#spent.run(op.user, JSON.stringify(op.spent));
        return;
      case 'elin':
        this.#elin.run(elinRow(op.elin, boot.boot, boot.uptime));
        return;
      case 'ack':
        this.#ack.run(op.upTo);
        return;
      case 'event':
        this.#outbox.run(JSON.stringify({ type: 'event', ...op.event }));
        return;
      case 'line-bins':
        for (const bin of op.bins) {
          this.#lineBin.run(lineBinRow(bin));
          this.#trimBins.run({ span: bin.span, end: bin.end });
        }
        return;
      default:
        impossible(op);
    }
  }

  #close(record: CallRecord): void {
    if (this.#record.run(cdrRow(record)).changes === 1) {
      this.#outbox.run(JSON.stringify({ type: 'cdr', ...record }));
      this.#trim.run(this.#keep);
    }
    this.#dropCall.run(record.callId);
  }
}

/** A value that can't be a row is refused alone: the writer outlives our own mistakes too. */
function verdict(error: unknown): StoreProblem {
  if (error instanceof TypeError || error instanceof RangeError) return { type: 'refused', what: error.message };
  return problemOf(error);
}

/** What the database holds; bindings that have lapsed are dropped from it. */
export function readStart(db: Database, boot: BootTime, wall: WallTime): Omit<StoreStart, 'setAside'> {
  const lapsed: BindingRow[] = [];
  const bindings = [];
  for (const row of db.prepare<[], BindingRow>('SELECT * FROM binding').all()) {
    const left = remaining(storedDeadline(row), boot, wall);
    if (left > 0) bindings.push(bindingOf(row, left));
    else lapsed.push(row);
  }
  const unbind = db.prepare('DELETE FROM binding WHERE aor = ? AND key = ?');
  db.transaction(() => {
    for (const { aor, key } of lapsed) unbind.run(aor, key);
  })();
  db.transaction(() => {
    const drop = db.prepare('DELETE FROM elin WHERE elin = ?');
    for (const { elin } of allElins(db, boot, wall).filter(({ left }) => left <= 0)) drop.run(elin);
  })();
  const calls = db.prepare<[], LiveCallRow>('SELECT * FROM live_call ORDER BY started').all().map(liveCallOf);
  const cursors = db.prepare<[], { name: string; value: number }>('SELECT name, value FROM cursor').all();
  const spent = db.prepare<[], { user: string; spent: string }>('SELECT user, spent FROM spent').all();
  return {
    bindings,
    calls,
    cursors: new Map(cursors.map(({ name, value }) => [name, value])),
    elins: allElins(db, boot, wall).sort((a, b) => a.left - b.left),
    spent: new Map(spent.map(({ user, spent }) => [user, JSON.parse(spent)])),
    lineBins: db.prepare<[], LineBinRow>('SELECT * FROM line_bin ORDER BY start').all().map(lineBinOf),
    stream: streamOf(db),
  };
}

const allElins = (db: Database, boot: BootTime, wall: WallTime): StoredElin[] =>
  db
    .prepare<[], ElinRow>('SELECT * FROM elin')
    .all()
    .map((row) => elinOf(row, remaining(storedDeadline(row), boot, wall)));

function streamOf(db: Database): string {
  const read = db.prepare<[], { stream: string }>('SELECT stream FROM identity');
  const found = read.get();
  if (found !== undefined) return found.stream;
  const stream = crypto.randomUUID();
  db.prepare('INSERT INTO identity (stream) VALUES (?)').run(stream);
  return stream;
}
