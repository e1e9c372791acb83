/**
 * Sound that is known octet by octet. Each stream has a second of chance octets of its own, which it says again and again: a few
 * octets heard anywhere show whose they are and where in the second they stand, and from there on every octet is compared.
 */

/** Octets of a stream's second. */
export const CYCLE = 8000;

/** Octets that show a place; the first four of them are looked up. */
const CERTAIN = 8;
/** Octets in a row from which on a stream has come back: a lost frame is filled with what was before it, 80 octets at most as they were. */
const BACK = 100;

/** The second of stream `id`, any whole number above 0: of a linear congruential generator (Numerical Recipes §7.1). */
function secondOf(id: number): Uint8Array {
  let state = Math.imul(id, 0x9e37_79b1);
  return Uint8Array.from({ length: CYCLE }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

/** Says a stream's second, block after block. */
export class KnownSource {
  readonly #second: Uint8Array;
  #at = 0;

  constructor(id: number) {
    this.#second = secondOf(id);
  }

  /** The next octets: as many as `out` has room for. */
  fill(out: Uint8Array): void {
    for (let i = 0; i < out.length; i++) {
      out[i] = this.#second[this.#at] as number;
      this.#at = (this.#at + 1) % CYCLE;
    }
  }
}

/** Octets of a gap that is shorter than what a lost packet or a dry line leaves: 8 ms. */
const SHORT = 64;
/** A line gives and takes octets in pieces of a millisecond at least. */
const CHUNK = 8;
/** Faults that are told in words. */
const TOLD = 3;

/**
 * What was heard, against what stream `id` says. Each break is measured where the stream goes on: blocks that were left out, said twice or
 * made up are for the counters of whoever did that to explain; an octet that was altered, or that went on out of step, nobody may explain.
 */
export class KnownSink {
  /** Twice the second, so that no comparison wraps. */
  readonly #twice: Buffer;
  readonly #places = new Map<number, number>();
  /** The octet that must come next; undefined while none is known. */
  #next: number | undefined;
  /** The octet that was to come where the stream broke off, how many have been heard from there on, and on trial at a new place. */
  #broken: number | undefined;
  #gap = 0;
  #trial: number | undefined;
  #run = 0;
  #longest = 0;
  #exact = 0;
  #heard = 0;
  #breaks = 0;
  #faults = 0;
  readonly #told: string[] = [];

  constructor(id: number) {
    const second = secondOf(id);
    this.#twice = Buffer.concat([second, second]);
    for (let at = 0; at < CYCLE; at++) this.#places.set(this.#twice.readUInt32BE(at), at);
  }

  /** The most octets since `begin` that followed one another exactly. */
  get longest(): number {
    return this.#longest;
  }

  /** All octets since `begin` that were the stream's. */
  get exact(): number {
    return this.#exact;
  }

  /** Octets heard since `begin`, and how often they ceased to be the stream's. */
  get heard(): number {
    return this.#heard;
  }

  get breaks(): number {
    return this.#breaks;
  }

  /** Breaks since `begin` that no lost block explains, and the first of them in words. */
  get faults(): number {
    return this.#faults;
  }

  get told(): readonly string[] {
    return this.#told;
  }

  /** Counts anew from here; what broke off before is not judged. */
  begin(): void {
    this.#broken = undefined;
    this.#faults = 0;
    this.#told.splice(0);
    this.#run = 0;
    this.#longest = 0;
    this.#exact = 0;
    this.#heard = 0;
    this.#breaks = 0;
  }

  hear(octets: Uint8Array): void {
    this.#heard += octets.length;
    let from = 0;
    while (from < octets.length) {
      if (this.#next === undefined) {
        from = this.#search(octets, from);
        continue;
      }
      const same = this.#sameFrom(octets, from, this.#next);
      this.#next = (this.#next + same) % CYCLE;
      this.#follow(same);
      from += same;
      if (from < octets.length) this.#break();
    }
  }

  /** So many more octets came as they were said. */
  #follow(same: number): void {
    let count = same;
    if (this.#trial !== undefined) {
      this.#trial += same;
      if (this.#trial < BACK) return;
      count = this.#trial;
      this.#trial = undefined;
      this.#judge((this.#next ?? 0) - count);
    }
    this.#run += count;
    this.#exact += count;
    this.#longest = Math.max(this.#longest, this.#run);
  }

  #break(): void {
    if (this.#trial === undefined) {
      this.#breaks++;
      this.#broken = this.#next;
      this.#gap = 0;
    } else this.#gap += this.#trial;
    this.#trial = undefined;
    this.#run = 0;
    this.#next = undefined;
  }

  /** Octets from `from` on that are those of the stream from `next` on. */
  #sameFrom(octets: Uint8Array, from: number, next: number): number {
    const wanted = octets.length - from;
    const expected = this.#twice.subarray(next, next + wanted);
    if (wanted <= CYCLE && expected.equals(octets.subarray(from))) return wanted;
    let same = 0;
    while (same < wanted && octets[from + same] === this.#twice[next + same]) same++;
    return same;
  }

  /** Looks for a place of the stream; answers where comparing goes on. */
  #search(octets: Uint8Array, from: number): number {
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    for (let at = from; at + CERTAIN <= octets.length; at++, this.#gap++) {
      const place = this.#places.get(view.getUint32(at));
      if (place === undefined || this.#sameFrom(octets.subarray(0, at + CERTAIN), at, place) < CERTAIN) continue;
      this.#next = place;
      this.#trial = 0;
      return at;
    }
    this.#gap += Math.min(CERTAIN - 1, octets.length - from);
    return octets.length;
  }

  /** The stream is back, and went on at `next`. */
  #judge(next: number): void {
    if (this.#broken === undefined) return;
    const gap = this.#gap;
    const jump = (((next - this.#broken - gap) % CYCLE) + CYCLE) % CYCLE;
    const altered = jump === 0 && gap < SHORT;
    if (!altered && jump % CHUNK === 0) return;
    this.#faults++;
    const what = altered ? `${gap} octets were altered` : `after ${gap} octets it went on ${jump} octets out of step`;
    if (this.#told.length < TOLD) this.#told.push(`octet ${this.#broken} of the second: ${what}`);
  }
}
