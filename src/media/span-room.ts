import { assert } from '../kernel/machine.ts';
import type { DahdiMedia } from '../span/dahdi/media.ts';
import { TdmChannel } from '../span/media.ts';
import type { SpanMediaSpec } from '../span/port.ts';
import type { TdmoeMedia } from '../span/tdmoe/media.ts';
import { CarrierMedia } from '../span/virtual/media-carrier.ts';
import { UdpMedia } from '../span/virtual/media-udp.ts';
import { addressWords } from './address.ts';
import { BertBench } from './bert.ts';
import { Endpoint, type OnDigit } from './endpoint.ts';
import type { Lines } from './lines.ts';
import type { PacketBatch } from './packet-io.ts';
import { SpanLoop } from './span-loop.ts';
import { TdmLine } from './tdm-line.ts';

/** Spans that a box may have: as many as the configuration allows. */
export const MAX_SPANS = 8;

/** Timeslots of the longest line, an E1. */
const MOST_SLOTS = 31;

/** Tags of one span's sockets: slots are counted from 1. */
export const SPAN_TAGS = MOST_SLOTS + 1;

type DriverMedia = CarrierMedia | UdpMedia | TdmoeMedia | DahdiMedia;

/** One open span's B-channels. */
export interface SpanMemory {
  readonly spec: SpanMediaSpec;
  readonly channels: readonly TdmChannel[];
  readonly media: DriverMedia;
  /** The endpoint of slot n at n − 1. */
  readonly endpoints: readonly Endpoint<TdmLine>[];
  readonly bench: BertBench;
  readonly loop: SpanLoop;
  /** The tag of slot n's socket is so much plus n. */
  readonly firstTag: number;
  /** The address words of a UDP span's peer: nobody else is listened to. */
  readonly peer: Int32Array | undefined;
  /** Slips of calls that are over. */
  pastSlips: number;
}

/** Slips of all channels since the span moved in, whoever had them: the count never falls. */
export function slipsOf({ channels, bench, pastSlips }: SpanMemory): number {
  let slips = pastSlips + bench.pastSlips;
  for (const channel of channels) if (channel.isOpen) slips += channel.slips;
  return slips;
}

/** Room for one span, sized at start for the longest line; spans move in and out of it while the loop runs. */
export class SpanRoom {
  readonly number: number;
  readonly firstTag: number;
  readonly #outbox: PacketBatch;
  readonly #lines: Lines | undefined;
  readonly #channels: readonly TdmChannel[];
  readonly #endpoints: readonly Endpoint<TdmLine>[];
  readonly #bench: BertBench;
  #span: SpanMemory | undefined;

  constructor(number: number, firstTag: number, outbox: PacketBatch, onDigit: OnDigit, lines?: Lines) {
    this.number = number;
    this.firstTag = firstTag;
    this.#outbox = outbox;
    this.#lines = lines;
    this.#channels = Array.from({ length: MOST_SLOTS }, () => new TdmChannel());
    this.#bench = new BertBench(this.#channels);
    this.#endpoints = this.#channels.map(
      (channel, i) => new Endpoint(new TdmLine({ span: '', slot: i + 1 }, channel), onDigit),
    );
  }

  /** The span that is in it. */
  get span(): SpanMemory | undefined {
    return this.#span;
  }

  /** A span moves in; its sockets are somebody else's business. */
  enter(spec: SpanMediaSpec): SpanMemory {
    const channels = this.#channels.slice(0, spec.slots);
    const endpoints = this.#endpoints.slice(0, spec.slots);
    for (const channel of channels) channel.attach(spec.driver !== 'carrier');
    for (const { line } of endpoints) line.place = { span: spec.id, slot: line.place.slot };
    const peer = spec.driver === 'udp' ? addressWords(spec.peer.address) : undefined;
    const media = this.#driverOf(spec, channels, peer);
    const loop = new SpanLoop(channels);
    const span: SpanMemory = {
      spec,
      channels,
      media,
      endpoints,
      bench: this.#bench,
      loop,
      firstTag: this.firstTag,
      peer,
      pastSlips: 0,
    };
    this.#span = span;
    return span;
  }

  leave(): void {
    this.#bench.stop();
    this.#span?.loop.turn(undefined);
    const media = this.#span?.media;
    if (media?.driver === 'tdmoe' || media?.driver === 'dahdi') this.#lines?.close(media);
    this.#span = undefined;
  }

  #driverOf(spec: SpanMediaSpec, channels: readonly TdmChannel[], peer: Int32Array | undefined): DriverMedia {
    if (spec.driver === 'carrier') return new CarrierMedia(channels, spec.ppm ?? 0);
    if (spec.driver !== 'udp') {
      assert(this.#lines !== undefined, `span ${spec.id}: its driver needs the native loop`);
      return spec.driver === 'tdmoe' ? this.#lines.tdmoe(spec, channels) : this.#lines.dahdi(spec.id, channels);
    }
    const outbox = this.#outbox;
    return new UdpMedia(channels, (slot, block) => {
      const room = outbox.open();
      if (room === undefined || peer === undefined) return;
      room.set(block);
      outbox.close(this.firstTag + slot, block.length, peer, spec.peer.port + slot);
    });
  }
}
