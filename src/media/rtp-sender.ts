import type { Digit, Direction, RtpTarget } from '../call/media.ts';
import { BLOCK } from '../rtp/g711.ts';
import { advance, nextSequence, RTP_HEADER, writeRtp } from '../rtp/packet.ts';
import { EVENT_PAYLOAD, EventSender } from '../rtp/telephone-event.ts';
import type { Latch } from './latch.ts';
import type { PacketBatch } from './packet-io.ts';

/** Blocks in the longest packet that we send: 160 ms stays below an Ethernet's MTU. */
const MOST_BLOCKS = 8;
const BLOCK_MS = 20;

/** Our stream to an RTP peer: blocks in, packets out, digits as telephone events in between. */
export class RtpSender {
  #events = new EventSender();
  readonly #pending = new Uint8Array(MOST_BLOCKS * BLOCK);
  #pendingBlocks = 0;
  #pendingTimestamp = 0;
  #blocksPerPacket = 1;
  #payloadType = 0;
  #telephoneEvent: number | undefined;
  #allowed = false;
  #marker = true;
  #sequence = 0;
  #timestamp = 0;

  ssrc = 0;
  /** Packets and octets of payload, as RTCP reports them. */
  packets = 0;
  octets = 0;

  /** The timestamp of the block that is spoken next. */
  get timestamp(): number {
    return this.#timestamp;
  }

  get takesEvents(): boolean {
    return this.#telephoneEvent !== undefined;
  }

  /** Begins a stream; source, first sequence number and timestamp are random (RFC 3550 §5.1). */
  open(ssrc: number, sequence: number, timestamp: number): void {
    this.ssrc = ssrc;
    this.#sequence = sequence;
    this.#timestamp = timestamp;
    this.#pendingBlocks = 0;
    this.#telephoneEvent = undefined;
    this.#allowed = false;
    this.#marker = true;
    this.#events = new EventSender();
    this.packets = 0;
    this.octets = 0;
  }

  aim(target: RtpTarget): void {
    this.#payloadType = target.payloadType;
    this.#telephoneEvent = target.telephoneEvent;
    this.#allowed = sends(target.direction);
    const blocks = Math.floor(target.packetTime / BLOCK_MS);
    this.#blocksPerPacket = Math.min(MOST_BLOCKS, Math.max(1, blocks));
  }

  /** Queues a digit of so many samples; one too many is dropped. */
  press(digit: Digit, samples: number): void {
    this.#events.press(digit, samples);
  }

  /** One block, in the law of the codec that was agreed. Time goes on also when nothing is sent. */
  speak(block: Uint8Array, tag: number, latch: Latch, outbox: PacketBatch): void {
    const now = this.#timestamp;
    this.#timestamp = advance(now, BLOCK);
    if (!this.#allowed || latch.port === 0) {
      this.#pendingBlocks = 0;
      this.#marker = true;
      return;
    }
    if (this.#telephoneEvent !== undefined && this.#events.busy) {
      this.#flush(tag, latch, outbox);
      this.#speakEvent(now, this.#telephoneEvent, tag, latch, outbox);
      if (this.#events.busy) return;
    }
    if (this.#blocksPerPacket === 1 && this.#pendingBlocks === 0) {
      this.#sendAudio(block, BLOCK, now, tag, latch, outbox);
      return;
    }
    if (this.#pendingBlocks === 0) this.#pendingTimestamp = now;
    const pending = this.#pending;
    const at = this.#pendingBlocks * BLOCK;
    for (let i = 0; i < BLOCK; i++) pending[at + i] = block[i] as number;
    this.#pendingBlocks++;
    if (this.#pendingBlocks >= this.#blocksPerPacket) this.#flush(tag, latch, outbox);
  }

  #speakEvent(now: number, payloadType: number, tag: number, latch: Latch, outbox: PacketBatch): void {
    const room = outbox.open();
    if (room === undefined || !this.#events.tick(now, room, RTP_HEADER)) return;
    writeRtp(room, 0, this.#events.marker, payloadType, this.#sequence, this.#events.timestamp, this.ssrc);
    this.#sentPacket(EVENT_PAYLOAD, tag, latch, outbox);
    // The audio that follows begins a talk-spurt (RFC 3551 §4.1).
    this.#marker = true;
  }

  #flush(tag: number, latch: Latch, outbox: PacketBatch): void {
    const length = this.#pendingBlocks * BLOCK;
    this.#pendingBlocks = 0;
    if (length > 0) this.#sendAudio(this.#pending, length, this.#pendingTimestamp, tag, latch, outbox);
  }

  #sendAudio(
    octets: Uint8Array,
    length: number,
    timestamp: number,
    tag: number,
    latch: Latch,
    outbox: PacketBatch,
  ): void {
    const room = outbox.open();
    if (room === undefined) return;
    writeRtp(room, 0, this.#marker, this.#payloadType, this.#sequence, timestamp, this.ssrc);
    for (let i = 0; i < length; i++) room[RTP_HEADER + i] = octets[i] as number;
    this.#marker = false;
    this.#sentPacket(length, tag, latch, outbox);
  }

  #sentPacket(payload: number, tag: number, latch: Latch, outbox: PacketBatch): void {
    outbox.close(tag, RTP_HEADER + payload, latch.address, latch.port);
    this.#sequence = nextSequence(this.#sequence);
    this.packets++;
    this.octets += payload;
  }
}

const sends = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'sendonly';
