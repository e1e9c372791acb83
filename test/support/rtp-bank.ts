/** The sound of many calls in one loop: known streams through the native addon's batches, so that a slow machine keeps up. */

import type { CallSound } from '../../scripts/demo/phone-media.ts';
import { addressWords } from '../../src/media/address.ts';
import { NativePacketIo } from '../../src/media/packet-io-native.ts';
import type { Native } from '../../src/native/native.ts';
import { BLOCK } from '../../src/rtp/g711.ts';
import { nextSequence, RTP_HEADER, readRtp, rtpHeader, writeRtp } from '../../src/rtp/packet.ts';
import type { AgreedAudio } from '../../src/sip/sdp/negotiate.ts';
import { KnownSink, KnownSource } from './known-sound.ts';

/** One call's sound: says stream `says`, and judges what it hears against `hears`. */
export class BankCall implements CallSound {
  readonly port: number;
  readonly source: KnownSource;
  sink: KnownSink;
  readonly #release: () => void;
  target: { readonly words: Int32Array; readonly port: number } | undefined;
  sequence = 1;
  timestamp = 0;

  constructor(port: number, says: number, hears: number, release: () => void) {
    this.port = port;
    this.source = new KnownSource(says);
    this.sink = new KnownSink(hears);
    this.#release = release;
  }

  aim({ address, port }: AgreedAudio): void {
    const words = addressWords(address);
    this.target = words === undefined ? undefined : { words, port };
  }

  async close(): Promise<void> {
    this.target = undefined;
    this.#release();
  }
}

export class RtpBank {
  readonly calls = new Map<number, BankCall>();
  readonly #io: NativePacketIo;
  readonly #address: string;
  readonly #base: number;
  readonly #header = rtpHeader();
  readonly #block = new Uint8Array(BLOCK);

  /** @param base The first port: call n has base + 2n. @param most Calls at once. */
  constructor(native: Native, address: string, base: number, most: number) {
    this.#io = new NativePacketIo(native, most);
    this.#address = address;
    this.#base = base;
  }

  /** Opens the sound of call `n`, which says stream `says` and is to hear `hears`. */
  open(n: number, says: number, hears: number): BankCall {
    const port = this.#base + 2 * n;
    this.#io.bind(n, this.#address, port, (error) => {
      if (error !== undefined) throw new Error(`port ${port}: ${error}`);
    });
    const call = new BankCall(port, says, hears, () => {
      this.#io.release(n);
      this.calls.delete(n);
    });
    this.calls.set(n, call);
    return call;
  }

  /** Takes what has come; says `blocks` blocks in each call. */
  tick(blocks: number): void {
    this.#io.receive();
    const { inbox, outbox } = this.#io;
    for (let i = 0; i < inbox.count; i++) {
      const bytes = inbox.views[i] as Uint8Array;
      if (readRtp(bytes, 0, inbox.length(i), this.#header) !== undefined || this.#header.payloadType !== 0) continue;
      const { payloadAt, payloadLength } = this.#header;
      this.calls.get(inbox.tag(i))?.sink.hear(bytes.subarray(payloadAt, payloadAt + payloadLength));
    }
    inbox.count = 0;
    for (let round = 0; round < blocks; round++) {
      for (const [n, call] of this.calls) this.#say(n, call, outbox);
    }
    this.#io.flush();
  }

  close(): void {
    this.#io.close();
  }

  #say(n: number, call: BankCall, outbox: NativePacketIo['outbox']): void {
    const packet = call.target === undefined ? undefined : outbox.open();
    if (call.target === undefined || packet === undefined) return;
    writeRtp(packet, 0, false, 0, call.sequence, call.timestamp, n + 1);
    call.source.fill(this.#block);
    packet.set(this.#block, RTP_HEADER);
    outbox.close(n, RTP_HEADER + BLOCK, call.target.words, call.target.port);
    call.sequence = nextSequence(call.sequence);
    call.timestamp = (call.timestamp + BLOCK) >>> 0;
  }
}
