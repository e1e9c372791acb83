/** A two-way table between the field's words and their code points. */
export interface CodeTable<Word extends string> {
  /** The word of a code; undefined for one the table lacks. */
  word(code: number): Word | undefined;
  code(word: Word): number;
}

export function codeTable<Word extends string>(codes: Readonly<Record<Word, number>>): CodeTable<Word> {
  const words = new Map<number, Word>();
  for (const word in codes) words.set(codes[word], word);
  return { word: (code) => words.get(code), code: (word) => codes[word] };
}
