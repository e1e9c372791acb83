/**
 * Runs inside the guest: two DAHDI spans that are looped to each other, driven by the product's own driver and media plane. Prints one
 * line of JSON per step; the test outside judges. Argument: the mode of the B-channels, `channels` or `bundle`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { silent } from '../../../src/kernel/log.ts';
import type { MediaStats } from '../../../src/media/counters.ts';
import { startMediaPlane } from '../../../src/media/plane.ts';
import { loadNative } from '../../../src/native/native.ts';
import { DahdiSpan } from '../../../src/span/dahdi/span.ts';
import type { SpanEvent } from '../../../src/span/port.ts';
import { assertExact, hears, Listeners, say } from '../exact-sound.ts';
import { eventually } from '../process.ts';
import { createSpan, destroySpan } from './dynamic.ts';
import { timerLoop } from './timer-loop.ts';

const SLOTS = Array.from({ length: 23 }, (_, n) => n + 1);
const SPEAKER = 25_300;
const LISTENER = 25_340;
/** Of sound without a slip: its whole cycle. */
const SECONDS = 1;
const ATTEMPTS = 30;

const mode = process.argv[2] === 'bundle' ? 'bundle' : 'channels';
const loaded = loadNative(process.argv[3]);
if (!loaded.ok) throw new Error(loaded.error);
const native = loaded.value;

const step = (what: string, result: unknown): void =>
  void process.stdout.write(`${JSON.stringify({ what, result })}\n`);

const loop = timerLoop();

createSpan(native, '1:0');
createSpan(native, '1:1');

const address = '127.0.0.1';
const plane = await startMediaPlane({
  address,
  ports: [25_200, 25_299],
  driver: 'native',
  log: silent,
  onEvent: () => {},
});
for (const spec of [
  { driver: 'carrier', id: 'voices', slots: 1 },
  { driver: 'udp', id: 'ears', slots: 1, listen: { address, port: SPEAKER }, peer: { address, port: LISTENER } },
  { driver: 'dahdi', id: 'one', slots: 24 },
  { driver: 'dahdi', id: 'two', slots: 24 },
] as const) {
  await plane.addSpan(spec);
}

const events: Record<string, SpanEvent[]> = { one: [], two: [] };
function openSpan(id: string, number: number): DahdiSpan {
  const line = { framing: 'esf', coding: 'b8zs', buildOut: 0, sync: 0, echoCanceller: undefined } as const;
  const setting = { id, number, slots: 24, bSlots: SLOTS, dSlot: 24, law: 'ulaw', mode, line } as const;
  return new DahdiSpan(setting, { native, loop, worker: plane, onEvent: (event) => events[id]?.push(event) });
}
const one = openSpan('one', 1);
let two = openSpan('two', 2);

const frames = (id: string): string[] =>
  (events[id] ?? []).flatMap((event) => (event.type === 'frame' ? [Buffer.from(event.frame).toString('hex')] : []));
const told = (id: string): string[] =>
  (events[id] ?? []).flatMap((event) => {
    if (event.type === 'failed') return [event.why];
    return event.type === 'alarm' ? [`${event.raised ? '+' : '-'}${event.alarm}`] : [];
  });

/** The first frames after opening are lost while the receiver finds the flags, as on any line. */
async function talk(): Promise<void> {
  const ping = Uint8Array.of(2, 1, 0x7f);
  await eventually(
    'the D-channel',
    () => {
      one.send(ping);
      two.send(ping);
      return frames('one').length > 0 && frames('two').length > 0;
    },
    10,
  );
  await sleep(300);
  for (const list of Object.values(events)) list.splice(0);
}

await talk();
const long = Uint8Array.from({ length: 260 }, (_, n) => n);
for (const frame of [Uint8Array.of(0, 1, 3, 4), long, Uint8Array.of(2, 1, 0x73)]) {
  one.send(frame);
  two.send(frame);
}
await eventually('the frames', () => frames('one').length >= 3 && frames('two').length >= 3, 10).catch(() => {});
step('frames', { one: frames('one'), two: frames('two') });

// A sound goes through all 23 channels, one after the other and half of them each way: one/1 → two/1, two/2 → one/2, one/3 → two/3, …
// It begins at the one end of that chain and then at the other, so that every channel is heard in both directions.
const total = ({ spans }: MediaStats): number => spans.reduce((sum, { slips }) => sum + slips, 0);

function verdictOf(heard: Uint8Array, what: string): string {
  try {
    assertExact(heard, 1, what);
    return 'exact';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const listeners = await Listeners.open(LISTENER, [1]);
const open = (leg: string, span: string, slot: number): void =>
  plane.leg(leg, { type: 'open-tdm', channel: { span, slot }, law: 'ulaw' });
const join = (a: string, b: string): void => plane.call({ type: 'join', a, b });
for (const slot of SLOTS) {
  open(`one${slot}`, 'one', slot);
  open(`two${slot}`, 'two', slot);
  const side = slot % 2 === 0 ? 'two' : 'one';
  if (slot > 1) join(`${side}${slot - 1}`, `${side}${slot}`);
}
open('voice', 'voices', 1);
open('ear', 'ears', 1);
say(plane, 'voices', 1, 1);
/** The sound goes in at `from` and is judged where it comes out. */
async function sound(what: string, from: string, to: string): Promise<void> {
  join('voice', from);
  join('ear', to);
  // What the last direction left in the channels runs out first.
  await sleep(6000);
  listeners.listen([1]);
  await eventually('the sound through all channels', () => hears(listeners.of(1), 1), 20).catch(() => {});
  const delay = Math.round(listeners.of(1).length / 8);
  // An emulated machine may be held up; then blocks slip, which is counted, and another stretch is listened to.
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    listeners.listen([1]);
    const before = plane.stats();
    await sleep(SECONDS * 1000);
    const after = plane.stats();
    const slips = total(after) - total(before);
    const cpu = Math.round((100 * (after.cpu - before.cpu)) / ((after.ticks - before.ticks) * 20));
    const heard = listeners.of(1);
    const verdict = verdictOf(heard, `from ${from}`);
    if (verdict !== 'exact' && attempt < ATTEMPTS) continue;
    step(what, { from, verdict, octets: heard.length, delay, attempt, slips, cpu });
    return;
  }
}
await sound('sound', 'one1', 'two23');
await sound('sound', 'two23', 'one1');

for (const list of Object.values(events)) list.splice(0);
// A span that somebody has open can't be destroyed.
await two.close();
await sleep(500);
destroySpan(native, '1:1', 2);
await eventually('the alarm', () => told('one').includes('+LOS'), 10).catch(() => {});
two = openSpan('two', 2);
await eventually('the trouble', () => told('two').length > 0, 5).catch(() => {});
step('destroyed', { one: told('one'), two: told('two'), reading: one.read()?.alarms });
for (const list of Object.values(events)) list.splice(0);
createSpan(native, '1:1');
await eventually('the end of the alarm', () => told('one').includes('-LOS') && told('two').includes('-LOS'), 15).catch(
  () => {},
);
step('returned', { one: told('one'), two: told('two'), reading: one.read()?.alarms });
await talk();
step('talks again', true);
// The calls have outlived it.
await sound('sound again', 'one1', 'two23');

await one.close();
await two.close();
listeners.close();
await plane.stop();
step('done', process.getActiveResourcesInfo());
process.exit(0);
