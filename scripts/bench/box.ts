/**
 * The whole box as a process of its own, `branchline run`: memory and CPU at rest and with every channel of a T1 busy, how soon it
 * answers after its start, and what a call from SIP to PRI costs at fifty calls a second, by thread too. The far end of the spans is the carrier
 * simulator inside the same process, so its share is in every figure.
 */
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../../test/support/box-process.ts';
import { credentials, type SippOptions, sipp } from '../../test/support/sipp.ts';
import type { Settings } from '../../test/support/sites.ts';
import { median, report } from './lib/figures.ts';

const SIP = { address: '127.0.0.1', port: 29_000 };
const PLACE = { sip: SIP.port, http: 29_001, media: '29100-29399' };
const PHONE = { address: '127.0.0.1', port: 29_010 };
const PHONE_MEDIA = 29_400;

const STARTS = 5;
const REST_SECONDS = 10;
const CHANNELS = 23;
const SPANS = 6;
const RATE = 50;
const WARM_SECONDS = 20;
const LOAD_SECONDS = 20;
const HOLD_MS = 200;
const REPEATS = 3;

/** A quarter of what a back-to-back call costs the widespread soft switch, in µs. */
const CALL_GOAL = 1_200;

const users = Array.from({ length: 30 }, (_, n) => String(201 + n));
const inject = users.map((id) => [id, credentials(id, `pw-${id}`), DOMAIN]);

function boxOf(spans: number): Settings {
  const ids = Array.from({ length: spans }, (_, n) => `t${n + 1}`);
  return settingsOf(PLACE, {
    spans: ids.map((id) => ({ id, driver: 'virtual', far: { carrier: {} } })),
    spanGroups: [{ id: 'pstn', spans: ids, hunting: 'round-robin' }],
    users: users.map((id) => userOf(id)),
  });
}

/** Resident memory of a process, MiB. */
function residentOf(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kilobytes) / 1024;
}

/** CPU seconds of a process or thread since its start, user and system: fields 14 and 15 of proc(5), in hundredths. */
function cpuSecondsAt(path: string): { readonly name: string; readonly cpu: number } {
  const stat = readFileSync(path, 'latin1');
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  return { name: stat.slice(stat.indexOf('(') + 1, end), cpu: (Number(fields[11]) + Number(fields[12])) / 100 };
}

const cpuSecondsOf = (pid: number): number => cpuSecondsAt(`/proc/${pid}/stat`).cpu;

/** What its threads have spent, by their names; those that V8 compiles and collects with are one. */
function threadsOf(pid: number): ReadonlyMap<string, number> {
  const spent = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const { name, cpu } = cpuSecondsAt(`/proc/${pid}/task/${thread}/stat`);
    spent.set(name, (spent.get(name) ?? 0) + cpu);
  }
  return spent;
}

/** The threads whose share of a call is told, with what they are to a reader. */
const THREADS = { MainThread: 'signalling', media: 'media', store: 'store', V8Worker: 'compiler and collector' };

/** Per cent of a core over so many seconds. */
async function shareOf(pid: number, seconds: number): Promise<number> {
  const before = cpuSecondsOf(pid);
  const from = performance.now();
  await sleep(seconds * 1000);
  return (100_000 * (cpuSecondsOf(pid) - before)) / (performance.now() - from);
}

const pidOf = (box: BoxProcess): number => box.program.pid ?? 0;

/** Asks every 10 ms, and resolves with the status of the first answer that is as wanted, and when it came. */
async function optionsAnswered(wanted: (status: number) => boolean): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, SIP.address, resolve));
  const { port } = socket.address();
  let asked = 0;
  const ask = (): void => {
    asked++;
    const lines = [
      `OPTIONS sip:${DOMAIN} SIP/2.0`,
      `Via: SIP/2.0/UDP ${SIP.address}:${port};branch=z9hG4bKbench${asked}`,
      'Max-Forwards: 70',
      `From: <sip:bench@${DOMAIN}>;tag=bench`,
      `To: <sip:${DOMAIN}>`,
      `Call-ID: bench-${port}-${asked}`,
      'CSeq: 1 OPTIONS',
      'Content-Length: 0',
    ];
    socket.send(`${lines.join('\r\n')}\r\n\r\n`, SIP.port, SIP.address);
  };
  const every = setInterval(ask, 10);
  try {
    return await new Promise<number>((resolve) => {
      socket.on('message', (answer) => {
        const [, status] = /^SIP\/2\.0 (\d{3})/.exec(answer.toString('latin1')) ?? [];
        if (wanted(Number(status))) resolve(performance.now());
      });
    });
  } finally {
    clearInterval(every);
    socket.close();
  }
}

/** From `branchline run` to the first answer of any kind, and to the first 200: the spans carry calls then. */
async function starting(): Promise<void> {
  const times: { answer: number; ready: number }[] = [];
  for (let n = 0; n < STARTS; n++) {
    const box = new BoxProcess(boxOf(1));
    try {
      const answered = optionsAnswered(() => true);
      const carries = optionsAnswered((status) => status === 200);
      const from = performance.now();
      await box.start();
      times.push({ answer: (await answered) - from, ready: (await carries) - from });
    } finally {
      await box.remove();
    }
  }
  const of = (which: 'answer' | 'ready'): number => median(times.map((time) => time[which] / 1000));
  report({ name: 'start to the first answered OPTIONS', unit: 's', ours: of('answer') });
  report({ name: 'start to OPTIONS answered 200', unit: 's', ours: of('ready') });
}

const call = (options: Partial<SippOptions>): ReturnType<typeof sipp> =>
  sipp({
    scenario: new URL('../../test/interop/scenarios/call.xml', import.meta.url).pathname,
    remote: SIP,
    local: PHONE,
    mediaPort: PHONE_MEDIA,
    echo: true,
    service: '5551004',
    inject,
    ...options,
  });

async function atRest(withPhones: boolean): Promise<void> {
  const box = await BoxProcess.started(boxOf(1));
  try {
    await box.ready();
    await sleep(REST_SECONDS * 1000);
    report({ name: 'memory at rest', unit: 'MiB', ours: residentOf(pidOf(box)) });
    report({ name: 'CPU at rest', unit: '% of a core', ours: await shareOf(pidOf(box), REST_SECONDS) });
    if (!withPhones) return;
    const holdMs = 2.5 * REST_SECONDS * 1000;
    const calls = call({ calls: CHANNELS, rate: CHANNELS, holdMs, seconds: 60 });
    const busy = async () =>
      (await box.calls()).filter(({ answeredAt }) => answeredAt !== undefined).length === CHANNELS;
    await box.until(`${CHANNELS} calls are up`, busy, 20);
    const share = await shareOf(pidOf(box), REST_SECONDS);
    report({ name: `memory with ${CHANNELS} calls`, unit: 'MiB', ours: residentOf(pidOf(box)) });
    report({ name: `CPU with ${CHANNELS} calls, media included`, unit: '% of a core', ours: share });
    const { failed } = await calls;
    if (failed !== 0) throw new Error(`${failed} of ${CHANNELS} calls failed`);
  } finally {
    await box.remove();
  }
}

/** What the box spends above its rest, by call: challenge, INVITE, SETUP … RELEASE COMPLETE, 0.2 s of voice, BYE, call record. */
async function underLoad(): Promise<void> {
  const box = await BoxProcess.started(boxOf(SPANS));
  try {
    await box.ready();
    const rest = await shareOf(pidOf(box), REST_SECONDS);
    await call({ calls: RATE * WARM_SECONDS, rate: RATE, holdMs: HOLD_MS });
    const spent: number[] = [];
    const threads = threadsOf(pidOf(box));
    for (let n = 0; n < REPEATS; n++) {
      const before = cpuSecondsOf(pidOf(box));
      const from = performance.now();
      const { failed, successful, errors } = await call({ calls: RATE * LOAD_SECONDS, rate: RATE, holdMs: HOLD_MS });
      if (failed !== 0) throw new Error(`${failed} of ${failed + successful} calls failed: ${errors.slice(0, 500)}`);
      const idle = (rest / 100) * ((performance.now() - from) / 1000);
      spent.push((1e6 * (cpuSecondsOf(pidOf(box)) - before - idle)) / successful);
    }
    report({
      name: `SIP to PRI call at ${RATE}/s, whole box`,
      unit: 'µs of CPU',
      ours: median(spent),
      goal: { of: 'ours', limit: CALL_GOAL },
    });
    const now = threadsOf(pidOf(box));
    for (const [thread, what] of Object.entries(THREADS)) {
      const ours = (now.get(thread) ?? 0) - (threads.get(thread) ?? 0);
      report({
        name: `of it ${what}, rest included`,
        unit: 'µs of CPU',
        ours: (1e6 * ours) / (REPEATS * RATE * LOAD_SECONDS),
      });
    }
    report({ name: 'memory under that load', unit: 'MiB', ours: residentOf(pidOf(box)) });
  } finally {
    await box.remove();
  }
}

const withPhones = spawnSync('sipp', ['-v']).error === undefined;
await starting();
await atRest(withPhones);
if (withPhones) await underLoad();
else report({ name: 'calls through the whole box', skipped: 'SIPp is not installed' });
