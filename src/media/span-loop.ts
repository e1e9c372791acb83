import { BLOCK } from '../rtp/g711.ts';
import type { SpanMedia, TdmChannel } from '../span/media.ts';
import type { Loopback } from '../span/port.ts';

/**
 * The loopback of a line that has no framer of its own to make it: `local`, what we send comes back to us and the line is left alone;
 * `line` and `payload`, what the line brings goes back on it, save on channels that are in use. Nothing here allocates in a tick.
 */
export class SpanLoop {
  readonly #channels: readonly TdmChannel[];
  readonly #block = new Uint8Array(BLOCK);
  #loopback: Loopback | undefined;
  /** Channels that nobody had opened. */
  #looped: readonly TdmChannel[] = [];

  constructor(channels: readonly TdmChannel[]) {
    this.#channels = channels;
  }

  /** What the line brings is not heard. */
  get deaf(): boolean {
    return this.#loopback === 'local';
  }

  turn(loopback: Loopback | undefined): void {
    for (const channel of this.#looped) channel.close();
    this.#looped = [];
    this.#loopback = loopback;
    if (loopback === undefined || loopback === 'local') return;
    this.#looped = this.#channels.filter(({ isOpen }) => !isOpen);
    for (const channel of this.#looped) channel.open('ulaw');
  }

  /** Begin of the tick. */
  receive(media: SpanMedia): void {
    if (this.#loopback === 'local') return;
    media.receive();
    for (let i = 0; i < this.#looped.length; i++) {
      const channel = this.#looped[i] as TdmChannel;
      channel.rx.pull(this.#block);
      channel.tx.push(this.#block);
    }
  }

  /** End of the tick. */
  transmit(media: SpanMedia): void {
    if (this.#loopback !== 'local') return media.transmit();
    for (let i = 0; i < this.#channels.length; i++) {
      const channel = this.#channels[i] as TdmChannel;
      if (!channel.isOpen) continue;
      channel.tx.pull(this.#block);
      channel.rx.push(this.#block);
    }
  }
}
