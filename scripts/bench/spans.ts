/**
 * Eight spans over Ethernet with 184 calls, each of its channels joined to that of a second span at the other end of a cable of this
 * machine: what share of a core the media loop takes for both ends, how late its ticks are, and what frames were lost.
 * Needs CAP_NET_ADMIN. Build the addon first: scripts/build-native.
 */
import { silent } from '../../src/kernel/log.ts';
import type { MediaStats } from '../../src/media/counters.ts';
import { startMediaPlane } from '../../src/media/plane.ts';
import { makeCable } from '../../test/support/ethernet.ts';

/** A box has eight spans: four at each end of the cable. */
const PAIRS = 4;
const CHANNELS = 23;
const WINDOWS = 5;
const SECONDS = 2;

const cable = makeCable();
if (typeof cable === 'string') throw new Error(cable);
const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const shareOf = (before: MediaStats, after: MediaStats): number =>
  (100 * (after.cpu - before.cpu)) / ((after.ticks - before.ticks) * 20);

const framesOf = ({ spans }: MediaStats, name: 'received' | 'lost'): number =>
  spans.reduce((sum, span) => sum + span[name], 0);

const plane = await startMediaPlane({
  address: '127.0.0.1',
  ports: [25_600, 25_699],
  driver: 'native',
  log: silent,
  onEvent: () => {},
});
try {
  const ends = [
    { name: cable.a, peer: cable.addressB, side: 'near' },
    { name: cable.b, peer: cable.addressA, side: 'far' },
  ];
  for (const { name, peer, side } of ends) {
    for (let n = 0; n < PAIRS; n++) {
      const id = `${side}${n}`;
      const common = { driver: 'tdmoe', slots: 24, dSlot: 24, subAddress: n, variant: 'single' } as const;
      const added = await plane.addSpan({ ...common, id, interface: name, peer });
      if (!added.ok) throw new Error(`${id}: ${added.error}`);
    }
  }
  const rows = [await measure('8 spans, no call')];
  // Each call goes in at one channel and out at its neighbour, so that both directions of all 184 channels carry sound.
  for (let n = 0; n < 2 * PAIRS * CHANNELS; n++) {
    const span = `${n < PAIRS * CHANNELS ? 'near' : 'far'}${Math.floor(n / CHANNELS) % PAIRS}`;
    plane.leg(`leg${n}`, { type: 'open-tdm', channel: { span, slot: (n % CHANNELS) + 1 }, law: 'ulaw' });
    if (n % 2 === 1) plane.call({ type: 'join', a: `leg${n - 1}`, b: `leg${n}` });
  }
  rows.push(await measure('8 spans, 184 channels'));
  for (const row of rows) console.log(row);
} finally {
  await plane.stop();
  cable.remove();
}

async function measure(what: string): Promise<string> {
  await sleep(2);
  const stats = [plane.stats()];
  for (let n = 0; n < WINDOWS; n++) {
    await sleep(SECONDS);
    stats.push(plane.stats());
  }
  const [first, last] = [stats[0], stats.at(-1)];
  if (first === undefined || last === undefined) throw new Error('nothing was measured');
  const shares = stats.slice(1).map((now, n) => shareOf(stats[n] ?? now, now));
  const cpu = shares.sort((a, b) => a - b)[shares.length >> 1] ?? Number.NaN;
  const frames = framesOf(last, 'received') - framesOf(first, 'received');
  const lost = framesOf(last, 'lost') - framesOf(first, 'lost');
  const rate = Math.round(frames / (WINDOWS * SECONDS));
  const late = last.lateness.max.toFixed(2);
  return `${what.padEnd(24)} ${cpu.toFixed(1)} % of a core, ${rate} frames/s each way, ${lost} lost, ticks at most ${late} ms late`;
}
