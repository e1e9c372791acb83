/** DTMF digits as RTP telephone events, RFC 4733: the payload, when to send what, and each digit heard once. */

import { DIGITS, type DigitChange, NO_CHANGE } from './digit.ts';
import { BLOCK } from './g711.ts';
import { advance, read16, timestampAfter, write16 } from './packet.ts';

export const EVENT_PAYLOAD = 4;

/** A segment's longest duration in samples, the field's largest value; longer events go on in the next segment (§2.5.1.3). */
const SEGMENT = 0xffff;

/** How often the last packet of an event or segment is sent (§2.5.1.4). */
const FINALS = 3;

/** −10 dBm0: the level of the digit, in the payload as dB below 0 dBm0. */
const VOLUME = 10;

/** Silence between two digits that we send, in samples: 60 ms, well over the 40 ms that receivers need (Q.24). */
const PAUSE = 480;

/** The shortest digit that we send, in samples: 40 ms, what a receiver must accept. */
const SHORTEST = 320;

/** Digits that may wait for their turn. */
const QUEUE = 64;

/** Writes one event: `duration` in samples since the packet's timestamp. */
export function writeEvent(bytes: Uint8Array, at: number, event: number, end: boolean, duration: number): void {
  bytes[at] = event;
  bytes[at + 1] = (end ? 0x80 : 0) | VOLUME;
  write16(bytes, at + 2, duration);
}

/**
 * When to send what for the digits that a leg is told to send. Each tick says whether a packet is due; while `busy` no audio
 * is sent in parallel, so that the far end can't hear a digit twice (§2.2).
 */
export class EventSender {
  readonly #digits = new Uint8Array(QUEUE);
  readonly #durations = new Int32Array(QUEUE);
  #next = 0;
  #waiting = 0;
  #state: 'idle' | 'digit' | 'segment-end' | 'end' | 'pause' = 'idle';
  #left = 0;
  #finals = 0;
  #first = true;
  #segment = 0;
  #pauseFrom = 0;

  /** What the packet that is due carries besides its payload. */
  marker = false;
  timestamp = 0;

  get busy(): boolean {
    return this.#state !== 'idle' || this.#waiting > 0;
  }

  /** Queues a digit of `duration` samples. False when it isn't a digit or too many wait. */
  press(digit: string, duration: number): boolean {
    const event = digit.length === 1 ? DIGITS.indexOf(digit) : -1;
    if (event < 0 || this.#waiting === QUEUE) return false;
    const slot = (this.#next + this.#waiting) % QUEUE;
    this.#digits[slot] = event;
    this.#durations[slot] = Math.max(SHORTEST, duration);
    this.#waiting++;
    return true;
  }

  /**
   * One tick, whose block of audio would begin at timestamp `now`. True: a packet is due, its payload is in `bytes` at `at`,
   * its marker and timestamp in the fields.
   */
  tick(now: number, bytes: Uint8Array, at: number): boolean {
    if (this.#state === 'pause' && timestampAfter(this.#pauseFrom, now) >= PAUSE) this.#state = 'idle';
    if (this.#state === 'idle') {
      if (this.#waiting === 0) return false;
      this.#state = 'digit';
      this.#left = this.#durations[this.#next] as number;
      this.#first = true;
      this.#segment = now;
    }
    if (this.#state === 'pause') return false;
    this.timestamp = this.#segment;
    this.marker = this.#first;
    this.#first = false;
    this.#report(now, bytes, at);
    return true;
  }

  #report(now: number, bytes: Uint8Array, at: number): void {
    const event = this.#digits[this.#next] as number;
    if (this.#state === 'digit') {
      const soFar = timestampAfter(this.#segment, now) + BLOCK;
      if (soFar < Math.min(SEGMENT, this.#left)) {
        writeEvent(bytes, at, event, false, soFar);
        return;
      }
      this.#state = this.#left > SEGMENT ? 'segment-end' : 'end';
      this.#finals = FINALS;
    }
    this.#finals--;
    const isEnd = this.#state === 'end';
    writeEvent(bytes, at, event, isEnd, Math.min(SEGMENT, this.#left));
    if (this.#finals > 0) return;
    if (isEnd) {
      this.#state = 'pause';
      this.#pauseFrom = advance(this.#segment, this.#left);
      this.#next = (this.#next + 1) % QUEUE;
      this.#waiting--;
    } else {
      this.#state = 'digit';
      this.#left -= SEGMENT;
      this.#segment = advance(this.#segment, SEGMENT);
    }
  }
}

/** Ticks without a packet after which an event is over though its end was lost: 160 ms, three updates of 50 ms. */
const LOST_END = 8;

/** Events in one packet that we look at (§2.5.1.5); more is nonsense. */
const EVENTS_IN_PACKET = 8;

/**
 * Each digit once. An event is known by its timestamp, so that lost starts, lost ends, repeats and packets out of order don't
 * matter; a packet of an event older than the present one says nothing new, as a digit reported after its successor would be a
 * wrong number.
 */
export class EventReceiver {
  #heard = false;
  #open = false;
  #event = 0;
  /** The timestamps of the event and of its present segment. */
  #start = 0;
  #segment = 0;
  #duration = 0;
  #quiet = 0;

  /** Takes a packet's payload, `bytes[at, at + length)`. */
  receive(timestamp: number, bytes: Uint8Array, at: number, length: number): readonly DigitChange[] {
    let changes = NO_CHANGE;
    let begins = timestamp;
    const events = Math.min(EVENTS_IN_PACKET, Math.floor(length / EVENT_PAYLOAD));
    for (let n = 0; n < events; n++) {
      const from = at + n * EVENT_PAYLOAD;
      const duration = read16(bytes, from + 2);
      const heard = this.#hear(begins, bytes[from] as number, (bytes[from + 1] as number) >= 0x80, duration);
      if (heard !== NO_CHANGE) changes = changes === NO_CHANGE ? heard : [...changes, ...heard];
      begins = advance(begins, duration);
    }
    return changes;
  }

  /** One tick went by; tells the end of a digit whose end was lost. */
  tick(): readonly DigitChange[] {
    if (!this.#open || ++this.#quiet < LOST_END) return NO_CHANGE;
    return [this.#close()];
  }

  #hear(timestamp: number, event: number, end: boolean, duration: number): readonly DigitChange[] {
    if (event >= DIGITS.length) return NO_CHANGE;
    const changes: DigitChange[] = [];
    if (!this.#isOngoing(timestamp, event)) {
      if (this.#heard && timestampAfter(this.#segment, timestamp) <= 0) return NO_CHANGE;
      if (this.#open) changes.push(this.#close());
      this.#heard = true;
      this.#open = true;
      this.#event = event;
      this.#start = timestamp;
      this.#segment = timestamp;
      this.#duration = 0;
      changes.push({ type: 'begin', digit: DIGITS.charAt(event) });
    }
    if (!this.#open) return NO_CHANGE;
    this.#quiet = 0;
    this.#duration = Math.max(this.#duration, timestampAfter(this.#start, timestamp) + duration);
    if (end) changes.push(this.#close());
    return changes.length > 0 ? changes : NO_CHANGE;
  }

  /** The present event's segment, or the one that follows it without a gap. */
  #isOngoing(timestamp: number, event: number): boolean {
    if (!this.#heard || event !== this.#event) return false;
    if (timestamp === this.#segment) return true;
    if (!this.#open || timestampAfter(this.#segment, timestamp) !== SEGMENT) return false;
    this.#segment = timestamp;
    return true;
  }

  #close(): DigitChange {
    this.#open = false;
    return { type: 'end', digit: DIGITS.charAt(this.#event), duration: this.#duration };
  }
}
