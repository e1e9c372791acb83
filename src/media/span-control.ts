import type { SpanMediaSpec } from '../span/port.ts';
import { addressWords } from './address.ts';
import type { MediaMemory } from './memory.ts';
import { SPAN_TAGS, type SpanRoom } from './span-room.ts';

/** Opens and closes spans between two ticks: their sockets, and the room that stands ready for them. */
export class SpanControl {
  readonly #memory: MediaMemory;

  constructor(memory: MediaMemory) {
    this.#memory = memory;
  }

  /** `done` comes once: with nothing when the span is open, with what is wrong when it can't be; then nothing of it is left. */
  open(number: number, spec: SpanMediaSpec, done: (why: string | undefined) => void): void {
    const room = this.#memory.rooms[number];
    if (room === undefined || room.span !== undefined) return done(`there is no room ${number} for it`);
    const opened = (): void => {
      this.#memory.spans.push(room.enter(spec));
      done(undefined);
    };
    if ((spec.driver === 'tdmoe' || spec.driver === 'dahdi') && !this.#memory.drivesLines)
      return done('its driver needs media.driver native');
    if (spec.driver !== 'udp') return opened();
    if (addressWords(spec.peer.address) === undefined) {
      return done(`far.peer: ${spec.peer.address} is not a literal address`);
    }
    this.#bind(room, spec, 1, (why) => {
      if (why === undefined) return opened();
      this.#release(room);
      done(why);
    });
  }

  /** The span is gone at once; its endpoints must be closed. */
  close(number: number): void {
    const room = this.#memory.rooms[number];
    const span = room?.span;
    if (room === undefined || span === undefined) return;
    const { spans } = this.#memory;
    spans.splice(spans.indexOf(span), 1);
    this.#release(room);
    room.leave();
  }

  /** One B-channel's socket after the other. */
  #bind(
    room: SpanRoom,
    spec: Extract<SpanMediaSpec, { driver: 'udp' }>,
    slot: number,
    done: (why: string | undefined) => void,
  ): void {
    if (slot > spec.slots) return done(undefined);
    const { address } = spec.listen;
    const port = spec.listen.port + slot;
    this.#memory.io.bind(room.firstTag + slot, address, port, (error) => {
      if (error === undefined) this.#bind(room, spec, slot + 1, done);
      else done(`far.listen: UDP ${address}:${port} for B-channel ${slot}: ${error}`);
    });
  }

  #release(room: SpanRoom): void {
    for (let slot = 1; slot < SPAN_TAGS; slot++) this.#memory.io.release(room.firstTag + slot);
  }
}
