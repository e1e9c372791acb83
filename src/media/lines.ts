import { errnoName, type Native } from '../native/native.ts';
import { DahdiMedia } from '../span/dahdi/media.ts';
import type { TdmChannel } from '../span/media.ts';
import type { SpanEvent } from '../span/port.ts';
import { TdmoeMedia, type TdmoeSpec } from '../span/tdmoe/media.ts';
import { TdmoeWire } from '../span/tdmoe/wire.ts';

/** A tick goes out in so many parts, so that a line that is sent a frame per millisecond gets them in small bursts. */
export const PARTS = 4;

const FRAMES_PER_PART = 20 / PARTS;

/** The lines that the worker itself drives: over Ethernet, with one wire for each interface, whatever spans are on it; and DAHDI's. */
export class Lines {
  readonly #native: Native;
  readonly #say: (span: string, event: SpanEvent) => void;
  readonly #wires = new Map<string, TdmoeWire>();
  readonly #dahdi = new Set<DahdiMedia>();

  constructor(native: Native, say: (span: string, event: SpanEvent) => void) {
    this.#native = native;
    this.#say = say;
  }

  /** True when the tick must be taken in parts. */
  get paced(): boolean {
    return this.#wires.size > 0;
  }

  /** Opens a span's B-channels; trouble with its interface is told as an event, and mended when the interface is. */
  tdmoe(spec: TdmoeSpec, channels: readonly TdmChannel[]): TdmoeMedia {
    const media = new TdmoeMedia(spec, channels, this.#native.monotonic(), (event) => this.#say(spec.id, event));
    let wire = this.#wires.get(spec.interface);
    if (wire === undefined) {
      wire = new TdmoeWire(this.#native, spec.interface, errnoName);
      this.#wires.set(spec.interface, wire);
    }
    wire.add(media);
    return media;
  }

  /** A span whose channels come later, with `attach`. */
  dahdi(span: string, channels: readonly TdmChannel[]): DahdiMedia {
    const media = new DahdiMedia(this.#native, channels, (event) => this.#say(span, event));
    this.#dahdi.add(media);
    return media;
  }

  close(media: TdmoeMedia | DahdiMedia): void {
    if (media.driver === 'dahdi') {
      media.detach();
      this.#dahdi.delete(media);
      return;
    }
    const wire = this.#wires.get(media.spec.interface);
    wire?.remove(media);
    if (wire === undefined || !wire.idle) return;
    wire.close();
    this.#wires.delete(media.spec.interface);
  }

  /** Before the tick's work: what has come in, and the rest of the last block. */
  begin(now: number): void {
    for (const wire of this.#wires.values()) {
      wire.receive(now);
      wire.beginBlock(now);
    }
  }

  /** After the tick's work, its first part goes out. */
  end(now: number): void {
    for (const wire of this.#wires.values()) wire.send(FRAMES_PER_PART, now);
  }

  /** Between two ticks: what has come in, and the next part. */
  between(now: number): void {
    for (const wire of this.#wires.values()) {
      wire.receive(now);
      wire.send(FRAMES_PER_PART, now);
    }
  }

  closeAll(): void {
    for (const wire of this.#wires.values()) wire.close();
    this.#wires.clear();
    for (const media of this.#dahdi) media.detach();
    this.#dahdi.clear();
  }
}
