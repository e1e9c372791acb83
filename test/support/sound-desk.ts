/**
 * The far ends of sound: B-channels over UDP, and phones over RTP, all in one thread of their own (sound-worker.ts), which keeps its
 * time whatever the test's own thread is busy with. How late it was all the same can be asked.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { CallSound } from '../../scripts/demo/phone-media.ts';
import { decode, encode, IDLE, type Law } from '../../src/rtp/g711.ts';
import { peakOf, RATE, TonePair } from '../../src/rtp/tones.ts';
import type { AgreedAudio } from '../../src/sip/sdp/negotiate.ts';
import { eventually } from './process.ts';
import { type Aim, CELL, type DeskAnswer, type DeskWord, MOST_ENDS } from './sound-words.ts';

/**
 * `loop`: each block goes back as it came. Samples are 8 kHz linear and are followed by silence; levels are dBm0, frequencies
 * whole, so that a second of the tone repeats exactly.
 */
export type EndSource =
  | { readonly type: 'silence' }
  | { readonly type: 'loop' }
  | { readonly type: 'tone'; readonly frequency: number; readonly level: number }
  | { readonly type: 'samples'; readonly samples: Int16Array };

/** The longest record: five minutes. */
const LONGEST = 300 * RATE;

/** Ports tried for a phone before one is free. */
const TRIES = 10;

class Desk {
  readonly #worker: Worker;
  readonly #late = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  readonly #asked = new Map<number, (answer: DeskAnswer) => void>();
  #failure: Error | undefined;

  constructor() {
    const url = new URL('./sound-worker.ts', import.meta.url);
    this.#worker = new Worker(url, { workerData: this.#late.buffer, name: 'far ends' });
    // It has no end: that of the test is its own.
    this.#worker.unref();
    this.#worker.on('error', (error) => {
      this.#failure = error;
    });
    this.#worker.on('message', (answer: DeskAnswer) => {
      this.#asked.get(answer.tag)?.(answer);
      this.#asked.delete(answer.tag);
    });
  }

  /** The longest that a block was said behind its time since it was asked last, in milliseconds. */
  takeLate(): number {
    const late = this.#late[0] ?? 0;
    this.#late[0] = 0;
    return late;
  }

  tell(word: DeskWord): void {
    this.#worker.postMessage(word);
  }

  /** Tells, and waits for the answer. */
  async ask(word: Extract<DeskWord, { type: 'open' | 'close' }>): Promise<DeskAnswer> {
    let answer: DeskAnswer | undefined;
    this.#asked.set(word.tag, (it) => {
      answer = it;
    });
    this.#worker.ref();
    this.tell(word);
    try {
      await eventually('the far ends’ thread answers', () => answer !== undefined || this.#failure !== undefined, 20);
    } finally {
      this.#worker.unref();
    }
    if (answer === undefined) throw this.#failure ?? new Error('no answer');
    return answer;
  }
}

let shared: Desk | undefined;
const desk = (): Desk => {
  shared ??= new Desk();
  return shared;
};

/** The longest that any far end was behind its time since this was asked last, in milliseconds. */
export const farEndsLate = (): number => desk().takeLate();

const taken = new Set<number>();

function freeTag(): number {
  for (let tag = 0; tag < MOST_ENDS; tag++) {
    if (taken.has(tag)) continue;
    taken.add(tag);
    return tag;
  }
  throw new Error(`more than ${MOST_ENDS} far ends at once`);
}

/** One end in the thread. */
class SoundEnd {
  readonly #tag: number;
  readonly #record: SharedArrayBuffer;
  readonly #cells: Int32Array;
  law: Law = 'ulaw';
  #closed = false;

  private constructor(tag: number, record: SharedArrayBuffer) {
    this.#tag = tag;
    this.#record = record;
    this.#cells = new Int32Array(record, 0, CELL.count);
  }

  /** Undefined where somebody else has the port. */
  static async open(address: string, port: number): Promise<SoundEnd | undefined> {
    const record = new SharedArrayBuffer(4 * CELL.count + LONGEST);
    const tag = freeTag();
    const answer = await desk().ask({ type: 'open', tag, address, port, record, rest: IDLE.ulaw });
    if (answer.type === 'opened' && answer.error === undefined) return new SoundEnd(tag, record);
    taken.delete(tag);
    return undefined;
  }

  aim(aim: Aim): void {
    desk().tell({ type: 'aim', tag: this.#tag, aim });
  }

  play(source: EndSource): void {
    Atomics.store(this.#cells, CELL.playedAt, -1);
    const samples = source.type === 'samples' ? source.samples : toneOf(source, this.law);
    const octets = new Uint8Array(samples.length);
    encode(this.law, samples, 0, octets, 0, samples.length);
    const repeats = source.type === 'tone';
    desk().tell({ type: 'play', tag: this.#tag, octets, repeats, loops: source.type === 'loop' });
  }

  cell(at: number): number {
    return Atomics.load(this.#cells, at);
  }

  /** What was heard since the latest play began, whole once `seconds` of it are there. */
  async answers(seconds: number): Promise<Int16Array> {
    await eventually('it is said', () => this.cell(CELL.playedAt) >= 0);
    const from = this.cell(CELL.playedAt);
    await eventually(`${seconds} s of sound`, () => this.cell(CELL.length) >= from + seconds * RATE);
    return this.samples.subarray(from);
  }

  /** Everything heard so far. */
  get samples(): Int16Array {
    const samples = new Int16Array(this.cell(CELL.length));
    decode(this.law, new Uint8Array(this.#record, 4 * CELL.count), 0, samples, 0, samples.length);
    return samples;
  }

  /** Resolves when `seconds` of sound have come from now on, or the end is closed. */
  async listen(seconds: number, within = 10 + 2 * seconds): Promise<void> {
    const until = this.cell(CELL.length) + seconds * RATE;
    const heard = (): boolean => this.#closed || this.cell(CELL.length) >= until;
    await eventually(`${seconds} s of sound`, heard, within);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await desk().ask({ type: 'close', tag: this.#tag });
    taken.delete(this.#tag);
  }
}

function toneOf(source: EndSource, law: Law): Int16Array {
  if (source.type !== 'tone') return new Int16Array(0);
  const samples = new Int16Array(RATE);
  const pair = new TonePair();
  pair.set(source.frequency, peakOf(law, source.level), 0, 0);
  pair.fill(samples, 0, RATE);
  return samples;
}

/** The far end of one B-channel: µ-law, one datagram of 160 octets per 20 ms. */
export class BChannel {
  readonly #end: SoundEnd;

  private constructor(end: SoundEnd) {
    this.#end = end;
  }

  /** Ports on 127.0.0.1: base + slot on both sides. */
  static async open(local: number, remote: number): Promise<BChannel> {
    const end = await SoundEnd.open('127.0.0.1', local);
    if (end === undefined) throw new Error(`port ${local} is taken`);
    end.aim({ address: '127.0.0.1', port: remote, says: true });
    return new BChannel(end);
  }

  /** Changes what is said, from the next block on. */
  play(source: EndSource): void {
    this.#end.play(source);
  }

  /** Everything heard so far, as it came. */
  get heard(): Int16Array {
    return this.#end.samples;
  }

  /** Resolves when `seconds` of sound have come from now on. */
  listen(seconds: number, within?: number): Promise<void> {
    return this.#end.listen(seconds, within);
  }

  close(): Promise<void> {
    return this.#end.close();
  }
}

/** The sound of a phone's call. */
export class DeskSound implements CallSound {
  readonly port: number;
  readonly #end: SoundEnd;

  private constructor(port: number, end: SoundEnd) {
    this.port = port;
    this.#end = end;
  }

  static async open(local: string): Promise<DeskSound> {
    for (let n = 0; n < TRIES; n++) {
      const port = await freePort(local);
      const end = await SoundEnd.open(local, port);
      if (end !== undefined) return new DeskSound(port, end);
    }
    throw new Error('no free port for a phone');
  }

  aim({ address, port, codec, payloadType, telephoneEvent, direction }: AgreedAudio): void {
    this.#end.law = codec === 'PCMU' ? 'ulaw' : 'alaw';
    const says = direction === 'sendrecv' || direction === 'sendonly';
    this.#end.aim({ address, port, says, rtp: { payloadType, telephoneEvent } });
  }

  play(source: EndSource): void {
    this.#end.play(source);
  }

  /** 8 kHz linear, in the order of the timestamps, gaps silent; `lost`: sequence numbers that never came. */
  get heard(): { readonly samples: Int16Array; readonly law: Law; readonly packets: number; readonly lost: number } {
    const packets = this.#end.cell(CELL.packets);
    const lost = Math.max(0, this.#end.cell(CELL.expected) - packets);
    return { samples: this.#end.samples, law: this.#end.law, packets, lost };
  }

  listen(seconds: number): Promise<void> {
    return this.#end.listen(seconds);
  }

  /** Says the source, and answers the `seconds` that were heard from its first block on. */
  answerTo(source: EndSource, seconds: number): Promise<Int16Array> {
    this.#end.play(source);
    return this.#end.answers(seconds);
  }

  close(): Promise<void> {
    return this.#end.close();
  }
}

/** A UDP port that was free a moment ago. */
async function freePort(local: string): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, local);
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
