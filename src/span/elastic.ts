import { BLOCK } from '../rtp/g711.ts';

/** Blocks that there is room for: what comes at once after both ends of a busy machine were held up, the loop's ten ticks included. */
const DEPTH = 16;

/** Blocks that may go on waiting: three, so that a clock may run 60 ms ahead before a block is dropped. */
const HIGH = 3;

/** Reads after which it is known how many blocks wait for good: a second. What a delay has dammed up is read by then. */
const WINDOW = 50;

/** After so many empty reads in a row the writer is not slow but gone: idle is read, and no slips are counted. */
const GONE = 3;

/**
 * The elastic buffer between two clocks of nominally the same rate: one writes blocks, the other reads them. When the
 * writer is faster blocks are dropped, when it is slower the last one is repeated (controlled slips in the sense of
 * G.822); both are counted. Blocks that come in a heap because somebody was late are no sign of a faster clock, and are kept:
 * only what has waited through a whole second is surplus. Never allocates after construction.
 */
export class Elastic {
  readonly #ring = new Uint8Array(DEPTH * BLOCK);
  #idle = 0xff;
  #head = 0;
  #fill = 0;
  #empty = GONE;
  #slips = 0;
  /** The fewest blocks that a read of this window has found, and how many reads it has had. */
  #least = DEPTH;
  #reads = 0;

  /** Blocks that must wait before the first is read: 1 for a writer in step, 2 for one whose phase wanders. */
  prime: number;

  constructor(prime: number) {
    this.prime = prime;
  }

  /** Empties the buffer and forgets the count; `idle` is the octet that is read until blocks come. */
  reset(idle: number): void {
    this.#idle = idle;
    this.#fill = 0;
    this.#empty = GONE;
    this.#slips = 0;
    this.#begin();
    this.#ring.fill(idle);
  }

  get slips(): number {
    return this.#slips;
  }

  get fill(): number {
    return this.#fill;
  }

  /** Takes one block, the 160 octets of `from` at `offset`. */
  push(from: Uint8Array, offset = 0): void {
    if (this.#fill === DEPTH) this.#drop(1);
    const at = ((this.#head + this.#fill) % DEPTH) * BLOCK;
    const ring = this.#ring;
    for (let i = 0; i < BLOCK; i++) ring[at + i] = from[offset + i] as number;
    this.#fill++;
  }

  /** Gives one block into `into`. False when the writer is gone and the block is idle. */
  pull(into: Uint8Array): boolean {
    const waiting = this.#empty >= GONE;
    if (this.#fill === 0 || (waiting && this.#fill < this.prime)) {
      this.#begin();
      if (waiting) {
        into.fill(this.#idle, 0, BLOCK);
        return false;
      }
      this.#empty++;
      this.#slips++;
      this.#read((this.#head + DEPTH - 1) % DEPTH, into);
      return true;
    }
    this.#dropSurplus();
    this.#read(this.#head, into);
    this.#head = (this.#head + 1) % DEPTH;
    this.#fill--;
    this.#empty = 0;
    return true;
  }

  #begin(): void {
    this.#least = DEPTH;
    this.#reads = 0;
  }

  /** Looks at what waits for this read, and once in a window drops what was never needed in it: in one piece, which is heard once. */
  #dropSurplus(): void {
    if (this.#fill < this.#least) this.#least = this.#fill;
    if (++this.#reads < WINDOW) return;
    if (this.#least > HIGH) this.#drop(this.#least - HIGH);
    this.#begin();
  }

  #drop(blocks: number): void {
    this.#head = (this.#head + blocks) % DEPTH;
    this.#fill -= blocks;
    this.#slips += blocks;
  }

  #read(block: number, into: Uint8Array): void {
    const ring = this.#ring;
    const at = block * BLOCK;
    for (let i = 0; i < BLOCK; i++) into[i] = ring[at + i] as number;
  }
}
