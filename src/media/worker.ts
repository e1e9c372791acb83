/** The media worker's entry: memory, packet I/O and the loop are put together here, and commands taken between two ticks. */
import { randomBytes } from 'node:crypto';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Log } from '../kernel/log.ts';
import { assert } from '../kernel/machine.ts';
import { seeded } from '../kernel/random.ts';
import type { WallTime } from '../kernel/time.ts';
import { loadNative, type Native } from '../native/native.ts';
import { MediaControl } from './control.ts';
import { Counters } from './counters.ts';
import type { Endpoint } from './endpoint.ts';
import { Lines } from './lines.ts';
import { runNative, runOnEventLoop } from './loop.ts';
import { MediaMemory } from './memory.ts';
import type { Command, FromWorker, MediaWorkerData, ToWorker } from './messages.ts';
import type { PacketIo } from './packet-io.ts';
import { DgramPacketIo } from './packet-io-dgram.ts';
import { NativePacketIo } from './packet-io-native.ts';
import type { Moment } from './rtp-line.ts';
import { slipsOf } from './span-room.ts';
import { samplesAt, step } from './step.ts';

const SAMPLES_PER_MS = 8;
/** What commands may take of a tick, in milliseconds: the rest of a burst waits for the next, so that calls that are up don't hear it. */
const COMMAND_TIME = 4;
const TICKS_PER_SECOND = 50;

const port = parentPort;
assert(port !== null, 'the media worker runs in a worker thread');
const data = workerData as MediaWorkerData;
const counters = new Counters(data.counters);

const emit = (message: FromWorker): void => port.postMessage(message);
const logAt =
  (level: 'debug' | 'info' | 'warn' | 'error'): Log['info'] =>
  (fields, what) =>
    emit({ type: 'log', level, fields, what });
const log: Log = { debug: logAt('debug'), info: logAt('info'), warn: logAt('warn'), error: logAt('error') };

/** A digit was heard: the leg is told. */
function digitHeard(endpoint: Endpoint, digit: string, samples: number): void {
  const duration = Math.round(samples / SAMPLES_PER_MS);
  emit({ type: 'leg', leg: endpoint.leg, event: { type: 'digit', digit, duration } });
}

async function run(native: Native | undefined): Promise<void> {
  const io: PacketIo =
    native === undefined
      ? new DgramPacketIo(() => performance.now())
      : new NativePacketIo(native, MediaMemory.tags(data));
  const lines =
    native === undefined ? undefined : new Lines(native, (span, event) => emit({ type: 'span', span, event }));
  const memory = new MediaMemory(data, io, seeded(randomBytes(4).readUInt32LE()).next, digitHeard, lines);
  const control = new MediaControl(memory, data.address, { bytes: (n) => new Uint8Array(randomBytes(n)) }, emit);
  const events = {
    silent: (endpoint: Endpoint, seconds: number) =>
      emit({ type: 'leg', leg: endpoint.leg, event: { type: 'silent', seconds } }),
    played: (endpoint: Endpoint) => emit({ type: 'leg', leg: endpoint.leg, event: { type: 'played' } }),
    broken: (endpoint: Endpoint, error: unknown) => {
      log.error({ leg: endpoint.leg, why: whyOf(error) }, 'media endpoint dropped: a fault of our own');
      control.close(endpoint.leg, moment);
    },
  };
  const wall = native?.realtime ?? (() => performance.timeOrigin + performance.now());
  const moment: Moment = { tick: 0, samples: 0, wall: 0 as WallTime };
  const body = (now: number): boolean => {
    moment.tick++;
    moment.samples = samplesAt(now);
    moment.wall = wall() as WallTime;
    const running = takeCommands(control, moment);
    if (!running) control.closeAll(moment);
    lines?.begin(now);
    step(memory, moment, counters, events);
    lines?.end(now);
    control.afterFlush();
    count(memory);
    return running;
  };
  emit({ type: 'started' });
  if (native === undefined || lines === undefined) await runOnEventLoop(counters, body);
  else runNative(native, counters, log, body, lines, () => memory.follower.ppm);
  lines?.closeAll();
  io.close();
}

/** Takes the commands that wait, as many as the tick has time for; false when one of them was to stop. */
function takeCommands(control: MediaControl, moment: Moment): boolean {
  const until = performance.now() + COMMAND_TIME;
  let goOn = true;
  while (performance.now() < until) {
    const received = receiveMessageOnPort(port as NonNullable<typeof port>);
    if (received === undefined) return goOn;
    const message = received.message as ToWorker;
    if (message.type === 'stop') goOn = false;
    else obey(control, message, moment);
  }
  return goOn;
}

/** A command that breaks is our own fault: it costs its leg, not the calls that are up. */
function obey(control: MediaControl, message: Command, moment: Moment): void {
  try {
    control.obey(message, moment);
  } catch (error) {
    const leg = message.type === 'leg' ? message.leg : undefined;
    log.error({ command: message.type, leg, why: whyOf(error) }, 'media command failed: a fault of our own');
    if (leg !== undefined) control.close(leg, moment);
    if (message.type === 'open-span' || message.type === 'close-span') {
      emit({ type: 'span-changed', request: message.request, why: whyOf(error) });
    }
  }
}

const whyOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** The figures of a packet line. */
const FRAME_COUNTS = ['received', 'lost', 'reordered', 'late', 'restarts'] as const;

let counted = 0;

function count(memory: MediaMemory): void {
  if (counted++ % TICKS_PER_SECOND === 0) {
    const { user, system } = process.threadCpuUsage();
    counters.set('cpu', (user + system) / 1000);
  }
  counters.set('clockPpm', memory.follower.ppm);
  counters.set('rtpEndpoints', memory.rtpInUse);
  counters.set('tdmEndpoints', memory.legs.size - memory.rtpInUse - memory.playersInUse);
  counters.set('portsInUse', memory.ports.inUse);
  for (const { number, span } of memory.rooms) {
    counters.setSpan(number, 'slips', span === undefined ? 0 : slipsOf(span));
    const counts = span?.media.driver === 'tdmoe' ? span.media.counts : undefined;
    for (const name of FRAME_COUNTS) counters.setSpan(number, name, counts?.[name] ?? 0);
  }
}

if (data.driver === 'event-loop') await run(undefined);
else {
  const native = loadNative();
  if (native.ok) await run(native.value);
  else emit({ type: 'refused', why: native.error });
}
