/**
 * Eight spans with 184 calls at once: what share of a core the media loop takes, and how late its ticks are. Over Ethernet: four spans at
 * each end of a cable of this machine, which needs CAP_NET_ADMIN. Of DAHDI: with pipes in place of the driver's channels, so that every
 * read and write of the sweep is there and the driver's own work is not; `dahdi-guest` has that, on an emulated machine.
 * Build the addon first: scripts/build-native.
 */
import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silent } from '../../src/kernel/log.ts';
import type { MediaStats } from '../../src/media/counters.ts';
import { type MediaPlane, startMediaPlane } from '../../src/media/plane.ts';
import { loadNative } from '../../src/native/native.ts';
import { BLOCK } from '../../src/rtp/g711.ts';
import { makeCable } from '../../test/support/ethernet.ts';
import { CHANNELS, fillSpans, type Load, loadText, measureLoad } from './lib/span-load.ts';

/** A box has eight spans: four at each end of the cable. */
const PAIRS = 4;

const start = (): Promise<MediaPlane> =>
  startMediaPlane({
    address: '127.0.0.1',
    ports: [25_600, 25_699],
    driver: 'native',
    log: silent,
    onEvent: () => {},
  });

const sum = ({ spans }: MediaStats, name: 'received' | 'lost'): number =>
  spans.reduce((all, span) => all + span[name], 0);

function frames({ before, after, time }: Load): string {
  const rate = Math.round((sum(after, 'received') - sum(before, 'received')) / time);
  return `${rate} frames/s each way, ${sum(after, 'lost') - sum(before, 'lost')} lost`;
}

async function overEthernet(): Promise<readonly string[]> {
  const cable = makeCable();
  if (typeof cable === 'string') return [`over Ethernet: left out: ${cable}`];
  const plane = await start();
  try {
    const ends = [
      { name: cable.a, peer: cable.addressB, side: 'near' },
      { name: cable.b, peer: cable.addressA, side: 'far' },
    ];
    const ids: string[] = [];
    for (const { name, peer, side } of ends) {
      for (let n = 0; n < PAIRS; n++) {
        const id = `${side}${n}`;
        const common = { driver: 'tdmoe', slots: 24, dSlot: 24, subAddress: n, variant: 'single' } as const;
        const added = await plane.addSpan({ ...common, id, interface: name, peer });
        if (!added.ok) throw new Error(`${id}: ${added.error}`);
        ids.push(id);
      }
    }
    const idle = await measureLoad(plane);
    fillSpans(plane, ids);
    const full = await measureLoad(plane);
    return [
      `TDMoE, 8 spans, no call: ${loadText(idle)}, ${frames(idle)}`,
      `TDMoE, 8 spans, 184 channels: ${loadText(full)}, ${frames(full)}`,
    ];
  } finally {
    await plane.stop();
    cable.remove();
  }
}

/** What is written into a pipe comes back out of it: a block circulates in each. */
async function dahdiSweep(mode: 'channels' | 'bundle'): Promise<string> {
  const native = loadNative();
  if (!native.ok) throw new Error(native.error);
  const folder = mkdtempSync(join(tmpdir(), 'branchline-pipes-'));
  const plane = await start();
  try {
    const slots = Array.from({ length: CHANNELS }, (_, n) => n + 1);
    const ids = Array.from({ length: 2 * PAIRS }, (_, n) => `dahdi${n}`);
    const [pipes, width] = mode === 'bundle' ? [1, CHANNELS] : [CHANNELS, 1];
    const taps: number[] = [];
    for (const id of ids) {
      const added = await plane.addSpan({ driver: 'dahdi', id, slots: 24 });
      if (!added.ok) throw new Error(added.error);
      const names = Array.from({ length: pipes }, (_, n) => join(folder, `${id}-${n}`));
      execFileSync('mkfifo', names);
      const descriptors = names.map((name) => {
        const opened = native.value.deviceOpen(name);
        if (!opened.ok) throw new Error(opened.error.code);
        taps.push(openSync(name, constants.O_RDWR | constants.O_NONBLOCK));
        return opened.value;
      });
      plane.attach(id, { mode, slots, descriptors });
    }
    fillSpans(plane, ids);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    // All that the priming left in them but one block, or each tick would find four.
    for (const tap of taps) for (let n = 0; n < 3; n++) readSync(tap, new Uint8Array(width * BLOCK));
    const load = await measureLoad(plane);
    return `DAHDI’s sweep over pipes, ${mode}, 8 spans, 184 channels: ${loadText(load)}`;
  } finally {
    await plane.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const row of await overEthernet()) console.log(row);
for (const mode of ['channels', 'bundle'] as const) console.log(await dahdiSweep(mode));
process.exit(0);
