import type { LineAlarm } from '../port.ts';

/** A span that hears no frame for so long is in RED, in milliseconds; the drivers of the other side use the same second. */
const RED_AFTER = 1000;

/** Frames in a row that must agree before the far end's yellow is believed, either way: a tenth of a second. */
const YELLOW_FRAMES = 100;

/**
 * What a TDMoE span makes of its frames: no frame for a second is RED (said as LOS, since nothing is received), which the first one
 * clears; while in RED we say yellow, and the far end's yellow is RAI.
 */
export class TdmoeAlarms {
  readonly #say: (alarm: LineAlarm, raised: boolean) => void;
  #heard: number;
  #hears = false;
  #red = false;
  #yellow = false;
  /** Frames in a row that said the opposite of what stands. */
  #doubts = 0;

  /** @param now Milliseconds on the clock of `frame` and `look`. */
  constructor(now: number, say: (alarm: LineAlarm, raised: boolean) => void) {
    this.#heard = now;
    this.#say = say;
  }

  /** What we tell the far end: true from the start until a frame is heard, and in RED. */
  get yellow(): boolean {
    return !this.#hears;
  }

  /** A frame of the far end; answers true when it is the first after a silence. */
  frame(yellow: boolean, now: number): boolean {
    const first = !this.#hears;
    this.#heard = now;
    this.#hears = true;
    if (this.#red) {
      this.#red = false;
      this.#say('LOS', false);
    }
    this.#doubts = yellow === this.#yellow ? 0 : this.#doubts + 1;
    if (this.#doubts >= YELLOW_FRAMES) this.#setYellow(yellow);
    return first;
  }

  /** Time passes. */
  look(now: number): void {
    if (this.#red || now - this.#heard <= RED_AFTER) return;
    this.#red = true;
    this.#hears = false;
    // Nobody says yellow any more; what is wrong now is our own receiver.
    if (this.#yellow) this.#setYellow(false);
    this.#say('LOS', true);
  }

  #setYellow(yellow: boolean): void {
    this.#yellow = yellow;
    this.#doubts = 0;
    this.#say('RAI', yellow);
  }
}
