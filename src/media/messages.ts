/** The words between the main thread and the media worker: plain data over a MessagePort, never samples. */
import type { CallMediaCommand, LegMediaCommand, LegMediaEvent, StreamStats } from '../call/media.ts';
import type { LogFields } from '../kernel/log.ts';
import type { DahdiAttachment } from '../span/dahdi/media.ts';
import type { FarAudio, Loopback, SpanEvent, SpanMediaSpec } from '../span/port.ts';
import type { BertOrder, BertSlot } from './bert.ts';

export type MediaDriver = 'native' | 'event-loop';

/** `taken`: slots with a call, or that are not there; then nothing was begun. */
export interface BertAnswer {
  readonly taken: readonly number[];
  readonly slots: readonly BertSlot[];
}

/** What the worker is born with. */
export interface MediaWorkerData {
  readonly address: string;
  readonly ports: readonly [from: number, to: number];
  readonly driver: MediaDriver;
  readonly endpoints: number;
  /** The counters that the main thread reads while the worker writes them. */
  readonly counters: SharedArrayBuffer;
}

/** What is done between two ticks. */
export type Command =
  | { readonly type: 'leg'; readonly leg: string; readonly command: LegMediaCommand }
  | { readonly type: 'call'; readonly command: CallMediaCommand }
  | { readonly type: 'far'; readonly span: string; readonly slot: number; readonly audio: FarAudio }
  | { readonly type: 'stream'; readonly request: number; readonly leg: string }
  /** The recordings that legs may open, by name, from now on: octets of µ-law. */
  | { readonly type: 'recordings'; readonly recordings: ReadonlyMap<string, Uint8Array> }
  /** A frame of LAPD for the D-channel of a span whose driver carries it in the worker. */
  | { readonly type: 'frame'; readonly span: string; readonly frame: Uint8Array }
  /** The descriptors of a DAHDI span's B-channels, the worker's own from here on; undefined: it closes them. */
  | { readonly type: 'attach'; readonly span: string; readonly attachment: DahdiAttachment | undefined }
  /** The span whose clock the box follows; undefined where it runs on its own. */
  | { readonly type: 'reference'; readonly span: string | undefined }
  /** A loopback of the B-channels, for a line without a framer of its own; undefined takes it away. */
  | { readonly type: 'loop'; readonly span: string; readonly loopback: Loopback | undefined }
  /** A bit error rate test on a span's B-channels; answered by `bert`. Undefined only reads. */
  | { readonly type: 'bert'; readonly request: number; readonly span: string; readonly order: BertOrder | undefined }
  /** The span moves into this room, which is empty; answered by `span-changed`. */
  | { readonly type: 'open-span'; readonly request: number; readonly room: number; readonly spec: SpanMediaSpec }
  /** Endpoints that are still open on it are closed first; answered by `span-changed`. */
  | { readonly type: 'close-span'; readonly request: number; readonly room: number };

export type ToWorker = Command | { readonly type: 'stop' };

export type FromWorker =
  | { readonly type: 'started' }
  | { readonly type: 'refused'; readonly why: string }
  | { readonly type: 'leg'; readonly leg: string; readonly event: LegMediaEvent }
  | { readonly type: 'closed'; readonly leg: string; readonly stats: StreamStats }
  | { readonly type: 'stream'; readonly request: number; readonly stats: StreamStats | undefined }
  /** `taken`: the slots for which nothing was begun. */
  | { readonly type: 'bert'; readonly request: number; readonly answer: BertAnswer | undefined }
  /** What a span's driver in the worker has to say. */
  | { readonly type: 'span'; readonly span: string; readonly event: SpanEvent }
  /** `why`: what is wrong, where it could not be done. */
  | { readonly type: 'span-changed'; readonly request: number; readonly why: string | undefined }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly fields: LogFields;
      readonly what: string;
    };
