/**
 * The media tick with 23 and 184 calls, each an RTP stream both ways joined to a looped B-channel: what share of a core the loop takes, how late its ticks are (also while the main thread is busy and collects garbage), and what memory it wants at rest.
 * The phones are a thread of their own. Build the addon first: scripts/build-native.
 */
import { Worker } from 'node:worker_threads';
import { silent } from '../../src/kernel/log.ts';
import { LATENESS_BOUNDS, type MediaStats } from '../../src/media/counters.ts';
import { type MediaPlane, startMediaPlane } from '../../src/media/plane.ts';
import { report } from './lib/figures.ts';

/** RTP of the plane from here on, phones above. */
const PLANE_PORT = 24_000;
const PHONE_PORT = 24_500;
const SPANS = 8;
const CHANNELS = 23;
/** Windows in which the CPU time is taken, and seconds in each: the median is printed. */
const WINDOWS = 5;
const SECONDS = 2;

/** The limits that the project has set itself: share of a core in per cent, milliseconds. */
const GOAL = { cpu: 15, p99: 0.5, max: 40 };

/** The phones: they send to the plane's ports at 50 packets a second and read what comes. Data: ports of the plane. */
const PHONES = `
import { workerData, parentPort } from 'node:worker_threads';
import { addressWords } from ${JSON.stringify(new URL('../../src/media/address.ts', import.meta.url).href)};
import { NativePacketIo } from ${JSON.stringify(new URL('../../src/media/packet-io-native.ts', import.meta.url).href)};
import { loadNative } from ${JSON.stringify(new URL('../../src/native/native.ts', import.meta.url).href)};
import { encode } from ${JSON.stringify(new URL('../../src/rtp/g711.ts', import.meta.url).href)};
import { writeRtp } from ${JSON.stringify(new URL('../../src/rtp/packet.ts', import.meta.url).href)};
const { ports, first, stop } = workerData;
const native = loadNative().value;
const io = new NativePacketIo(native, ports.length);
const words = addressWords('127.0.0.1');
ports.forEach((_, n) => io.bind(n, '127.0.0.1', first + n, (error) => { if (error) throw new Error(error); }));
parentPort.postMessage('ready');
// Something like voice: a second of harmonics that come and go, each phone at another place in it.
const samples = Int16Array.from({ length: 8000 }, (_, i) => {
  const t = i / 8000;
  const voiced = Math.max(0, Math.sin(20 * t));
  return voiced * (4000 * Math.sin(880 * t) + 3000 * Math.sin(4400 * t + Math.sin(9 * t)) + 900 * (Math.random() - 0.5));
});
const voice = new Uint8Array(samples.length);
encode('ulaw', samples, 0, voice, 0, samples.length);
const flag = new Int32Array(stop);
let due = native.monotonic();
for (let tick = 0; Atomics.load(flag, 0) === 0; tick++) {
  io.receive();
  ports.forEach((port, n) => {
    const room = io.outbox.open();
    writeRtp(room, 0, tick === 0, 0, tick & 0xffff, (tick * 160) >>> 0, n + 1);
    const at = ((tick + n) % 50) * 160;
    room.set(voice.subarray(at, at + 160), 12);
    io.outbox.close(n, 172, words, port);
  });
  io.flush();
  due += 20;
  native.sleepUntil(due);
}
io.close();
`;

const rss = (): number => process.memoryUsage().rss / 2 ** 20;

interface Row {
  readonly what: string;
  readonly cpu: number;
  readonly p99: number;
  readonly max: number;
  readonly overruns: number;
  readonly perTick: number;
}

async function openCalls(plane: MediaPlane, calls: number, ports: Map<string, number>): Promise<number[]> {
  for (let n = 0; n < calls; n++) {
    const channel = { span: `t${Math.floor(n / CHANNELS)}`, slot: (n % CHANNELS) + 1 };
    plane.leg(`pri${n}`, { type: 'open-tdm', channel, law: 'ulaw' });
    // A loop costs least of all far ends, as a line's own hardware would.
    plane.far(channel.span, channel.slot, { type: 'echo', delay: 0 });
    plane.leg(`sip${n}`, { type: 'open-rtp' });
    plane.leg(`sip${n}`, {
      type: 'aim',
      target: {
        address: '127.0.0.1',
        port: PHONE_PORT + n,
        rtcpPort: undefined,
        codec: 'PCMU',
        payloadType: 0,
        telephoneEvent: 101,
        direction: 'sendrecv',
        packetTime: 20,
      },
    });
    plane.call({ type: 'join', a: `pri${n}`, b: `sip${n}` });
  }
  while (ports.size < calls) await new Promise((resolve) => setTimeout(resolve, 20));
  return Array.from({ length: calls }, (_, n) => ports.get(`sip${n}`) ?? 0);
}

/** Keeps the main thread busy and its collector at work until told to stop. */
function makeBusy(): () => void {
  let on = true;
  const kept: unknown[] = [];
  const burn = (): void => {
    const until = performance.now() + 50;
    while (performance.now() < until) {
      kept.push(Array.from({ length: 200 }, (_, n) => ({ n, text: `item ${n}` })));
      if (kept.length > 2000) kept.length = 0;
    }
    if (on) setImmediate(burn);
  };
  burn();
  return () => {
    on = false;
  };
}

async function addSpans(plane: MediaPlane): Promise<void> {
  for (let n = 0; n < SPANS; n++) await plane.addSpan({ driver: 'carrier', id: `t${n}`, slots: CHANNELS });
}

async function measure(calls: number, busy: boolean): Promise<Row> {
  const ports = new Map<string, number>();
  const plane = await startMediaPlane({
    address: '127.0.0.1',
    ports: [PLANE_PORT, PHONE_PORT - 1],
    driver: 'native',
    log: silent,
    onEvent: (event) => {
      if (event.type === 'leg' && event.event.type === 'ready' && event.leg.startsWith('sip')) {
        ports.set(event.leg, event.event.port);
      }
    },
  });
  await addSpans(plane);
  const stop = new SharedArrayBuffer(4);
  const workerData = { ports: await openCalls(plane, calls, ports), first: PHONE_PORT, stop };
  const phones = new Worker(new URL(`data:text/javascript,${encodeURIComponent(PHONES)}`), { workerData });
  await new Promise((resolve, reject) => {
    phones.once('message', resolve);
    phones.once('error', reject);
  });
  await seconds(2);
  const calm = busy ? makeBusy() : undefined;
  const windows = [plane.stats()];
  for (let n = 0; n < WINDOWS; n++) {
    await seconds(SECONDS);
    windows.push(plane.stats());
  }
  calm?.();
  Atomics.store(new Int32Array(stop), 0, 1);
  await plane.stop();
  return row(`${calls} calls${busy ? ', main thread busy' : ''}`, windows);
}

const seconds = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n * 1000));

function row(what: string, windows: readonly MediaStats[]): Row {
  const [before, after] = [windows[0], windows.at(-1)];
  if (before === undefined || after === undefined) throw new Error('nothing was measured');
  const ticks = after.ticks - before.ticks;
  const shares = windows.slice(1).map((stats, n) => {
    const last = windows[n] ?? stats;
    return (100 * (stats.cpu - last.cpu)) / ((stats.ticks - last.ticks) * 20);
  });
  const received = after.packets.received - before.packets.received;
  if (received < 0.9 * ticks)
    throw new Error(`${what}: the phones' packets did not come (${received} in ${ticks} ticks)`);
  return {
    what,
    cpu: shares.sort((a, b) => a - b)[shares.length >> 1] ?? Number.NaN,
    p99: quantile(before, after, 0.99),
    max: after.lateness.max,
    overruns: after.overruns - before.overruns,
    perTick: received / ticks,
  };
}

/** The upper bound of the bucket that holds the quantile, in milliseconds. */
function quantile(before: MediaStats, after: MediaStats, share: number): number {
  const counts = after.lateness.buckets.map((count, n) => count - (before.lateness.buckets[n] ?? 0));
  let left = counts.reduce((sum, count) => sum + count, 0) * share;
  for (const [n, count] of counts.entries()) {
    left -= count;
    if (left <= 0) return LATENESS_BOUNDS[n] ?? Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}

const bare = rss();
const idle = await startMediaPlane({
  address: '127.0.0.1',
  ports: [PLANE_PORT, PHONE_PORT - 1],
  driver: 'native',
  log: silent,
  onEvent: () => {},
});
await addSpans(idle);
await seconds(1);
const atRest = rss();
const realTime = idle.stats().realTime;
await idle.stop();

const rows = [await measure(23, false), await measure(184, false), await measure(184, true)];
console.log(`media tick, native loop, ${realTime ? 'SCHED_FIFO' : 'normal priority (SCHED_FIFO not permitted)'}\n`);
console.log('                              % of a core   p99 late ≤   max late   skipped   packets in per tick');
for (const { what, cpu, p99, max, overruns, perTick } of rows) {
  const late = `${p99} ms`.padStart(10);
  console.log(
    `${what.padEnd(28)} ${cpu.toFixed(1).padStart(12)} ${late} ${`${max.toFixed(2)} ms`.padStart(12)} ${`${overruns}`.padStart(9)} ${perTick.toFixed(1).padStart(12)}`,
  );
}
console.log(`\nmemory: ${bare.toFixed(0)} MiB before, ${atRest.toFixed(0)} MiB at rest with 512 endpoints and 8 spans`);
for (const { what, cpu, p99, max } of rows) {
  const goal = (limit: number) => ({ of: 'ours', limit }) as const;
  report({ name: `media tick, ${what}`, unit: '% of a core', ours: cpu, goal: goal(GOAL.cpu) });
  report({ name: `its lateness, p99 at most, ${what}`, unit: 'ms', ours: p99, goal: goal(GOAL.p99) });
  report({ name: `its lateness, max, ${what}`, unit: 'ms', ours: max, goal: goal(GOAL.max) });
}
