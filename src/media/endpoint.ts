import type { Digit, ToneName } from '../call/media.ts';
import type { DigitChange } from '../rtp/digit.ts';
import { DtmfGenerator } from '../rtp/dtmf.ts';
import { DtmfDetector } from '../rtp/dtmf-detector.ts';
import { BLOCK, convert, decode, encode, IDLE } from '../rtp/g711.ts';
import { RATE, TONES, ToneGenerator } from '../rtp/tones.ts';
import type { PlayerLine } from './player-line.ts';
import type { RtpLine } from './rtp-line.ts';
import type { TdmLine } from './tdm-line.ts';

/** Blocks of silence after which the detector has forgotten what it heard. */
const DETECTOR_BLOCKS = 3;

type AnyLine = RtpLine | TdmLine | PlayerLine;

/** What an endpoint hears from its far party besides audio. Duration in samples. */
export type OnDigit = (endpoint: Endpoint, digit: string, samples: number) => void;

/**
 * One leg's endpoint. In each tick every endpoint first hears a block from its line, then says one to it: a digit or a tone when one
 * is to be played, otherwise what the joined endpoint has heard, otherwise silence.
 *
 * Digits go across in the way that the far line takes: those heard as telephone-event are sent as events or in band; those heard
 * in band stay in the audio, unless the far line takes events: then the audio is kept back while the digit sounds.
 */
export class Endpoint<Line extends AnyLine = AnyLine> {
  readonly line: Line;
  leg = '';
  joined: Endpoint | undefined;
  readonly #onDigit: OnDigit;
  readonly #heard = new Uint8Array(BLOCK);
  #hears = false;
  readonly #said = new Uint8Array(BLOCK);
  readonly #samples = new Int16Array(BLOCK);
  readonly #tone = new ToneGenerator();
  #digits = new DtmfGenerator('ulaw');
  readonly #detector = new DtmfDetector();

  constructor(line: Line, onDigit: OnDigit) {
    this.line = line;
    this.#onDigit = onDigit;
  }

  /** What was heard in this tick, in the line's law; undefined when there was nothing. */
  get heard(): Uint8Array | undefined {
    return this.#hears ? this.#heard : undefined;
  }

  /** Begins anew for a leg. */
  open(leg: string): void {
    this.leg = leg;
    this.joined = undefined;
    this.#hears = false;
    this.#tone.stop();
    this.#digits = new DtmfGenerator(this.line.law);
    this.#samples.fill(0);
    for (let block = 0; block < DETECTOR_BLOCKS; block++) this.#detector.block(this.#samples, 0);
  }

  play(tone: ToneName): void {
    this.#tone.play(TONES[tone], this.line.law);
  }

  hush(): void {
    this.#tone.stop();
  }

  /** Sends a digit of so many samples to the far party. */
  press(digit: Digit, samples: number): void {
    if (this.line.takesEvents) this.line.press(digit, samples);
    else this.#digits.press(digit, samples);
  }

  /** Takes one block from the line, and the digits in it. */
  hear(): void {
    this.#hears = this.line.hear(this.#heard);
    for (const change of this.line.digits()) {
      if (change.type === 'begin') continue;
      this.joined?.press(change.digit, change.duration);
      this.#onDigit(this, change.digit, change.duration);
    }
    if (!this.line.takesEvents) this.#listen();
  }

  /** Says one block to the line. */
  speak(): void {
    this.line.speak(this.#next());
  }

  /** The block that is said next, in the line's law. */
  #next(): Uint8Array {
    const { law } = this.line;
    const said = this.#said;
    if (this.#digits.fill(this.#samples, 0, BLOCK) || this.#tone.fill(this.#samples, 0, BLOCK)) {
      encode(law, this.#samples, 0, said, 0, BLOCK);
      return said;
    }
    const from = this.joined;
    const heard = from?.heard;
    if (from === undefined || heard === undefined) return said.fill(IDLE[law]);
    if (from.line.law === law) return heard;
    convert(from.line.law, heard, 0, law, said, 0, BLOCK);
    return said;
  }

  /** Listens for digits in the audio. */
  #listen(): void {
    if (this.#hears) decode(this.line.law, this.#heard, 0, this.#samples, 0, BLOCK);
    else this.#samples.fill(0);
    const changes: readonly DigitChange[] = this.#detector.block(this.#samples, 0);
    const asEvents = this.joined?.line.takesEvents === true;
    for (const change of changes) {
      if (change.type === 'begin') continue;
      if (asEvents) this.joined?.press(change.digit, change.duration);
      this.#onDigit(this, change.digit, change.duration);
    }
    if (asEvents && this.#detector.suspect) this.#hears = false;
  }
}

/** Milliseconds → samples. */
export const samplesOf = (milliseconds: number): number => Math.round((milliseconds * RATE) / 1000);
