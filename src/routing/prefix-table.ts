/** A trie over leading characters: a look-up costs one step per digit, however many prefixes there are. */
export class PrefixTable<Value> {
  readonly #root: TrieNode<Value> = { values: [], next: new Map() };

  add(prefix: string, value: Value): void {
    let node = this.#root;
    for (const character of prefix) {
      let next = node.next.get(character);
      if (next === undefined) {
        next = { values: [], next: new Map() };
        node.next.set(character, next);
      }
      node = next;
    }
    node.values.push(value);
  }

  /** The values of every prefix of `text`, the shortest prefix first. */
  along(text: string): readonly Value[] {
    const found = [...this.#root.values];
    let node = this.#root;
    for (const character of text) {
      const next = node.next.get(character);
      if (next === undefined) break;
      found.push(...next.values);
      node = next;
    }
    return found;
  }
}

interface TrieNode<Value> {
  readonly values: Value[];
  readonly next: Map<string, TrieNode<Value>>;
}
