/** A two-way table between the field's words and their code points. */
export interface CodeTable<Word extends string> {
  /** The word of a code; undefined for one the table lacks. */
  word(code: number): Word | undefined;
  code(word: Word): number;
}

/** No code point has more than seven bits. */
const MAX_CODES = 128;

export function codeTable<Word extends string>(codes: Readonly<Record<Word, number>>): CodeTable<Word> {
  const words: (Word | undefined)[] = new Array(MAX_CODES).fill(undefined);
  for (const word in codes) words[codes[word]] = word;
  return { word: (code) => words[code], code: (word) => codes[word] };
}
