/** How the media tick keeps pace with the reference span, whose clock the host's own does not share (T1.101, G.823). */

/** Blocks that should wait in a channel's elastic buffer, between none (a block is repeated) and three (one is dropped). */
const TARGET = 1.5;
/** The buffers are looked at over so many ticks: a second, in which a driver that brings its octets in bursts is averaged out. */
const WINDOW = 50;
/** Parts per million for a buffer that is one block too full, and what is added for each second that it stays so. */
const PROPORTIONAL = 100;
const INTEGRAL = 0.5;
/** No clock of a line or of a host is further off: T1 equipment keeps within 32 ppm, a cheap crystal within 100. */
const MOST = 200;

/**
 * The fill of the reference span's elastic buffers says whether the tick is too slow or too quick, and the tick is made shorter or longer by
 * parts per million, so that neither end ever has a block too many or too few. A span without a call, or none at all, leaves the tick as
 * it has learned it (holdover).
 */
export class ClockFollower {
  #sum = 0;
  #looks = 0;
  #ticks = 0;
  #learned = 0;
  #ppm = 0;

  /** By how many parts per million the tick is shorter than the host's clock would have it. */
  get ppm(): number {
    return this.#ppm;
  }

  /** A channel's buffer holds so many blocks when the line has brought its own and before one is taken. */
  look(fill: number): void {
    this.#sum += fill;
    this.#looks++;
  }

  /** The tick is over. */
  tick(): void {
    if (++this.#ticks < WINDOW) return;
    if (this.#looks > 0) {
      const error = this.#sum / this.#looks - TARGET;
      this.#learned = within(this.#learned + INTEGRAL * error);
      this.#ppm = within(this.#learned + PROPORTIONAL * error);
    } else this.#ppm = this.#learned;
    this.#ticks = 0;
    this.#sum = 0;
    this.#looks = 0;
  }

  /** Another span is the reference, or none: what was learned of the last one is not true of it. */
  forget(): void {
    this.#ticks = 0;
    this.#sum = 0;
    this.#looks = 0;
    this.#learned = 0;
    this.#ppm = 0;
  }
}

const within = (ppm: number): number => Math.max(-MOST, Math.min(MOST, ppm));
