import type { WallTime } from '../kernel/time.ts';
import { join, pcapngFrame, pcapngHead } from './pcapng.ts';

/** A capture of D-channels as it stands. */
export interface RecorderState {
  readonly spans: readonly string[];
  readonly running: boolean;
  /** When it ends by itself. */
  readonly until: WallTime;
  readonly frames: number;
  readonly octets: number;
  /** It has ended because it had come to its size. */
  readonly full: boolean;
}

/** What crosses the D-channels, kept for a while as a file that Wireshark reads; bounded in time and in size. */
export class Recorder {
  readonly #most: number;
  #spans: readonly string[] = [];
  #until = 0 as WallTime;
  #parts: Uint8Array[] = [];
  #octets = 0;
  #frames = 0;
  #running = false;
  #full = false;

  /** @param most Octets that are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Begins anew; what was kept of the last one goes. */
  begin(spans: readonly string[], until: WallTime): void {
    const head = pcapngHead(spans);
    this.#spans = spans;
    this.#until = until;
    this.#parts = [head];
    this.#octets = head.length;
    this.#frames = 0;
    this.#running = true;
    this.#full = false;
  }

  end(): void {
    this.#running = false;
  }

  /** One frame of LAPD, from the address octet on, without FCS. */
  frame(span: string, direction: 'in' | 'out', frame: Uint8Array, wall: WallTime): void {
    if (!this.#running) return;
    if (wall >= this.#until) {
      this.#running = false;
      return;
    }
    const face = this.#spans.indexOf(span);
    if (face < 0) return;
    const part = pcapngFrame(face, wall, direction, frame);
    if (this.#octets + part.length > this.#most) {
      this.#running = false;
      this.#full = true;
      return;
    }
    this.#parts.push(part);
    this.#octets += part.length;
    this.#frames++;
  }

  /** Undefined: none was ever begun. */
  state(wall: WallTime): RecorderState | undefined {
    if (this.#parts.length === 0) return undefined;
    return {
      spans: this.#spans,
      running: this.#running && wall < this.#until,
      until: this.#until,
      frames: this.#frames,
      octets: this.#octets,
      full: this.#full,
    };
  }

  /** The file, also while it grows. */
  file(): Uint8Array | undefined {
    return this.#parts.length === 0 ? undefined : join(this.#parts);
  }
}
