/**
 * Sound that is known octet by octet. Each stream has a second of chance octets of its own, which it says again and again: a few
 * octets heard anywhere show whose they are and where in the second they stand, and from there on every octet is compared.
 */

/** Octets of a stream's second. */
export const CYCLE = 8000;

/** Octets that show a place: by chance alike in two streams once in a million. */
const KEY = 4;

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

/** What was heard, against what stream `id` says. */
export class KnownSink {
  /** Twice the second, so that no comparison wraps. */
  readonly #twice: Buffer;
  readonly #places = new Map<number, number>();
  /** The octet that must come next; undefined while nothing is known. */
  #next: number | undefined;
  #run = 0;
  #longest = 0;
  #exact = 0;
  #heard = 0;
  #breaks = 0;

  constructor(id: number) {
    const second = secondOf(id);
    this.#twice = Buffer.concat([second, second]);
    for (let at = 0; at < CYCLE; at++) this.#places.set(this.#twice.readUInt32BE(at), at);
  }

  /** Octets that followed one another exactly: those that end with the last one heard, and the most since `begin`. */
  get run(): number {
    return this.#run;
  }

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

  /** Counts anew from here. */
  begin(): void {
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
      this.#run += same;
      this.#exact += same;
      this.#longest = Math.max(this.#longest, this.#run);
      from += same;
      this.#next = (this.#next + same) % CYCLE;
      if (from === octets.length) return;
      this.#breaks++;
      this.#run = 0;
      this.#next = undefined;
    }
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
    for (let at = from; at + KEY <= octets.length; at++) {
      this.#next = this.#places.get(view.getUint32(at));
      if (this.#next !== undefined) return at;
    }
    return octets.length;
  }
}
