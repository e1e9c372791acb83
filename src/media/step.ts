import { RATE } from '../rtp/tones.ts';
import { sameAddress } from './address.ts';
import type { Counters } from './counters.ts';
import type { Endpoint } from './endpoint.ts';
import type { MediaMemory } from './memory.ts';
import type { Moment, RtpLine } from './rtp-line.ts';

const SAMPLES_PER_MS = RATE / 1000;

/** What the tick has to say to the outside. */
export interface StepEvents {
  /** Nothing has come from the peer for so many seconds. */
  silent(endpoint: Endpoint, seconds: number): void;
  /** The recording has come to its end. */
  played(endpoint: Endpoint): void;
  /** Our own fault in one endpoint: it is dropped, the others go on. */
  broken(endpoint: Endpoint, error: unknown): void;
}

/**
 * One tick of 20 ms, the same under both drivers: take what came in, let every endpoint hear, let every endpoint speak, send.
 * Allocates nothing in steady state.
 */
export function step(memory: MediaMemory, moment: Moment, counters: Counters, events: StepEvents): void {
  receive(memory, moment, counters);
  for (const span of memory.spans) span.loop.receive(span.media);
  if (memory.reference !== undefined) follow(memory, memory.reference);
  for (let i = memory.live.length - 1; i >= 0; i--) hear(memory.live[i] as Endpoint, events);
  for (let i = memory.live.length - 1; i >= 0; i--) speak(memory.live[i] as Endpoint, moment, events);
  for (const span of memory.spans) {
    span.bench.tick();
    span.loop.transmit(span.media);
  }
  counters.add('sent', memory.io.outbox.count);
  counters.add('sendFailures', memory.io.flush());
}

function follow({ spans, follower }: MediaMemory, reference: string): void {
  for (const { spec, channels } of spans) {
    if (spec.id !== reference) continue;
    for (const channel of channels) if (channel.isOpen) follower.look(channel.rx.fill);
  }
  follower.tick();
}

function receive(memory: MediaMemory, moment: Moment, counters: Counters): void {
  const { io } = memory;
  io.receive();
  const { inbox } = io;
  counters.add('received', inbox.count);
  for (let i = 0; i < inbox.count; i++) {
    const tag = inbox.tag(i);
    const bytes = inbox.views[i] as Uint8Array;
    if (tag >= 2 * memory.rtp.length) {
      hearSpan(memory, i, tag, counters);
      continue;
    }
    const endpoint = memory.rtpOf(tag) as Endpoint<RtpLine>;
    const at = inbox.addressAt(i);
    const arrival = samplesAt(inbox.arrival[i] as number);
    const heard = endpoint.line.receive(tag, bytes, inbox.length(i), inbox.meta, at, inbox.port(i), arrival, moment);
    if (heard === 'refused' || heard === 'malformed') counters.add(heard);
  }
}

/** A time of the packet I/O's clock, in milliseconds, as 32 bits of samples. */
export const samplesAt = (milliseconds: number): number => (milliseconds * SAMPLES_PER_MS) | 0;

/** A datagram on a B-channel's socket: only the peer's own address and port of that slot are listened to. */
function hearSpan(memory: MediaMemory, i: number, tag: number, counters: Counters): void {
  const { inbox } = memory.io;
  const span = memory.spanOf(tag);
  if (span?.spec.driver !== 'udp' || span.media.driver !== 'udp') return;
  const slot = tag - span.firstTag;
  const known = inbox.port(i) === span.spec.peer.port + slot && sameAddress(span.peer, inbox.meta, inbox.addressAt(i));
  if (!known) counters.add('refused');
  else if (span.loop.deaf) return;
  else if (!span.media.hear(slot, inbox.views[i] as Uint8Array, inbox.length(i))) counters.add('malformed');
}

function hear(endpoint: Endpoint, events: StepEvents): void {
  try {
    endpoint.hear();
  } catch (error) {
    events.broken(endpoint, error);
  }
}

function speak(endpoint: Endpoint, moment: Moment, events: StepEvents): void {
  try {
    endpoint.speak();
    const { line } = endpoint;
    const seconds = line.type === 'rtp' ? line.tick(moment) : 0;
    if (seconds > 0) events.silent(endpoint, seconds);
    if (line.type === 'player' && line.ends()) events.played(endpoint);
  } catch (error) {
    events.broken(endpoint, error);
  }
}
