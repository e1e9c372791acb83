/**
 * The thread of sound-desk.ts: all far ends say a block every 20 ms and keep what they hear. It sleeps to absolute times, under SCHED_FIFO
 * where that is permitted, and tells how late it was at worst, so that what it did is not taken for the gateway's doing.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { addressWords } from '../../src/media/address.ts';
import { NativePacketIo } from '../../src/media/packet-io-native.ts';
import { loadNative } from '../../src/native/native.ts';
import { BLOCK } from '../../src/rtp/g711.ts';
import {
  advance,
  isRtcp,
  nextSequence,
  RTP_HEADER,
  readRtp,
  rtpHeader,
  sequenceAfter,
  timestampAfter,
  writeRtp,
} from '../../src/rtp/packet.ts';
import { type Aim, CELL, type DeskAnswer, type DeskWord, MOST_ENDS } from './sound-words.ts';

const TICK = 20;
/** Datagrams are taken so many times a tick: a loop answers soon. */
const PARTS = 4;
/** Blocks that are said at once after a delay; what is beyond stays unsaid. */
const CATCH_UP = 10;
/** Of a play whose first block is still to come. */
const NOT_YET = -1;
/** Below the media loop, above everything of normal priority. */
const PRIORITY = 10;

const port = parentPort ?? fail('not in a worker thread');
const late = new Float64Array(workerData as SharedArrayBuffer);
const native = loadNative();
if (!native.ok) throw new Error(native.error);
const { monotonic, sleepUntil, scheduleFifo } = native.value;
const io = new NativePacketIo(native.value, MOST_ENDS);
const header = rtpHeader();

function fail(why: string): never {
  throw new Error(why);
}

/** One far end: its record is shared with the main thread. */
class End {
  readonly #tag: number;
  readonly #cells: Int32Array;
  readonly #octets: Uint8Array;
  readonly #rest: number;
  readonly #ssrc: number;
  readonly #block = new Uint8Array(BLOCK);
  aim: Aim | undefined;
  #words: Int32Array | undefined;
  #says: Uint8Array = new Uint8Array(0);
  #repeats = false;
  #loops = false;
  #at = 0;
  #begins = false;
  #sequence = 1;
  #timestamp = 0;
  #first: { readonly timestamp: number; readonly sequence: number } | undefined;

  constructor(tag: number, record: SharedArrayBuffer, rest: number) {
    this.#tag = tag;
    this.#cells = new Int32Array(record, 0, CELL.count);
    this.#octets = new Uint8Array(record, 4 * CELL.count);
    this.#rest = rest;
    this.#ssrc = tag + 1;
  }

  target(aim: Aim): void {
    this.aim = aim;
    this.#words = addressWords(aim.address);
  }

  play(word: Extract<DeskWord, { type: 'play' }>): void {
    this.#says = word.octets;
    this.#repeats = word.repeats;
    this.#loops = word.loops;
    this.#at = 0;
    this.#begins = true;
    this.#cells[CELL.playedAt] = NOT_YET;
  }

  /** Says the next block. */
  say(): void {
    const { aim } = this;
    if (aim === undefined || this.#loops) return;
    if (this.#begins) this.#cells[CELL.playedAt] = this.#cell(CELL.length);
    this.#begins = false;
    this.#next();
    this.#timestamp = advance(this.#timestamp, BLOCK);
    if (aim.says) this.#send(this.#block, aim);
  }

  hear(bytes: Uint8Array, length: number): void {
    const { aim } = this;
    if (aim?.rtp !== undefined) this.#hearRtp(bytes, length, aim.rtp.telephoneEvent);
    else if (length === BLOCK) {
      this.#keep(this.#cell(CELL.length), bytes, 0, length);
      if (this.#loops && aim !== undefined) this.#send(bytes, aim);
    }
  }

  #next(): void {
    const block = this.#block.fill(this.#rest);
    for (let i = 0; i < BLOCK; i++) {
      if (this.#at === this.#says.length && this.#repeats) this.#at = 0;
      if (this.#at < this.#says.length) block[i] = this.#says[this.#at++] as number;
    }
  }

  #send(block: Uint8Array, { port, rtp }: Aim): void {
    const room = io.outbox.open();
    if (room === undefined || this.#words === undefined) return;
    const from = rtp === undefined ? 0 : RTP_HEADER;
    if (rtp !== undefined) {
      writeRtp(room, 0, false, rtp.payloadType, this.#sequence, this.#timestamp, this.#ssrc);
      this.#sequence = nextSequence(this.#sequence);
    }
    room.set(block.subarray(0, BLOCK), from);
    io.outbox.close(this.#tag, from + BLOCK, this.#words, port);
  }

  #hearRtp(bytes: Uint8Array, length: number, telephoneEvent: number | undefined): void {
    if (isRtcp(bytes, 0, length) || readRtp(bytes, 0, length, header) !== undefined) return;
    const { timestamp, sequence, payloadAt, payloadLength, payloadType } = header;
    this.#first ??= { timestamp, sequence };
    this.#cells[CELL.packets] = this.#cell(CELL.packets) + 1;
    const reached = sequenceAfter(this.#first.sequence, sequence) + 1;
    this.#cells[CELL.expected] = Math.max(this.#cell(CELL.expected), reached);
    if (payloadType === telephoneEvent) return;
    this.#keep(timestampAfter(this.#first.timestamp, timestamp), bytes, payloadAt, payloadLength);
  }

  /** What is kept at `at`; what lies between it and the last octet rests. */
  #keep(at: number, bytes: Uint8Array, from: number, length: number): void {
    const end = at + length;
    const had = this.#cell(CELL.length);
    if (at < 0 || end > this.#octets.length) return;
    if (end > had) this.#octets.fill(this.#rest, had, end);
    this.#octets.set(bytes.subarray(from, from + length), at);
    Atomics.store(this.#cells, CELL.length, Math.max(had, end));
  }

  #cell(at: number): number {
    return this.#cells[at] ?? 0;
  }
}

const ends = new Map<number, End>();
const answer = (what: DeskAnswer): void => port.postMessage(what);

function obey(word: DeskWord): void {
  switch (word.type) {
    case 'open':
      io.bind(word.tag, word.address, word.port, (error) => {
        if (error === undefined) ends.set(word.tag, new End(word.tag, word.record, word.rest));
        answer({ type: 'opened', tag: word.tag, error });
      });
      break;
    case 'aim':
      ends.get(word.tag)?.target(word.aim);
      break;
    case 'play':
      ends.get(word.tag)?.play(word);
      break;
    case 'close':
      io.release(word.tag);
      ends.delete(word.tag);
      answer({ type: 'closed', tag: word.tag });
      break;
  }
}

function part(): void {
  for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
    obey(got.message as DeskWord);
  }
  io.receive();
  const { inbox } = io;
  for (let i = 0; i < inbox.count; i++) {
    ends.get(inbox.tag(i))?.hear(inbox.views[i] as Uint8Array, inbox.length(i));
  }
  inbox.count = 0;
  io.flush();
}

scheduleFifo(PRIORITY);
for (let due = monotonic() + TICK; ; due += TICK) {
  for (let n = PARTS - 1; n > 0; n--) {
    sleepUntil(due - (n * TICK) / PARTS);
    part();
  }
  sleepUntil(due);
  part();
  const behind = monotonic() - due;
  late[0] = Math.max(late[0] ?? 0, behind);
  if (behind > CATCH_UP * TICK) due += Math.floor(behind / TICK) * TICK;
  for (const end of ends.values()) end.say();
  io.flush();
}
