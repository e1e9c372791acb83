import { assert } from '../kernel/machine.ts';

/** The characters of telephone numbers; a node has a place for each. */
const SYMBOLS = '0123456789+*#';
const FAN_OUT = 16;

/** The place of a character code in a node; -1: no number holds it. */
const PLACES = Int8Array.from({ length: 128 }, (_, code) => SYMBOLS.indexOf(String.fromCharCode(code)));
const placeOf = (code: number): number => PLACES[code] ?? -1;

const NONE: readonly never[] = [];

/**
 * A trie over leading characters of numbers: a look-up costs one step per digit, however many prefixes there are. The nodes lie in
 * one array, 64 octets each, since a rate table has a hundred thousand of them.
 */
export class PrefixTable<Value> {
  /** For each node the number of the next one by character; 0, the root, stands for none. */
  #next = new Int32Array(64 * FAN_OUT);
  readonly #values: Value[][] = [[]];

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
    this.#values[node]?.push(value);
  }

  /** The values of every prefix of `text`, the shortest prefix first. */
  along(text: string): readonly Value[] {
    const found = [...(this.#values[0] ?? NONE)];
    let node = 0;
    for (let i = 0; i < text.length; i++) {
      const place = placeOf(text.charCodeAt(i));
      node = place < 0 ? 0 : (this.#next[node * FAN_OUT + place] ?? 0);
      if (node === 0) break;
      for (const value of this.#values[node] ?? NONE) found.push(value);
    }
    return found;
  }

  /** A node more, with nothing in it. */
  #grow(): number {
    const node = this.#values.push([]) - 1;
    if ((node + 1) * FAN_OUT > this.#next.length) {
      const larger = new Int32Array(this.#next.length * 2);
      larger.set(this.#next);
      this.#next = larger;
    }
    return node;
  }
}
