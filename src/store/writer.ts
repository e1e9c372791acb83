/** The entry of the writer's thread: a commit on slow flash takes hundreds of milliseconds, and the reactor can't wait. */
import { parentPort, workerData } from 'node:worker_threads';
import { Applier, readStart } from './apply.ts';
import { openDatabase } from './database.ts';
import { bootTime } from './deadline.ts';
import type { FromWriter, ToWriter, WriterData } from './messages.ts';
import { readMigrations } from './migrate.ts';

const port = parentPort;
if (port === null) throw new Error('writer.ts is the entry of a worker thread');
const say = (message: FromWriter): void => port.postMessage(message);

const { directory, maxBytes, keep, wall } = workerData as WriterData;
const opened = openDatabase(directory, maxBytes, readMigrations(new URL('./migrations/', import.meta.url)));
if (opened.ok) {
  const { db, setAside, damage, migrated, close } = opened.value;
  if (setAside !== undefined) {
    const fields = { file: setAside, damage };
    say({ type: 'log', level: 'error', fields, what: 'state.corrupt: the database was set aside, a new one begins' });
  }
  if (migrated.length > 0)
    say({ type: 'log', level: 'info', fields: { migrations: migrated }, what: 'state.migrated' });
  const applier = new Applier(db, keep);
  port.on('message', (message: ToWriter) => {
    if (message.type === 'close') {
      close();
      port.close();
      return;
    }
    const from = performance.now();
    const problems = applier.apply(message.ops, bootTime());
    say({ type: 'written', problems, took: performance.now() - from });
  });
  say({ type: 'opened', start: { ...readStart(db, bootTime(), wall), setAside } });
} else {
  say({ type: 'refused', problem: opened.error });
  port.close();
}
