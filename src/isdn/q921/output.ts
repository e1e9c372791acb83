import { type Supervisory, supervisoryFrame, unnumberedFrame, writeHead } from './frame.ts';
import type { LinkEffect, LinkSide, MdlErrorCode } from './primitives.ts';

const NO_EFFECTS: LinkEffect[] = [];

/** What one step of a data link says, in order: frames to the peer, primitives to layer 3, errors to the management. */
export class LinkOutput {
  readonly #side: LinkSide;
  #effects = NO_EFFECTS;

  constructor(side: LinkSide) {
    this.#side = side;
  }

  /** The step's effects; the next step begins with none. */
  take(): readonly LinkEffect[] {
    const effects = this.#effects;
    this.#effects = NO_EFFECTS;
    return effects;
  }

  say(effect: LinkEffect): void {
    // Most steps say one thing, and a list that is made with it takes a third of the room of one that grows.
    if (this.#effects === NO_EFFECTS) this.#effects = [effect];
    else this.#effects.push(effect);
  }

  error(code: MdlErrorCode): void {
    this.say({ type: 'mdl-error', code });
  }

  /** An I frame, in which only the head is not written yet. */
  information(ns: number, nr: number, frame: Uint8Array): void {
    this.#frame(writeHead(frame, this.#side, ns, nr));
  }

  supervisory(type: Supervisory, command: boolean, nr: number, pf: boolean): void {
    this.#frame(supervisoryFrame(this.#side, type, command, nr, pf));
  }

  command(type: 'SABME' | 'DISC'): void {
    this.#frame(unnumberedFrame(this.#side, type, true, true));
  }

  response(type: 'UA' | 'DM', final: boolean): void {
    this.#frame(unnumberedFrame(this.#side, type, false, final));
  }

  #frame(frame: Uint8Array): void {
    this.say({ type: 'frame', frame });
  }
}
