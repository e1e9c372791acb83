import type { Digit, Law, StreamStats } from '../call/media.ts';
import { type DigitChange, NO_CHANGE } from '../rtp/digit.ts';
import { BLOCK, IDLE } from '../rtp/g711.ts';

/**
 * Silence before a recording and between two times of it, in octets. What is said before the caller's side is through would be
 * lost: half a second covers the way of an answer, and of the first packets behind it.
 */
const LEAD = 25 * BLOCK;
const PAUSE = 50 * BLOCK;

const NOTHING = new Uint8Array(0);

/** An endpoint's line to a recording: it hears that instead of a far party, and whatever is said to it is lost. */
export class PlayerLine {
  readonly type = 'player';
  readonly law: Law = 'ulaw';
  /** Digits in the recording are none of anybody's, so they are not listened for. */
  readonly takesEvents = true;
  #octets: Uint8Array = NOTHING;
  /** The next octet; below 0 there is silence yet. */
  #at = 0;
  #times = 0;
  #blocks = 0;
  #ends = false;

  /** Begins with a recording of µ-law, which is played `times` times. */
  open(octets: Uint8Array, times: number): void {
    this.#octets = octets;
    this.#at = -LEAD;
    this.#times = times;
    this.#blocks = 0;
    this.#ends = false;
  }

  /** The next block of the recording. False while there is silence, and after its end. */
  hear(block: Uint8Array): boolean {
    if (this.#times === 0) return false;
    const at = this.#at;
    this.#at += BLOCK;
    if (at < 0) return false;
    const octets = this.#octets;
    for (let i = 0; i < BLOCK; i++) block[i] = octets[at + i] ?? IDLE.ulaw;
    this.#blocks++;
    if (this.#at < octets.length) return true;
    this.#at = -PAUSE;
    this.#times--;
    this.#ends = this.#times === 0;
    return true;
  }

  /** Whether the last time has just ended; said once. */
  ends(): boolean {
    const ends = this.#ends;
    this.#ends = false;
    return ends;
  }

  speak(_block: Uint8Array): void {}

  press(_digit: Digit, _samples: number): void {}

  digits(): readonly DigitChange[] {
    return NO_CHANGE;
  }

  /** Blocks of 20 ms where a packet stream counts packets. */
  stats(): StreamStats {
    const received = this.#blocks;
    return { sent: 0, received, lost: 0, late: 0, concealed: 0, jitter: 0, roundTrip: undefined, slips: 0 };
  }
}
