import type { Digit, ToneName } from '../call/media.ts';
import { BLOCK, convert, encode, IDLE } from '../rtp/g711.ts';
import { RATE, TONES, ToneGenerator } from '../rtp/tones.ts';
import type { RtpLine } from './rtp-line.ts';
import type { TdmLine } from './tdm-line.ts';

/**
 * One leg's endpoint. In each tick every endpoint first hears a block from its line, then says one to it: a digit or a tone when one
 * is to be played, otherwise what the joined endpoint has heard, otherwise silence.
 */
export class Endpoint<Line extends RtpLine | TdmLine = RtpLine | TdmLine> {
  readonly line: Line;
  leg = '';
  joined: Endpoint | undefined;
  readonly #heard = new Uint8Array(BLOCK);
  #hears = false;
  readonly #said = new Uint8Array(BLOCK);
  readonly #samples = new Int16Array(BLOCK);
  readonly #tone = new ToneGenerator();

  constructor(line: Line) {
    this.line = line;
  }

  /** Begins anew for a leg. */
  open(leg: string): void {
    this.leg = leg;
    this.joined = undefined;
    this.#hears = false;
    this.#tone.stop();
  }

  play(tone: ToneName): void {
    this.#tone.play(TONES[tone], this.line.law);
  }

  hush(): void {
    this.#tone.stop();
  }

  /** Sends a digit of so many milliseconds to the far party. */
  press(digit: Digit, duration: number): void {
    this.line.press(digit, Math.round((duration * RATE) / 1000));
  }

  hear(): void {
    this.#hears = this.line.hear(this.#heard);
  }

  /** What was heard in this tick, in the line's law; undefined when there was nothing. */
  get heard(): Uint8Array | undefined {
    return this.#hears ? this.#heard : undefined;
  }

  speak(): void {
    const { law } = this.line;
    const said = this.#said;
    const from = this.joined;
    const heard = from?.heard;
    if (this.#tone.fill(this.#samples, 0, BLOCK)) encode(law, this.#samples, 0, said, 0, BLOCK);
    else if (from !== undefined && heard !== undefined) convert(from.line.law, heard, 0, law, said, 0, BLOCK);
    else said.fill(IDLE[law]);
    this.line.speak(said);
  }
}
