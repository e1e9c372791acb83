/** Makes and ends calls without pause, and prints the id of each whose record the store has promised. Killed by its parent. */
import { silent } from '../../../src/kernel/log.ts';
import { openStore } from '../../../src/store/store.ts';
import { liveCall, recordOf, WALL } from './samples.ts';

const [directory = '', round = ''] = process.argv.slice(2);
const opened = await openStore({ directory, log: silent, clock: { wall: () => WALL } });
if (!opened.ok) throw new Error(opened.error.what);
const store = opened.value;
for (let i = 0; ; i += 10) {
  await Promise.all(
    Array.from({ length: 10 }, async (_, k) => {
      const id = `${round}-${i + k}`;
      await store.persist({ type: 'call-open', call: liveCall(id) });
      process.stdout.write(`open ${id}\n`);
      await store.persist({ type: 'call-close', record: recordOf(id) });
      process.stdout.write(`closed ${id}\n`);
    }),
  );
}
