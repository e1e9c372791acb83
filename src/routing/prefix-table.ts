import { assert } from '../kernel/machine.ts';

/** The characters of telephone numbers; a node has a place for each. */
const SYMBOLS = '0123456789+*#';
const FAN_OUT = 16;
/** The last place of a node: which list of values is its own, counted from 1. */
const OWN = FAN_OUT - 1;

/** The place of a character code in a node; -1: no number holds it. */
const PLACES = Int8Array.from({ length: 128 }, (_, code) => SYMBOLS.indexOf(String.fromCharCode(code)));
const placeOf = (code: number): number => PLACES[code] ?? -1;

/**
 * A trie over leading characters of numbers: a look-up costs one step per digit, however many prefixes there are. The nodes lie in
 * one array, 64 octets each, since a rate table has a hundred thousand of them.
 */
export class PrefixTable<Value> {
  /** For each node the number of the next one by character; 0, the root, stands for none. */
  #next = new Int32Array(64 * FAN_OUT);
  #nodes = 1;
  /** Most nodes only lead on, and have none. */
  readonly #values: Value[][] = [];

  /** `prefix`: digits, +, * and #. */
  add(prefix: string, value: Value): void {
    let node = 0;
    for (let i = 0; i < prefix.length; i++) {
      const place = placeOf(prefix.charCodeAt(i));
      assert(place >= 0, `a prefix is made of ${SYMBOLS}`);
      const slot = node * FAN_OUT + place;
      node = this.#next[slot] ?? 0;
      if (node === 0) {
        node = this.#grow();
        this.#next[slot] = node;
      }
    }
    const own = node * FAN_OUT + OWN;
    const list = this.#next[own] ?? 0;
    // Written as a literal, a list of one takes no more room than that.
    if (list === 0) this.#next[own] = this.#values.push([value]);
    else this.#values[list - 1]?.push(value);
  }

  /** Every value of every prefix of `text`, the shortest prefix first. */
  along(text: string, found: (value: Value) => void): void {
    const next = this.#next;
    let node = 0;
    for (let i = 0; ; i++) {
      const own = next[node + OWN] ?? 0;
      if (own > 0) for (const value of this.#values[own - 1] ?? []) found(value);
      if (i === text.length) return;
      const place = placeOf(text.charCodeAt(i));
      node = place < 0 ? 0 : (next[node + place] ?? 0) * FAN_OUT;
      if (node === 0) return;
    }
  }

  /** A node more, with nothing in it. */
  #grow(): number {
    const node = this.#nodes++;
    if (this.#nodes * FAN_OUT > this.#next.length) {
      const larger = new Int32Array(this.#next.length * 2);
      larger.set(this.#next);
      this.#next = larger;
    }
    return node;
  }
}
