import { impossible } from '../../kernel/machine.ts';
import { DtmfGenerator } from '../../rtp/dtmf.ts';
import { BLOCK, encode, IDLE, type Law } from '../../rtp/g711.ts';
import { RATE, TONES, ToneGenerator } from '../../rtp/tones.ts';
import type { SpanMedia, TdmChannel } from '../media.ts';
import type { FarAudio } from '../port.ts';

/** The longest echo, in milliseconds. */
const LONGEST_ECHO = 2000;

/** Samples of a digit that the far end plays: 100 ms. */
const FAR_DIGIT = RATE / 10;

/** The simulated carrier's ends of a span's B-channels: their audio is made here, block by block, on the carrier's own clock. */
export class CarrierMedia implements SpanMedia {
  readonly driver = 'carrier';
  readonly #channels: readonly TdmChannel[];
  readonly #ends: readonly FarEnd[];
  readonly #rate: number;
  #phase = 0;
  #blocks = 0;
  readonly #block = new Uint8Array(BLOCK);

  /** @param channels The channel of slot n at n − 1. @param ppm How far the carrier's clock runs ahead of the tick. */
  constructor(channels: readonly TdmChannel[], ppm: number) {
    this.#channels = channels;
    this.#ends = channels.map(() => new FarEnd());
    this.#rate = 1 + ppm / 1e6;
  }

  far(slot: number, audio: FarAudio): void {
    const channel = this.#channels[slot - 1];
    if (channel !== undefined) this.#ends[slot - 1]?.tell(audio, channel.law);
  }

  receive(): void {
    this.#phase += this.#rate;
    this.#blocks = Math.floor(this.#phase);
    this.#phase -= this.#blocks;
    for (let n = 0; n < this.#blocks; n++) this.#each(true);
  }

  transmit(): void {
    for (let n = 0; n < this.#blocks; n++) this.#each(false);
  }

  #each(toUs: boolean): void {
    for (let i = 0; i < this.#channels.length; i++) {
      const channel = this.#channels[i];
      const end = this.#ends[i];
      if (channel === undefined || end === undefined || !channel.isOpen) continue;
      if (toUs) {
        end.speak(this.#block, channel.law);
        channel.rx.push(this.#block);
      } else {
        channel.tx.pull(this.#block);
        end.hear(this.#block);
      }
    }
  }
}

/** One far end. */
class FarEnd {
  #audio: FarAudio = { type: 'idle' };
  readonly #tone = new ToneGenerator();
  #digits = new DtmfGenerator('ulaw');
  readonly #samples = new Int16Array(BLOCK);
  /** What is to be echoed: a delay line that is written a block before it is read. */
  #echo = new Uint8Array(0);
  #at = 0;

  tell(audio: FarAudio, law: Law): void {
    this.#audio = audio;
    this.#tone.stop();
    this.#digits = new DtmfGenerator(law);
    switch (audio.type) {
      case 'idle':
        return;
      case 'digits':
        for (const digit of audio.digits) this.#digits.press(digit, FAR_DIGIT);
        return;
      case 'tone':
        this.#tone.play({ frequencies: [audio.frequency], level: audio.level }, law);
        break;
      case 'ringback':
      case 'busy':
      case 'reorder':
        this.#tone.play(TONES[audio.type], law);
        break;
      case 'echo': {
        const delay = Math.min(LONGEST_ECHO, Math.max(0, audio.delay));
        this.#echo = new Uint8Array(BLOCK + Math.round((delay * RATE) / 1000)).fill(IDLE[law]);
        this.#at = 0;
        return;
      }
      default:
        impossible(audio);
    }
  }

  speak(block: Uint8Array, law: Law): void {
    if (this.#audio.type === 'echo') {
      let at = this.#at;
      for (let i = 0; i < BLOCK; i++) {
        block[i] = this.#echo[at] as number;
        if (++at === this.#echo.length) at = 0;
      }
      return;
    }
    if (this.#digits.fill(this.#samples, 0, BLOCK) || this.#tone.fill(this.#samples, 0, BLOCK)) {
      encode(law, this.#samples, 0, block, 0, BLOCK);
    } else block.fill(IDLE[law]);
  }

  hear(block: Uint8Array): void {
    if (this.#audio.type !== 'echo') return;
    let at = this.#at;
    for (let i = 0; i < BLOCK; i++) {
      this.#echo[at] = block[i] as number;
      if (++at === this.#echo.length) at = 0;
    }
    this.#at = at;
  }
}
