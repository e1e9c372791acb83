/** A telephone's sound and nothing else: a UDP socket that says one recording at the pace of a clock and keeps what it hears. */
import { createSocket, type Socket } from 'node:dgram';
import { BLOCK, encode, IDLE, LINEAR } from '../../src/rtp/g711.ts';
import { nextSequence, RTP_HEADER, readRtp, rtpHeader, writeRtp } from '../../src/rtp/packet.ts';
import { writeEvent } from '../../src/rtp/telephone-event.ts';

const TICK = 20;
const EVENT = 101;

export class RtpPhone {
  readonly #socket: Socket;
  readonly #header = rtpHeader();
  readonly #heard: number[] = [];
  readonly #packet = new Uint8Array(RTP_HEADER + BLOCK);
  #says: Int16Array = new Int16Array(0);
  #at = 0;
  #to: { address: string; port: number } | undefined;
  #sequence = 1;
  #timestamp = 0;
  #timer: NodeJS.Timeout | undefined;
  #due = 0;
  /** Payload types of the packets that came, in order. */
  readonly payloadTypes: number[] = [];
  /** Events that came: code and whether it was an end. */
  readonly events: { readonly code: number; readonly end: boolean; readonly timestamp: number }[] = [];
  /** Where the last packet came from. */
  from = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (message, peer) => {
      if (readRtp(message, 0, message.length, this.#header) !== undefined) return;
      const { payloadType, payloadAt, payloadLength, timestamp } = this.#header;
      this.from = peer.port;
      this.payloadTypes.push(payloadType);
      const payload = message.subarray(payloadAt, payloadAt + payloadLength);
      if (payloadType === 0) for (const octet of payload) this.#heard.push(LINEAR.ulaw[octet] ?? 0);
      else if (payloadType === EVENT) {
        this.events.push({ code: payload[0] ?? 0, end: (payload[1] ?? 0) >= 0x80, timestamp });
      }
    });
  }

  static async open(port: number): Promise<RtpPhone> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, '127.0.0.1', resolve);
    });
    return new RtpPhone(socket);
  }

  /** Everything heard so far, as linear samples of µ-law. */
  get heard(): Int16Array {
    return Int16Array.from(this.#heard);
  }

  /** Says `samples`, then silence, to a port of this host, one packet in 20 ms. */
  talk(port: number, samples: Int16Array): void {
    this.#to = { address: '127.0.0.1', port };
    this.#says = samples;
    this.#at = 0;
    if (this.#timer !== undefined) return;
    this.#due = performance.now();
    const tick = (): void => {
      while (performance.now() >= this.#due) {
        this.#say();
        this.#due += TICK;
      }
      this.#timer = setTimeout(tick, Math.max(0, this.#due - performance.now()));
    };
    tick();
  }

  /** Presses a digit of 100 ms: events in place of audio, as RFC 4733 has them. */
  press(code: number): void {
    const began = this.#timestamp;
    for (let n = 1; n <= 7; n++) {
      const bytes = new Uint8Array(RTP_HEADER + 4);
      writeRtp(bytes, 0, n === 1, EVENT, this.#sequence, began, 7);
      writeEvent(bytes, RTP_HEADER, code, n >= 5, Math.min(n, 5) * BLOCK);
      this.#send(bytes);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #say(): void {
    writeRtp(this.#packet, 0, false, 0, this.#sequence, this.#timestamp, 7);
    const left = Math.max(0, Math.min(BLOCK, this.#says.length - this.#at));
    encode('ulaw', this.#says, this.#at, this.#packet, RTP_HEADER, left);
    this.#packet.fill(IDLE.ulaw, RTP_HEADER + left);
    this.#at += left;
    this.#timestamp = (this.#timestamp + BLOCK) >>> 0;
    this.#send(this.#packet.slice());
  }

  #send(bytes: Uint8Array): void {
    if (this.#to === undefined) return;
    this.#sequence = nextSequence(this.#sequence);
    this.#socket.send(bytes, this.#to.port, this.#to.address);
  }
}
