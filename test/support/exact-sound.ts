/**
 * Sound that is compared octet by octet: each channel has a tone of its own, which after a second repeats exactly. So what is heard
 * shows which channel it came from, and that no octet was lost, doubled or changed.
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import type { MediaPlane } from '../../src/media/plane.ts';
import { encode } from '../../src/rtp/g711.ts';
import { RATE, ToneGenerator } from '../../src/rtp/tones.ts';

const LEVEL = -6;

/** Whole frequencies, no two the same, none of which repeats within a block. */
const frequencyOf = (slot: number): number => 307 + 101 * slot;

/** One second of a slot's sound. */
function second(slot: number): Uint8Array {
  const tone = new ToneGenerator();
  tone.play({ frequencies: [frequencyOf(slot)], level: LEVEL }, 'ulaw');
  const samples = new Int16Array(RATE);
  tone.fill(samples, 0, RATE);
  const octets = new Uint8Array(RATE);
  encode('ulaw', samples, 0, octets, 0, RATE);
  return octets;
}

/** The simulated carrier's end of `span`/`slot` says the sound of `as`. */
export function say(plane: MediaPlane, span: string, slot: number, as: number): void {
  plane.far(span, slot, { type: 'tone', frequency: frequencyOf(as), level: LEVEL });
}

/** Asserts that `heard` is the sound of `slot` from its first block to its last, wherever in its second it begins. */
export function assertExact(heard: Uint8Array, slot: number, what: string): void {
  const cycle = second(slot);
  const twice = Buffer.from([...cycle, ...cycle]);
  const start = twice.indexOf(heard.subarray(0, 160));
  assert.ok(start >= 0, `${what}: the first block is not the sound of channel ${slot}`);
  for (let n = 0; n < heard.length; n++) {
    const expected = cycle[(start + n) % RATE];
    assert.equal(heard[n], expected, `${what}: octet ${n} of ${heard.length} is not what was said`);
  }
}

/** True when the last block of what was heard is the sound of `slot`. */
export function hears(heard: Uint8Array, slot: number): boolean {
  const cycle = second(slot);
  return heard.length >= 160 && Buffer.from([...cycle, ...cycle]).includes(Buffer.from(heard.subarray(-160)));
}

/** Listens to the B-channels of a UDP span: the peer's base port. */
export class Listeners {
  readonly #sockets: Socket[] = [];
  readonly #heard = new Map<number, Buffer[]>();

  static async open(base: number, slots: readonly number[]): Promise<Listeners> {
    const all = new Listeners();
    for (const slot of slots) {
      const socket = createSocket('udp4');
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(base + slot, '127.0.0.1', resolve);
      });
      socket.on('message', (block) => all.#heard.get(slot)?.push(block));
      all.#sockets.push(socket);
    }
    return all;
  }

  /** Forgets what was heard before. */
  listen(slots: readonly number[]): void {
    this.#heard.clear();
    for (const slot of slots) this.#heard.set(slot, []);
  }

  of(slot: number): Uint8Array {
    return Buffer.concat(this.#heard.get(slot) ?? []);
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}
