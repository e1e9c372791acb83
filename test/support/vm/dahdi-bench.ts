/**
 * Runs inside the guest: eight DAHDI spans with 184 calls, in pairs that are looped to each other. Prints what the media loop takes for
 * them, in one mode and then in the other. Argument: the folder of this program.
 */
import { join } from 'node:path';
import { fillSpans, loadText, measureLoad } from '../../../scripts/bench/lib/span-load.ts';
import { silent } from '../../../src/kernel/log.ts';
import { startMediaPlane } from '../../../src/media/plane.ts';
import { loadNative } from '../../../src/native/native.ts';
import { DahdiSpan } from '../../../src/span/dahdi/span.ts';
import { eventually } from '../process.ts';
import { createSpan } from './dynamic.ts';
import { timerLoop } from './timer-loop.ts';

const loaded = loadNative(join(process.argv[2] ?? '', 'branchline.node'));
if (!loaded.ok) throw new Error(loaded.error);
const native = loaded.value;
const SLOTS = Array.from({ length: 23 }, (_, n) => n + 1);
const NUMBERS = Array.from({ length: 8 }, (_, n) => n + 1);
const line = { framing: 'esf', coding: 'b8zs', buildOut: 0, sync: 0, echoCanceller: undefined } as const;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

for (const n of NUMBERS) createSpan(native, `${(n + 1) >> 1}:${(n + 1) & 1}`);
for (const mode of ['channels', 'bundle'] as const) {
  const worker = await startMediaPlane({
    address: '127.0.0.1',
    ports: [25_200, 25_299],
    driver: 'native',
    log: silent,
    onEvent: () => {},
  });
  const loop = timerLoop();
  const said: string[] = [];
  const spans: DahdiSpan[] = [];
  for (const number of NUMBERS) {
    const id = `span${number}`;
    await worker.addSpan({ driver: 'dahdi', id, slots: 24 });
    const setting = { id, number, slots: 24, bSlots: SLOTS, dSlot: 24, law: 'ulaw', mode, line } as const;
    const onEvent = (event: { readonly type: string; readonly why?: string }): void => {
      if (event.why !== undefined) said.push(event.why);
    };
    spans.push(new DahdiSpan(setting, { native, loop, worker, onEvent }));
  }
  await eventually('every span is well', () => spans.every((span) => span.read()?.alarms.length === 0), 20);
  const idle = await measureLoad(worker);
  fillSpans(
    worker,
    spans.map(({ id }) => id),
  );
  const full = await measureLoad(worker);
  print(`DAHDI in an emulated machine, ${mode}, 8 spans, no call: ${loadText(idle)}`);
  print(`DAHDI in an emulated machine, ${mode}, 8 spans, 184 channels: ${loadText(full)}`);
  for (const why of said) print(why);
  for (const span of spans) await span.close();
  await worker.stop();
}
process.exit(0);
