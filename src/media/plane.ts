/**
 * The media plane as the rest of the gateway sees it. Samples live in a worker thread; here are only commands to it and
 * events from it. A digit that the plane hears is passed on to the joined endpoint by the plane itself (as telephone-event
 * or in band, whichever the far side takes): the `digit` event tells the leg about it, the call need not send it again.
 */
import { Worker } from 'node:worker_threads';
import type { CallMediaCommand, LegMediaCommand, LegMediaEvent, StreamStats } from '../call/media.ts';
import type { Log } from '../kernel/log.ts';
import { impossible } from '../kernel/machine.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { DahdiAttachment } from '../span/dahdi/media.ts';
import type { FarAudio, Loopback, SpanEvent, SpanMediaSpec } from '../span/port.ts';
import type { BertOrder } from './bert.ts';
import { Counters, type MediaStats, type SpanCounts } from './counters.ts';
import type { BertAnswer, FromWorker, MediaDriver, MediaWorkerData, ToWorker } from './messages.ts';
import { MAX_SPANS } from './span-room.ts';

/** Endpoints that the worker's memory holds unless told otherwise: 184 calls T1 ↔ SIP need 368. */
const DEFAULT_ENDPOINTS = 512;

/** How long the worker may take to end by itself, in milliseconds, before it is ended. */
const STOP_WAIT = 2000;

/** Alarms and failures of a span that are kept until somebody listens. */
const UNHEARD = 16;

export type MediaPlaneEvent =
  | { readonly type: 'leg'; readonly leg: string; readonly event: LegMediaEvent }
  /** The endpoint is gone, its ports are free again. Comes once for each that was opened. */
  | { readonly type: 'closed'; readonly leg: string; readonly stats: StreamStats }
  /** The worker died: every endpoint is gone with it, no `closed` follows. */
  | { readonly type: 'failed'; readonly why: string };

export interface MediaPlaneOptions {
  /** The local address that RTP is bound to and announced with; IPv4 or IPv6. */
  readonly address: string;
  /** The first and the last port that may be used: RTP on the even ones, RTCP on the odd ones above. */
  readonly ports: readonly [from: number, to: number];
  readonly driver: MediaDriver;
  readonly log: Log;
  readonly onEvent: (event: MediaPlaneEvent) => void;
  readonly endpoints?: number;
}

export interface MediaPlane {
  /** A leg's command for its own endpoint; the leg's id names it. `open-…` makes it, `close` ends it. */
  leg(leg: string, command: LegMediaCommand): void;
  call(command: CallMediaCommand): void;
  /** The recordings that there are from now on, by name: octets of µ-law. One that is being played is played to its end. */
  recordings(recordings: ReadonlyMap<string, Uint8Array>): void;
  /** Opens a span's B-channels while calls are up; legs may use them once this has said yes. The error names what is taken. */
  addSpan(spec: SpanMediaSpec): Promise<Result<undefined, string>>;
  /** Closes a span's B-channels, and the endpoints that are still on them (each is told with `closed`). */
  removeSpan(id: string): Promise<void>;
  /** What the simulated carrier's end of a B-channel does; nothing for spans of other drivers. */
  far(span: string, slot: number, audio: FarAudio): void;
  /** Sends a frame of LAPD on a span whose D-channel the worker carries. */
  frame(span: string, frame: Uint8Array): void;
  /** Hands over the descriptors of a DAHDI span's B-channels: the worker closes them, and with undefined at once. */
  attach(span: string, attachment: DahdiAttachment | undefined): void;
  /** Who hears what such a span says from now on; what it said since nobody did comes first. */
  hear(span: string, listener: ((event: SpanEvent) => void) | undefined): void;
  /** Whose clock the tick follows: a span's whose driver has one, or with undefined the host's. */
  reference(span: string | undefined): void;
  /** A loopback of a span's B-channels, for a line without a framer of its own; undefined takes it away. */
  loop(span: string, loopback: Loopback | undefined): void;
  /** A bit error rate test on B-channels that have no call; without an order it is only read. Undefined: there is no such span. */
  bert(span: string, order?: BertOrder): Promise<BertAnswer | undefined>;
  /** One span's figures. */
  span(id: string): SpanCounts | undefined;
  stats(): MediaStats;
  /** A live endpoint's figures; undefined when there is no such endpoint. */
  stream(leg: string): Promise<StreamStats | undefined>;
  /** Closes every endpoint (each is told with `closed`) and ends the worker. */
  stop(): Promise<void>;
}

/** Starts the worker and waits until it ticks; rejects with what the operator can mend. */
export async function startMediaPlane(options: MediaPlaneOptions): Promise<MediaPlane> {
  const counters = Counters.fresh();
  const workerData: MediaWorkerData = {
    address: options.address,
    ports: options.ports,
    driver: options.driver,
    endpoints: options.endpoints ?? DEFAULT_ENDPOINTS,
    counters: counters.buffer,
  };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData, name: 'media' });
  const tell = (message: ToWorker): void => worker.postMessage(message);
  const asked = new Map<number, (stats: StreamStats | undefined) => void>();
  const benches = new Map<number, (answer: BertAnswer | undefined) => void>();
  const ears = new Map<string, (event: SpanEvent) => void>();
  const unheard = new Map<string, SpanEvent[]>();
  const changing = new Map<number, (why: string | undefined) => void>();
  /** The room of each span, from the moment it is asked for. */
  const rooms = new Map<string, number>();
  let requests = 0;
  let stopping = false;
  let alive = true;

  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();

  worker.on('message', (message: FromWorker) => {
    switch (message.type) {
      case 'started':
        return started.resolve();
      case 'refused':
        return started.reject(new Error(message.why));
      case 'leg':
      case 'closed':
        return options.onEvent(message);
      case 'stream':
        asked.get(message.request)?.(message.stats);
        asked.delete(message.request);
        return;
      case 'bert':
        benches.get(message.request)?.(message.answer);
        benches.delete(message.request);
        return;
      case 'span': {
        const { span, event } = message;
        const listener = ears.get(span);
        if (listener !== undefined) return listener(event);
        // A frame that nobody waits for is lost, as on a line.
        if (event.type === 'frame') return;
        const events = unheard.get(span) ?? [];
        unheard.set(span, [...events, event].slice(-UNHEARD));
        return;
      }
      case 'span-changed':
        changing.get(message.request)?.(message.why);
        changing.delete(message.request);
        return;
      case 'log':
        return options.log[message.level](message.fields, message.what);
      default:
        return impossible(message);
    }
  });

  let why = 'the media worker ended';
  worker.on('error', (error) => {
    why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  });
  worker.on('exit', () => {
    alive = false;
    started.reject(new Error(why));
    for (const answer of asked.values()) answer(undefined);
    asked.clear();
    for (const answer of benches.values()) answer(undefined);
    benches.clear();
    for (const answer of changing.values()) answer(why);
    changing.clear();
    if (!stopping) {
      options.log.error({ why }, 'media worker ended');
      options.onEvent({ type: 'failed', why });
    }
    ended.resolve();
  });

  try {
    await started.promise;
  } catch (error) {
    stopping = true;
    await worker.terminate();
    throw error;
  }

  const change = (room: number, spec: SpanMediaSpec | undefined): Promise<string | undefined> => {
    if (!alive) return Promise.resolve(why);
    const request = ++requests;
    return new Promise((resolve) => {
      changing.set(request, resolve);
      tell(spec === undefined ? { type: 'close-span', request, room } : { type: 'open-span', request, room, spec });
    });
  };

  return {
    leg: (leg, command) => tell({ type: 'leg', leg, command }),
    call: (command) => tell({ type: 'call', command }),
    recordings: (recordings) => tell({ type: 'recordings', recordings }),
    far: (span, slot, audio) => tell({ type: 'far', span, slot, audio }),
    frame: (span, frame) => tell({ type: 'frame', span, frame }),
    attach: (span, attachment) => tell({ type: 'attach', span, attachment }),
    hear(span, listener) {
      if (listener === undefined) {
        ears.delete(span);
        return;
      }
      ears.set(span, listener);
      for (const event of unheard.get(span) ?? []) listener(event);
      unheard.delete(span);
    },
    span(id) {
      const room = rooms.get(id);
      return room === undefined ? undefined : counters.span(room);
    },
    async addSpan(spec) {
      const used = new Set(rooms.values());
      const room = Array.from({ length: MAX_SPANS }, (_, n) => n).find((n) => !used.has(n));
      if (room === undefined || rooms.has(spec.id)) return fail(`no room for span ${spec.id}`);
      rooms.set(spec.id, room);
      const refused = await change(room, spec);
      if (refused === undefined) return ok(undefined);
      rooms.delete(spec.id);
      return fail(refused);
    },
    async removeSpan(id) {
      const room = rooms.get(id);
      if (room === undefined) return;
      await change(room, undefined);
      rooms.delete(id);
      ears.delete(id);
      unheard.delete(id);
    },
    stats: () => counters.read(rooms),
    stream(leg) {
      if (!alive) return Promise.resolve(undefined);
      const request = ++requests;
      return new Promise((resolve) => {
        asked.set(request, resolve);
        tell({ type: 'stream', request, leg });
      });
    },
    reference: (span) => tell({ type: 'reference', span }),
    loop: (span, loopback) => tell({ type: 'loop', span, loopback }),
    bert(span, order) {
      if (!alive) return Promise.resolve(undefined);
      const request = ++requests;
      return new Promise((resolve) => {
        benches.set(request, resolve);
        tell({ type: 'bert', request, span, order });
      });
    },
    async stop() {
      stopping = true;
      tell({ type: 'stop' });
      const impatient = setTimeout(() => void worker.terminate(), STOP_WAIT);
      await ended.promise;
      clearTimeout(impatient);
    },
  };
}
