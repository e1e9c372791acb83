import { assert } from '../kernel/machine.ts';
import { TdmChannel } from '../span/media.ts';
import type { SpanMediaSpec } from '../span/port.ts';
import type { TdmoeMedia } from '../span/tdmoe/media.ts';
import { CarrierMedia } from '../span/virtual/media-carrier.ts';
import { UdpMedia } from '../span/virtual/media-udp.ts';
import { addressWords } from './address.ts';
import { Endpoint, type OnDigit } from './endpoint.ts';
import type { Lines } from './lines.ts';
import type { MediaWorkerData } from './messages.ts';
import type { PacketIo } from './packet-io.ts';
import { PortPool } from './ports.ts';
import { RtpLine } from './rtp-line.ts';
import { TdmLine } from './tdm-line.ts';

/** Sockets of one span: slots are counted from 1 and an E1 has 31. */
const SPAN_TAGS = 32;

type DriverMedia = CarrierMedia | UdpMedia | TdmoeMedia;

/** One span's B-channels. */
export interface SpanMemory {
  readonly spec: SpanMediaSpec;
  readonly channels: readonly TdmChannel[];
  readonly media: DriverMedia;
  /** The endpoint of slot n at n − 1. */
  readonly endpoints: readonly Endpoint<TdmLine>[];
  /** The tag of slot n's socket is so much plus n. */
  readonly firstTag: number;
  /** The address words of a UDP span's peer: nobody else is listened to. */
  readonly peer: Int32Array | undefined;
  /** Slips of calls that are over. */
  pastSlips: number;
}

/**
 * Everything that the loop works on, sized at start: endpoints are taken from here and given back, so that a tick and a call
 * allocate nothing that lasts.
 */
export class MediaMemory {
  readonly io: PacketIo;
  readonly ports: PortPool;
  /** Every RTP endpoint there is; the tags of number n's sockets are 2n and 2n + 1. */
  readonly rtp: readonly Endpoint<RtpLine>[];
  readonly spans: readonly SpanMemory[];
  readonly legs = new Map<string, Endpoint>();
  /** The endpoints that take part in the tick, in no order. */
  readonly live: Endpoint[] = [];
  readonly #free: Endpoint<RtpLine>[];

  constructor(
    layout: Pick<MediaWorkerData, 'endpoints' | 'ports' | 'spans'>,
    io: PacketIo,
    random: () => number,
    onDigit: OnDigit,
    lines?: Lines,
  ) {
    this.io = io;
    this.ports = new PortPool(layout.ports[0], layout.ports[1]);
    this.rtp = Array.from(
      { length: layout.endpoints },
      (_, n) => new Endpoint(new RtpLine(2 * n, io.outbox, random), onDigit),
    );
    this.#free = [...this.rtp].reverse();
    this.spans = layout.spans.map((spec, n) =>
      spanMemory(spec, 2 * layout.endpoints + n * SPAN_TAGS, io, onDigit, lines),
    );
  }

  /** One more than the highest tag that a layout uses. */
  static tags(layout: Pick<MediaWorkerData, 'endpoints' | 'spans'>): number {
    return 2 * layout.endpoints + layout.spans.length * SPAN_TAGS;
  }

  /** An RTP endpoint that nobody uses; undefined when all are taken. */
  takeRtp(): Endpoint<RtpLine> | undefined {
    return this.#free.pop();
  }

  giveRtp(endpoint: Endpoint<RtpLine>): void {
    this.#free.push(endpoint);
  }

  get rtpInUse(): number {
    return this.rtp.length - this.#free.length;
  }

  /** The RTP endpoint of a socket's tag. */
  rtpOf(tag: number): Endpoint<RtpLine> | undefined {
    return this.rtp[tag >> 1];
  }

  /** The span that a tag beyond the RTP endpoints' belongs to. */
  spanOf(tag: number): SpanMemory | undefined {
    return this.spans[Math.floor((tag - 2 * this.rtp.length) / SPAN_TAGS)];
  }
}

function spanMemory(
  spec: SpanMediaSpec,
  firstTag: number,
  io: PacketIo,
  onDigit: OnDigit,
  lines: Lines | undefined,
): SpanMemory {
  const channels = Array.from({ length: spec.slots }, () => new TdmChannel(spec.driver !== 'carrier'));
  const peer = spec.driver === 'udp' ? addressWords(spec.peer.address) : undefined;
  return {
    spec,
    channels,
    media: driverOf(spec, channels, peer, firstTag, io, lines),
    endpoints: channels.map(
      (channel, i) => new Endpoint(new TdmLine({ span: spec.id, slot: i + 1 }, channel), onDigit),
    ),
    firstTag,
    peer,
    pastSlips: 0,
  };
}

function driverOf(
  spec: SpanMediaSpec,
  channels: readonly TdmChannel[],
  peer: Int32Array | undefined,
  firstTag: number,
  io: PacketIo,
  lines: Lines | undefined,
): DriverMedia {
  if (spec.driver === 'carrier') return new CarrierMedia(channels, spec.ppm ?? 0);
  if (spec.driver !== 'udp') {
    assert(lines !== undefined, `span ${spec.id}: its driver needs the native loop`);
    return lines.tdmoe(spec, channels);
  }
  return new UdpMedia(channels, (slot, block) => {
    const room = io.outbox.open();
    if (room === undefined || peer === undefined) return;
    room.set(block);
    io.outbox.close(firstTag + slot, block.length, peer, spec.peer.port + slot);
  });
}
