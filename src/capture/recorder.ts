import type { Instant } from '../kernel/time.ts';
import { packetBlockSize } from './pcapng.ts';

/** Why it is over: it was asked to end, its time was up, it had come to its size. */
export type CaptureEnd = 'asked' | 'time' | 'full';

/** A frame of LAPD, from the address octet on, without FCS. */
export interface DFrame {
  /** Microseconds since 1970. */
  readonly time: number;
  /** Which of the recorder's spans. */
  readonly span: number;
  readonly direction: 'in' | 'out';
  readonly octets: Uint8Array;
}

/** What is recorded, and for how long. `zero`: the wall time, in milliseconds with their fraction, at which the monotonic clock was 0. */
export interface Recording {
  readonly spans: readonly string[];
  readonly until: Instant;
  readonly zero: number;
}

/** A capture of D-channels as it stands. */
export interface RecorderState extends Recording {
  readonly frames: readonly DFrame[];
  /** In a file. */
  readonly octets: number;
  /** Undefined while it runs. */
  readonly ended: CaptureEnd | undefined;
}

/**
 * What crosses the D-channels, kept for a while; bounded in time and in size. Frames come with the monotonic time, which has the fractions
 * that put them in order with packets.
 */
export class Recorder {
  readonly #most: number;
  #recording: Recording | undefined;
  #frames: DFrame[] = [];
  #octets = 0;
  #ended: CaptureEnd | undefined;

  /** @param most Octets that are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Begins anew; what was kept of the last one goes. */
  begin(recording: Recording): void {
    this.#recording = recording;
    this.#frames = [];
    this.#octets = 0;
    this.#ended = undefined;
  }

  end(): void {
    this.#ended ??= 'asked';
  }

  frame(span: string, direction: 'in' | 'out', octets: Uint8Array, now: Instant): void {
    const recording = this.#recording;
    if (recording === undefined || this.#over(now) !== undefined) return;
    const number = recording.spans.indexOf(span);
    if (number < 0) return;
    const size = packetBlockSize(octets.length, true);
    if (this.#octets + size > this.#most) {
      this.#ended = 'full';
      return;
    }
    const time = Math.round(1000 * (recording.zero + now));
    this.#frames.push({ time, span: number, direction, octets: octets.slice() });
    this.#octets += size;
  }

  /** Undefined: none was ever begun. */
  state(now: Instant): RecorderState | undefined {
    if (this.#recording === undefined) return undefined;
    return { ...this.#recording, frames: this.#frames, octets: this.#octets, ended: this.#over(now) };
  }

  #over(now: Instant): CaptureEnd | undefined {
    if (this.#recording !== undefined && now >= this.#recording.until) this.#ended ??= 'time';
    return this.#ended;
  }
}
