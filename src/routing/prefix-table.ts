import { assert } from '../kernel/machine.ts';

/** The characters of telephone numbers; a node has a place for each. */
const SYMBOLS = '0123456789+*#';
const FAN_OUT = 16;
/** The last place of a node: which list of values is its own, counted from 1. */
const OWN = FAN_OUT - 1;

/** The place of a character code in a node; -1: no number holds it. */
const PLACES = Int8Array.from({ length: 128 }, (_, code) => SYMBOLS.indexOf(String.fromCharCode(code)));
const placeOf = (code: number): number => PLACES[code] ?? -1;

/** What is left of a prefix where no other one shares its way. */
interface Leaf<Value> {
  tail: string;
  readonly values: Value[];
}

/**
 * A trie over leading characters of numbers: a look-up costs one step per digit, however many prefixes there are. The nodes lie in
 * one array, 64 octets each, since a rate table has a hundred thousand prefixes; where only one goes on, its rest is a leaf, so that
 * the nodes of such a table fit into a processor's cache.
 */
export class PrefixTable<Value> {
  /** For each node by character the number of the next one, or of a leaf, below 0 and counted from −1; 0: none. */
  #next = new Int32Array(64 * FAN_OUT);
  #nodes = 1;
  readonly #leaves: Leaf<Value>[] = [];
  /** Values of prefixes that end at a node. */
  readonly #values: Value[][] = [];

  /** `prefix`: digits, +, * and #. */
  add(prefix: string, value: Value): void {
    for (let i = 0; i < prefix.length; i++) {
      assert(placeOf(prefix.charCodeAt(i)) >= 0, `a prefix is made of ${SYMBOLS}`);
    }
    let node = 0;
    for (let i = 0; i < prefix.length; i++) {
      const slot = node * FAN_OUT + placeOf(prefix.charCodeAt(i));
      const to = this.#next[slot] ?? 0;
      const tail = prefix.slice(i + 1);
      const leaf = this.#leaves[-to - 1];
      if (to === 0) {
        this.#next[slot] = -this.#leaves.push({ tail, values: [value] });
        return;
      }
      if (leaf?.tail === tail) {
        leaf.values.push(value);
        return;
      }
      node = leaf === undefined ? to : this.#split(slot, leaf);
    }
    this.#own(node, [value]);
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
      const to = place < 0 ? 0 : (next[node + place] ?? 0);
      if (to === 0) return;
      if (to < 0) {
        const leaf = this.#leaves[-to - 1];
        if (leaf !== undefined && text.startsWith(leaf.tail, i + 1)) for (const value of leaf.values) found(value);
        return;
      }
      node = to * FAN_OUT;
    }
  }

  /** A node in the place of a leaf, which goes one character further. */
  #split(slot: number, leaf: Leaf<Value>): number {
    const at = this.#next[slot] ?? 0;
    const node = this.#grow();
    this.#next[slot] = node;
    if (leaf.tail === '') this.#own(node, leaf.values);
    else {
      this.#next[node * FAN_OUT + placeOf(leaf.tail.charCodeAt(0))] = at;
      leaf.tail = leaf.tail.slice(1);
    }
    return node;
  }

  /** Prefixes end at this node. */
  #own(node: number, values: Value[]): void {
    const slot = node * FAN_OUT + OWN;
    const list = this.#next[slot] ?? 0;
    if (list === 0) this.#next[slot] = this.#values.push(values);
    else this.#values[list - 1]?.push(...values);
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
