/**
 * Runs inside the guest: one DAHDI span whose clock somebody outside gives, as the media tick's reference, with a call on it. Says twice a
 * second how far the tick runs ahead of the guest's own clock. Argument: the folder of this program.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silent } from '../../../src/kernel/log.ts';
import { startMediaPlane } from '../../../src/media/plane.ts';
import { loadNative } from '../../../src/native/native.ts';
import { DahdiSpan } from '../../../src/span/dahdi/span.ts';
import { timerLoop } from './timer-loop.ts';

const loaded = loadNative(join(process.argv[2] ?? '', 'branchline.node'));
if (!loaded.ok) throw new Error(loaded.error);

const plane = await startMediaPlane({
  address: '127.0.0.1',
  ports: [25_200, 25_299],
  driver: 'native',
  log: silent,
  onEvent: () => {},
});
await plane.addSpan({ driver: 'dahdi', id: 'line', slots: 24 });
const bSlots = Array.from({ length: 23 }, (_, n) => n + 1);
const line = { framing: 'esf', coding: 'b8zs', buildOut: 0, sync: 0, echoCanceller: undefined } as const;
const setting = { id: 'line', number: 1, slots: 24, bSlots, dSlot: 24, law: 'ulaw', mode: 'channels', line } as const;
const span = new DahdiSpan(setting, { native: loaded.value, loop: timerLoop(), worker: plane, onEvent: () => {} });
plane.reference('line');
plane.leg('call', { type: 'open-tdm', channel: { span: 'line', slot: 1 }, law: 'ulaw' });

for (;;) {
  const { clockPpm, ticks } = plane.stats();
  const { slips } = plane.span('line') ?? { slips: -1 };
  process.stdout.write(`${JSON.stringify({ ppm: clockPpm, ticks, slips, alarms: span.read()?.alarms })}\n`);
  await sleep(500);
}
