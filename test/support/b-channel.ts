/** The far end of one UDP B-channel in this process: says tones or samples, or loops, and keeps what it hears. */
import { createSocket, type Socket } from 'node:dgram';
import { BLOCK, decode, encode, IDLE } from '../../src/rtp/g711.ts';
import { peakOf, RATE, TonePair } from '../../src/rtp/tones.ts';

/** `loop`: each block goes back as it came. Samples are 8 kHz linear and are followed by silence; levels are dBm0. */
export type ChannelSource =
  | { readonly type: 'idle' }
  | { readonly type: 'loop' }
  | { readonly type: 'tone'; readonly frequency: number; readonly level: number }
  | { readonly type: 'samples'; readonly samples: Int16Array };

const TICK = 20;

/** µ-law, one datagram of 160 octets per 20 ms. */
export class BChannel {
  readonly #socket: Socket;
  readonly #remote: number;
  readonly #tone = new TonePair();
  readonly #block = new Int16Array(BLOCK);
  readonly #out = new Uint8Array(BLOCK);
  readonly #heard: Uint8Array[] = [];
  #source: ChannelSource = { type: 'idle' };
  #played = 0;
  #ticks = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiting: { readonly blocks: number; readonly resolve: () => void }[] = [];
  readonly #started = performance.now();

  private constructor(socket: Socket, remote: number) {
    this.#socket = socket;
    this.#remote = remote;
    // Nobody there yet, or any more.
    socket.on('error', () => {});
    socket.on('message', (block) => this.#hear(block));
    this.#tick();
  }

  /** Ports on 127.0.0.1: base + slot on both sides. */
  static async open(local: number, remote: number): Promise<BChannel> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(local, '127.0.0.1', resolve);
    });
    return new BChannel(socket, remote);
  }

  /** Changes what is said, from the next block on. */
  play(source: ChannelSource): void {
    this.#source = source;
    this.#played = 0;
    if (source.type === 'tone') this.#tone.set(source.frequency, peakOf('ulaw', source.level), 0, 0);
  }

  /** Everything heard so far, as it came. */
  get heard(): Int16Array {
    const samples = new Int16Array(this.#heard.length * BLOCK);
    this.#heard.forEach((block, i) => {
      decode('ulaw', block, 0, samples, i * BLOCK, BLOCK);
    });
    return samples;
  }

  /** Resolves when `seconds` of sound have come from now on. */
  listen(seconds: number, within = 10 + 2 * seconds): Promise<void> {
    return new Promise((resolve, reject) => {
      const give = setTimeout(() => reject(new Error(`not ${seconds} s of sound in ${within} s`)), within * 1000);
      const blocks = this.#heard.length + Math.ceil((seconds * RATE) / BLOCK);
      this.#waiting.push({
        blocks,
        resolve: () => {
          clearTimeout(give);
          resolve();
        },
      });
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #hear(block: Uint8Array): void {
    if (block.length !== BLOCK) return;
    this.#heard.push(new Uint8Array(block));
    if (this.#source.type === 'loop') this.#socket.send(block, this.#remote, '127.0.0.1');
    const reached = this.#waiting.filter(({ blocks }) => this.#heard.length >= blocks);
    this.#waiting = this.#waiting.filter(({ blocks }) => this.#heard.length < blocks);
    for (const { resolve } of reached) resolve();
  }

  #tick(): void {
    if (this.#source.type !== 'loop') this.#say(this.#source);
    this.#ticks++;
    this.#timer = setTimeout(() => this.#tick(), this.#started + this.#ticks * TICK - performance.now());
  }

  #say(source: Exclude<ChannelSource, { type: 'loop' }>): void {
    if (source.type === 'idle') this.#out.fill(IDLE.ulaw);
    else {
      this.#block.fill(0);
      if (source.type === 'tone') this.#tone.fill(this.#block, 0, BLOCK);
      else this.#block.set(source.samples.subarray(this.#played, this.#played + BLOCK));
      this.#played += BLOCK;
      encode('ulaw', this.#block, 0, this.#out, 0, BLOCK);
    }
    this.#socket.send(this.#out.slice(), this.#remote, '127.0.0.1');
  }
}
