import { BLOCK } from '../../rtp/g711.ts';
import type { SpanMedia, TdmChannel } from '../media.ts';

/** How the driver gets at the loop's datagrams: one of 160 octets to the far end's port of a slot. */
export type SendBlock = (slot: number, block: Uint8Array) => void;

/**
 * A span whose B-channels are UDP: one datagram of 160 G.711 octets per 20 ms, channel n on base + n at both sides. Each channel
 * comes at the pace of the peer's clock, so blocks go into its buffer as they arrive; we send at the pace of ours.
 */
export class UdpMedia implements SpanMedia {
  readonly driver = 'udp';
  readonly #channels: readonly TdmChannel[];
  readonly #send: SendBlock;
  readonly #block = new Uint8Array(BLOCK);

  /** @param channels The channel of slot n at n − 1. */
  constructor(channels: readonly TdmChannel[], send: SendBlock) {
    this.#channels = channels;
    this.#send = send;
  }

  /** Takes a datagram that came for `slot`; false when it is not one block. */
  hear(slot: number, bytes: Uint8Array, length: number): boolean {
    if (length !== BLOCK) return false;
    const channel = this.#channels[slot - 1];
    if (channel?.isOpen) channel.rx.push(bytes);
    return true;
  }

  receive(): void {
    // The loop hands the datagrams over one by one as it finds them.
  }

  transmit(): void {
    for (let i = 0; i < this.#channels.length; i++) {
      const channel = this.#channels[i];
      if (!channel?.isOpen) continue;
      channel.tx.pull(this.#block);
      this.#send(i + 1, this.#block);
    }
  }
}
