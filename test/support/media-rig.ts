/** The media plane's loop on a desk: step by step, over packet I/O that is two arrays, in no time at all. */
import type { CodecName, LegMediaEvent, RtpTarget, StreamStats } from '../../src/call/media.ts';
import { seeded } from '../../src/kernel/random.ts';
import type { WallTime } from '../../src/kernel/time.ts';
import { addressText, addressWords } from '../../src/media/address.ts';
import { MediaControl } from '../../src/media/control.ts';
import { Counters } from '../../src/media/counters.ts';
import { MediaMemory } from '../../src/media/memory.ts';
import type { FromWorker } from '../../src/media/messages.ts';
import { PacketBatch, type PacketIo } from '../../src/media/packet-io.ts';
import { samplesAt, step } from '../../src/media/step.ts';
import { BLOCK, encode, type Law, LINEAR } from '../../src/rtp/g711.ts';
import { RTP_HEADER, readRtp, rtpHeader, writeRtp } from '../../src/rtp/packet.ts';
import { ToneGenerator } from '../../src/rtp/tones.ts';
import type { SpanMediaSpec } from '../../src/span/port.ts';

/** A datagram that the loop has sent. */
export interface SentDatagram {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly address: string;
  readonly port: number;
}

export class FakePacketIo implements PacketIo {
  readonly inbox = new PacketBatch();
  readonly outbox = new PacketBatch();
  /** Sockets that are bound: tag → port. */
  readonly bound = new Map<number, number>();
  /** Ports that somebody else holds. */
  readonly taken = new Set<number>();
  readonly sent: SentDatagram[] = [];
  /** False: what is sent is forgotten, for runs that watch memory. */
  keeps = true;
  readonly #coming: SentDatagram[] = [];
  now = 0;

  bind(tag: number, _address: string, port: number, done: (error: string | undefined) => void): void {
    if (this.taken.has(port)) {
      done('EADDRINUSE');
      return;
    }
    this.bound.set(tag, port);
    done(undefined);
  }

  release(tag: number): void {
    this.bound.delete(tag);
  }

  /** A datagram comes to the socket of `tag`. */
  arrive(tag: number, bytes: Uint8Array, address: string, port: number): void {
    this.#coming.push({ tag, bytes, address, port });
  }

  receive(): void {
    this.inbox.count = 0;
    for (const { tag, bytes, address, port } of this.#coming) {
      const words = addressWords(address);
      const room = this.inbox.open();
      if (words === undefined || room === undefined) throw new Error(`cannot bring in from ${address}`);
      room.set(bytes.subarray(0, room.length));
      this.inbox.arrival[this.inbox.count] = this.now;
      this.inbox.close(tag, Math.min(room.length, bytes.length), words, port);
    }
    this.#coming.length = 0;
  }

  flush(): number {
    for (let i = 0; this.keeps && i < this.outbox.count; i++) {
      this.sent.push({
        tag: this.outbox.tag(i),
        bytes: (this.outbox.views[i] as Uint8Array).slice(0, this.outbox.length(i)),
        address: addressText(this.outbox.meta, this.outbox.addressAt(i)),
        port: this.outbox.port(i),
      });
    }
    this.outbox.count = 0;
    return 0;
  }

  close(): void {
    this.bound.clear();
  }
}

export class MediaRig {
  readonly io = new FakePacketIo();
  readonly counters: Counters;
  readonly memory: MediaMemory;
  readonly control: MediaControl;
  readonly said: FromWorker[] = [];
  readonly moment = { tick: 50, samples: 8000, wall: 1_700_000_000_000 as WallTime };

  constructor(spans: readonly SpanMediaSpec[], ports: readonly [number, number] = [24_000, 24_099], endpoints = 16) {
    const random = seeded(7);
    this.counters = Counters.fresh();
    this.memory = new MediaMemory({ endpoints, ports }, this.io, random.next, (endpoint, digit, samples) =>
      this.said.push({ type: 'leg', leg: endpoint.leg, event: { type: 'digit', digit, duration: samples / 8 } }),
    );
    this.control = new MediaControl(this.memory, '127.0.0.1', random, (message) => this.said.push(message));
    spans.forEach((spec, room) => {
      this.openSpan(room, spec);
    });
    this.said.length = 0;
  }

  /** Runs so many ticks; `before` is called ahead of each. */
  run(ticks: number, before?: (tick: number) => void): void {
    for (let tick = 0; tick < ticks; tick++) {
      before?.(tick);
      this.moment.tick++;
      this.moment.samples = samplesAt(20 * this.moment.tick);
      this.moment.wall = (this.moment.wall + 20) as WallTime;
      this.io.now = 20 * this.moment.tick;
      step(this.memory, this.moment, this.counters, {
        silent: (endpoint, seconds) =>
          this.said.push({ type: 'leg', leg: endpoint.leg, event: { type: 'silent', seconds } }),
        played: (endpoint) => this.said.push({ type: 'leg', leg: endpoint.leg, event: { type: 'played' } }),
        broken: (_endpoint, error) => {
          throw error;
        },
      });
      this.control.afterFlush();
    }
  }

  slips(): number {
    let slips = 0;
    for (const { channels } of this.memory.spans) for (const channel of channels) slips += channel.slips;
    return slips;
  }

  openSpan(room: number, spec: SpanMediaSpec): void {
    this.control.obey({ type: 'open-span', request: room, room, spec }, this.moment);
  }

  closeSpan(room: number): void {
    this.control.obey({ type: 'close-span', request: room, room }, this.moment);
  }

  openTdm(leg: string, span: string, slot: number, law: Law = 'ulaw'): void {
    this.control.leg(leg, { type: 'open-tdm', channel: { span, slot }, law }, this.moment);
  }

  /** Opens an RTP endpoint and aims it at 192.0.2.1 and `port`. */
  openRtp(leg: string, port: number, target: Partial<RtpTarget> = {}): FakePeer {
    this.control.leg(leg, { type: 'open-rtp' }, this.moment);
    const ready = this.events(leg).find((event) => event.type === 'ready');
    if (ready?.type !== 'ready') throw new Error(`no RTP endpoint for ${leg}`);
    const tag = [...this.io.bound].find(([, bound]) => bound === ready.port)?.[0] ?? -1;
    const peer = new FakePeer(this.io, tag, port, target.codec ?? 'PCMU');
    this.aim(leg, port, target);
    return peer;
  }

  aim(leg: string, port: number, target: Partial<RtpTarget> = {}): void {
    const codec = target.codec ?? 'PCMU';
    this.control.leg(
      leg,
      {
        type: 'aim',
        target: {
          address: PEER_ADDRESS,
          port,
          rtcpPort: undefined,
          codec,
          payloadType: codec === 'PCMU' ? 0 : 8,
          telephoneEvent: undefined,
          direction: 'sendrecv',
          packetTime: 20,
          ...target,
        },
      },
      this.moment,
    );
  }

  join(a: string, b: string): void {
    this.control.call({ type: 'join', a, b });
  }

  close(leg: string): StreamStats {
    this.control.close(leg, this.moment);
    const closed = this.said.findLast((message) => message.type === 'closed' && message.leg === leg);
    if (closed?.type !== 'closed') throw new Error(`${leg} was not closed`);
    return closed.stats;
  }

  events(leg: string): LegMediaEvent[] {
    return this.said.flatMap((message) => (message.type === 'leg' && message.leg === leg ? [message.event] : []));
  }

  digits(leg: string): string {
    return this.events(leg)
      .map((event) => (event.type === 'digit' ? event.digit : ''))
      .join('');
  }
}

export const PEER_ADDRESS = '192.0.2.1';

/** The far end of an RTP endpoint: makes packets for it and reads the ones that were sent to it. */
export class FakePeer {
  readonly tag: number;
  readonly #io: FakePacketIo;
  readonly #port: number;
  readonly #law: Law;
  readonly #payloadType: number;
  ssrc = 0x1234_5678;
  sequence = 100;
  timestamp = 80_000;

  constructor(io: FakePacketIo, tag: number, port: number, codec: CodecName) {
    this.#io = io;
    this.tag = tag;
    this.#port = port;
    this.#law = codec === 'PCMU' ? 'ulaw' : 'alaw';
    this.#payloadType = codec === 'PCMU' ? 0 : 8;
  }

  /** Sends one packet of audio, as if its predecessor had been sent. */
  say(octets: Uint8Array, from = { address: PEER_ADDRESS, port: this.#port }, payloadType = this.#payloadType): void {
    const bytes = new Uint8Array(RTP_HEADER + octets.length);
    writeRtp(bytes, 0, false, payloadType, this.sequence, this.timestamp, this.ssrc);
    bytes.set(octets, RTP_HEADER);
    this.skip(octets.length);
    this.#io.arrive(this.tag, bytes, from.address, from.port);
  }

  /** A packet that is lost on its way. */
  skip(samples = BLOCK): void {
    this.sequence = (this.sequence + 1) & 0xffff;
    this.timestamp = (this.timestamp + samples) >>> 0;
  }

  /** Sends anything from this peer's place. */
  throwIn(bytes: Uint8Array, tag: number = this.tag, port: number = this.#port): void {
    this.#io.arrive(tag, bytes, PEER_ADDRESS, port);
  }

  /** The packets of its payload type that were sent to it. */
  packets(payloadType: number = this.#payloadType) {
    const header = rtpHeader();
    return this.#io.sent.flatMap(({ tag, bytes, address, port }) => {
      if (tag !== this.tag || readRtp(bytes, 0, bytes.length, header) !== undefined) return [];
      if (header.payloadType !== payloadType) return [];
      return [{ ...header, payload: bytes.slice(header.payloadAt), address, port }];
    });
  }

  /** The octets of audio that were sent to it. */
  octets(): Uint8Array {
    return Uint8Array.from(this.packets().flatMap(({ payload }) => [...payload]));
  }

  /** The same as linear samples. */
  samples(): Int16Array {
    return Int16Array.from(this.octets(), (octet) => LINEAR[this.#law][octet] as number);
  }

  /** RTCP that was sent to it, from the socket above. */
  reports(): SentDatagram[] {
    return this.#io.sent.filter(({ tag }) => tag === this.tag + 1);
  }
}

/** Blocks of a tone, one after the other. */
export function toneBlocks(law: Law, frequency: number, level: number): () => Uint8Array {
  const generator = new ToneGenerator();
  generator.play({ frequencies: [frequency], level }, law);
  const samples = new Int16Array(BLOCK);
  return () => {
    const octets = new Uint8Array(BLOCK);
    generator.fill(samples, 0, BLOCK);
    encode(law, samples, 0, octets, 0, BLOCK);
    return octets;
  };
}
