/**
 * The composition root: the only file that makes real clocks, sockets, stores, threads and spans, and hands them to the
 * gateway. Run as a program it is the `branchline` command.
 */
import { createHash, createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pino, { type Logger } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import { runCli } from './cli/program.ts';
import { compileDirectory } from './config/compile.ts';
import { loadDirectory, writeDirectory } from './config/directory-file.ts';
import { channelsOf, clockOf, codingOf, dChannelOf, framingOf, lawOf, SLOTS } from './config/line.ts';
import { loadSite } from './config/load.ts';
import type { Problem } from './config/problem.ts';
import type { Site, SpanSetting } from './config/schema.ts';
import { type HttpConsole, startHttp } from './console/http.ts';
import { Activator } from './gateway/activate.ts';
import { Captures } from './gateway/capture-desk.ts';
import { decisionView, explainView } from './gateway/explain.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { Alarm, Reactor } from './gateway/reactor.ts';
import { spanDesk } from './gateway/span-desk.ts';
import { STAGES } from './gateway/stage.ts';
import { startGateway } from './gateway/start.ts';
import { callViews, metricsFacts, type StatusFacts, spanViews, statusView } from './gateway/status.ts';
import type { World } from './gateway/world.ts';
import type { Log } from './kernel/log.ts';
import { impossible } from './kernel/machine.ts';
import { pooled, type Random } from './kernel/random.ts';
import { fail, ok, type Result } from './kernel/result.ts';
import { type Clock, type Instant, ms, seconds, type WallTime } from './kernel/time.ts';
import type { MediaDriver } from './media/messages.ts';
import { type MediaPlane, startMediaPlane } from './media/plane.ts';
import { probePorts } from './media/probe.ts';
import { type RecordingFault, readRecordings } from './media/recordings.ts';
import { loadNative } from './native/native.ts';
import { rememberingDns, systemDns } from './net/dns.ts';
import { locate } from './net/locate.ts';
import { openSipTransport } from './net/transport.ts';
import type { TlsSetup } from './net/words.ts';
import type { HashName } from './sip/digest/response.ts';
import { parseUri } from './sip/message/uri.ts';
import type { DahdiSetting } from './span/dahdi/configure.ts';
import { scanSpans } from './span/dahdi/scan.ts';
import { DahdiSpan } from './span/dahdi/span.ts';
import type { FarAudio, SpanEvent, SpanMediaSpec, SpanPort } from './span/port.ts';
import { openTdmoeSpan } from './span/tdmoe/span.ts';
import { openVirtualSpan, type VirtualFar, VirtualSpan } from './span/virtual/span.ts';
import { openStore } from './store/store.ts';
import { createMetrics } from './telemetry/metrics.ts';

const clock: Clock = {
  now: () => performance.now() as Instant,
  wall: () => Date.now() as WallTime,
};

const random: Random = pooled({ bytes: (n) => randomBytes(n) });

/** One timer for the one loop. A ring that comes early finds nothing due, so a later deadline needs no new timer. */
function systemAlarm(): Alarm {
  let timer: NodeJS.Timeout | undefined;
  let armedFor = Number.POSITIVE_INFINITY;
  const clear = (): void => {
    clearTimeout(timer);
    timer = undefined;
    armedFor = Number.POSITIVE_INFINITY;
  };
  return {
    clear,
    set(at, ring) {
      if (armedFor <= at) return;
      clear();
      armedFor = at;
      timer = setTimeout(
        () => {
          clear();
          ring();
        },
        Math.max(0, Math.ceil(at - clock.now())),
      );
    },
  };
}

const HASHES: Readonly<Record<HashName, string>> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' };

/** The box: the gateway with its HTTP door. */
export interface Box {
  readonly gateway: Gateway;
  readonly http: HttpConsole;
  /** The simulated carriers and knobs of the virtual spans, by span. */
  readonly virtualSpans: ReadonlyMap<string, VirtualSpan>;
  /** Comes when no configuration could be put into force: the box must be started again. */
  readonly stuck: Promise<'stuck'>;
  stop(): Promise<void>;
}

/**
 * Starts everything from a configuration file; the errors are for the operator, each a whole sentence. `instead` replaces what the
 * file says of the store and the log: the demonstration leaves nothing behind.
 */
export async function startBox(
  configFile: string,
  instead: Partial<Pick<Site, 'store' | 'log'>> = {},
): Promise<Result<Box, readonly string[]>> {
  let text: string;
  try {
    text = await readFile(configFile, 'utf8');
  } catch (error) {
    return fail([`${configFile} can't be read: ${error instanceof Error ? error.message : String(error)}`]);
  }
  const loaded = loadSite(text, configFile);
  if (!loaded.ok) return fail(loaded.error.map(problemText));
  const site: Site = { ...loaded.value, ...instead };
  const log = pino({ level: site.log.level, base: null });
  const virtualSpans = new Map<string, VirtualSpan>();
  // Asked only by scrapes, which come through the HTTP door, and that opens last.
  const metrics = createMetrics(STAGES, () => metricsFacts(running));
  const gateway = await startGateway(site, realWorld(log, virtualSpans), {
    stage: (_call, stage, fields) => {
      metrics.stage(stage);
      if (typeof fields.refused === 'string') metrics.refused(fields.refused);
      if (typeof fields.cutOff === 'string') metrics.cutOff(fields.cutOff);
      if (typeof fields.diverted === 'string') metrics.diverted(fields.diverted);
    },
    record: ({ cause }) => metrics.ended(cause),
  });
  if (!gateway.ok) return fail([gateway.error]);
  const running = gateway.value;
  let setStuck = (): void => {};
  const stuck = new Promise<'stuck'>((resolve) => {
    setStuck = () => resolve('stuck');
  });
  const activator = new Activator(site, {
    gateway: running,
    http: () => door,
    keep: (kept) => replaceFile(configFile, kept),
    restart: (why) => {
      log.error({ why }, 'activation.stuck');
      setStuck();
    },
  });
  const started = clock.wall();
  const facts = (): StatusFacts => ({
    gateway: running,
    clock,
    version: manifest.version,
    started,
    confirmBy: activator.deadline,
  });
  const capture = new Captures(running, clock, preciseWall());
  const http = await startHttp(
    site.http,
    {
      status: () => statusView(facts()),
      calls: () => callViews(facts()),
      spans: () => spanViews(facts()),
      explain: (question) => explainView(running, question),
      decision: (call) => decisionView(running, call),
      health: () => running.health(),
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    },
    {
      apply: (text, confirmSeconds) => activator.apply(text, confirmSeconds),
      confirm: () => activator.confirm(),
      abandon: () => activator.abandon(),
      spans: spanDesk(running, clock),
      capture,
    },
    log,
  );
  if (!http.ok) {
    await running.stop();
    return fail([http.error]);
  }
  const door = http.value;
  const stop = async (): Promise<void> => {
    await door.close();
    await capture.close();
    await running.stop();
  };
  return ok({ gateway: running, http: door, virtualSpans, stuck, stop });
}

/** The wall time with its fractions, which Date.now() has not. */
function preciseWall(): () => number {
  const native = loadNative();
  return native.ok ? native.value.realtime : clock.wall;
}

function realWorld(log: Logger, virtualSpans: Map<string, VirtualSpan>): World {
  // As a key object, since a key as octets is prepared anew for every HMAC, which costs more than the HMAC.
  const key = createSecretKey(randomBytes(32));
  const dns = rememberingDns(systemDns(), clock);
  return {
    clock,
    alarm: systemAlarm(),
    random,
    log,
    hash: (name, octets) => createHash(HASHES[name]).update(octets).digest('hex'),
    sign: (octets) => createHmac('sha256', key).update(octets).digest('hex'),
    openStore: ({ store }) => openStore({ directory: store.directory, log, clock }),
    async directory(site) {
      const path = join(site.store.directory, 'directory.json');
      try {
        await mkdir(site.store.directory, { recursive: true, mode: 0o700 });
        await writeDirectory(path, compileDirectory(site));
      } catch (error) {
        return fail(`store.directory: ${error instanceof Error ? error.message : String(error)}`);
      }
      return loadDirectory(path);
    },
    async startMedia({ media }, onEvent) {
      const free = await probePorts(media.address, [media.ports.from, media.ports.to]);
      if (!free.ok) throw new Error(free.error);
      return startMediaPlane({
        address: media.address,
        ports: [media.ports.from, media.ports.to],
        driver: media.driver === 'auto' ? preferredDriver(log) : media.driver,
        log,
        onEvent,
      });
    },
    tls: ({ sip }) => (sip.tls === undefined ? Promise.resolve(ok(undefined)) : readTls(sip.tls)),
    async recordings({ announcements }) {
      const { recordings, faults } = await readRecordings(announcements);
      return { recordings, faults: faults.map(recordingProblem).map(problemText) };
    },
    openTransport: ({ listen, tls }, { message, broken, closed }) =>
      openSipTransport({
        listen,
        ...(tls === undefined ? {} : { tls }),
        onMessage: message,
        onBroken: broken,
        onClosed: closed,
        log,
      }),
    async openSpan(span, loop, media, hear) {
      const added = await media.addSpan(mediaSpecOf(span));
      if (!added.ok) return fail(`span ${span.id}: ${added.error}`);
      const opened = await openLine(span, loop, media, hear);
      if (!opened.ok) {
        await media.removeSpan(span.id);
        return fail(`span ${span.id}: ${opened.error}`);
      }
      const port = opened.value;
      if (port instanceof VirtualSpan) virtualSpans.set(span.id, port);
      return ok({
        id: span.id,
        send: (frame) => port.send(frame),
        ...(port.read === undefined ? {} : { read: () => port.read?.() }),
        ...(port.loop === undefined ? {} : { loop: (loopback) => port.loop?.(loopback) }),
        async close() {
          virtualSpans.delete(span.id);
          await port.close();
          await media.removeSpan(span.id);
        },
      });
    },
    logLevel: (level) => {
      log.level = level;
    },
    async locate(text) {
      const uri = parseUri(text);
      if (!uri.ok || uri.value.type !== 'sip') return fail(`${text} is no SIP address`);
      return locate(uri.value, { dns, transports: ['udp', 'tcp', 'tls'], families: [4, 6], random: Math.random });
    },
    async naptr(domain) {
      const found = await dns.naptr(domain);
      return found.ok ? ok(found.value.map((record) => ({ regexp: '', ...record }))) : found;
    },
  };
}

/** Native where the addon is built; otherwise the loop for development, which a busy machine makes late, and that is said. */
function preferredDriver(log: Log): MediaDriver {
  const native = loadNative();
  if (native.ok) return 'native';
  log.warn({ why: native.error, mend: 'run scripts/build-native' }, 'media.event-loop-instead-of-native');
  return 'event-loop';
}

async function readTls({ certificate, key, ca }: NonNullable<Site['sip']['tls']>): Promise<Result<TlsSetup, string>> {
  const files = { cert: await pemOf('certificate', certificate), key: await pemOf('key', key) };
  if (!files.cert.ok) return files.cert;
  if (!files.key.ok) return files.key;
  const own = { cert: files.cert.value, key: files.key.value };
  if (ca === undefined) return ok({ ...own, mutual: false });
  const authorities = await pemOf('ca', ca);
  return authorities.ok ? ok({ ...own, ca: authorities.value, mutual: true }) : authorities;
}

const problemText = ({ path, what, mend }: Problem): string => `${path}: ${what}: ${mend}`;

const recordingProblem = ({ place, what, mend }: RecordingFault): Problem => ({
  path: `announcements[${place}].file`,
  what,
  mend,
});

const pemOf = (setting: string, file: string): Promise<Result<Buffer, string>> =>
  readFile(file).then(ok, (error: Error) => fail(`sip.tls.${setting}: ${error.message}`));

/** The main thread's half of a span, by its driver. */
async function openLine(
  span: SpanSetting,
  loop: Reactor,
  media: MediaPlane,
  onEvent: (event: SpanEvent) => void,
): Promise<Result<SpanPort, string>> {
  switch (span.driver) {
    case 'virtual': {
      const { id, knobs } = span;
      const spec = { id, far: farOf(span), knobs: { ...knobs, delay: ms(knobs.delay) }, alarms: knobs.alarms };
      const onFar = (slot: number, audio: FarAudio): void => media.far(id, slot, audio);
      return openVirtualSpan(spec, {
        loop,
        random,
        onEvent,
        onFar,
        onLoop: (loopback) => media.loop(id, loopback),
      }).then(ok, (error: Error) => fail(error.message));
    }
    case 'tdmoe':
      return ok(openTdmoeSpan(span.id, media, onEvent));
    case 'dahdi': {
      const native = loadNative();
      if (!native.ok) return native;
      return ok(new DahdiSpan(dahdiSettingOf(span), { native: native.value, loop, worker: media, onEvent }));
    }
    default:
      return impossible(span);
  }
}

function mediaSpecOf(span: SpanSetting): SpanMediaSpec {
  const { id, line } = span;
  const slots = SLOTS[line];
  switch (span.driver) {
    case 'virtual': {
      const { far } = span;
      return 'carrier' in far
        ? { driver: 'carrier', id, slots }
        : { driver: 'udp', id, slots, listen: far.listen, peer: far.peer };
    }
    case 'tdmoe': {
      const { interface: name, peer, subAddress, frames } = span;
      return {
        driver: 'tdmoe',
        id,
        slots,
        dSlot: dChannelOf(span),
        interface: name,
        peer,
        subAddress,
        variant: frames,
      };
    }
    case 'dahdi':
      return { driver: 'dahdi', id, slots };
    default:
      return impossible(span);
  }
}

function dahdiSettingOf(span: Extract<SpanSetting, { driver: 'dahdi' }>): DahdiSetting {
  const { id, number, line, mode, adopt, buildOut, echoCanceller } = span;
  const framing = framingOf(span);
  const sync = clockOf(span) === 'line' ? (span.clockPriority ?? number) : 0;
  return {
    id,
    number,
    slots: SLOTS[line],
    bSlots: channelsOf(span),
    dSlot: dChannelOf(span),
    law: lawOf(span),
    mode,
    line: adopt ? undefined : { framing, coding: codingOf(span), buildOut, sync, echoCanceller },
  };
}

function farOf(span: Extract<SpanSetting, { driver: 'virtual' }>): VirtualFar {
  const { far, side, variant } = span;
  if (!('carrier' in far)) return { type: 'udp', listen: far.listen, peer: far.peer };
  const { level, clearingCause, holdSeconds } = far.carrier;
  return {
    type: 'carrier',
    settings: { level, clearingCause, hold: seconds(holdSeconds) },
    side: side === 'user' ? 'network' : 'user',
    variant,
    slots: channelsOf(span),
  };
}

/** The new text takes the file's place whole: a crash leaves the old one or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** `branchline run`: until SIGINT or SIGTERM; a box that is stuck between two configurations starts again from the one that is kept. */
async function run(configFile: string): Promise<number> {
  const signalled = new Promise<'signalled'>((done) => {
    process.once('SIGINT', () => done('signalled'));
    process.once('SIGTERM', () => done('signalled'));
  });
  for (;;) {
    const box = await startBox(configFile);
    if (!box.ok) {
      for (const problem of box.error) console.error(problem);
      return 1;
    }
    const why = await Promise.race([signalled, box.value.stuck]);
    await box.value.stop();
    if (why === 'signalled') return 0;
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await runCli(process.argv.slice(2), {
    version: manifest.version,
    environment: process.env,
    now: clock.wall,
    print: (text) => console.log(text),
    complain: (text) => console.error(text),
    run,
    async files({ announcements }) {
      return (await readRecordings(announcements)).faults.map(recordingProblem);
    },
    scan: () => {
      const native = loadNative();
      return native.ok ? scanSpans(native.value) : native;
    },
  });
}
