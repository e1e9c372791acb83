import { fail, ok, type Result } from '../../kernel/result.ts';
import { CHAR, cutToken, runEnd, skipBlanks, usualWords } from './chars.ts';
import { parseNumber } from './grammar.ts';

/** A request's place in its dialog, RFC 3261 §20.16. */
export interface CSeq {
  /** Below 2^31 (§8.1.1.5). */
  readonly number: number;
  readonly method: string;
}

/** The methods that most messages have. */
export const USUAL_METHODS = usualWords(['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'PRACK', 'REGISTER', 'UPDATE']);

/** Reads `314159 INVITE` in `text[from, to)`; the number is below 2³¹ (RFC 3261 §8.1.1.5). */
export function parseCSeq(text: string, from = 0, to = text.length): Result<CSeq> {
  const digits = runEnd(text, from, to, CHAR.digit);
  const number = parseNumber(text, 2 ** 31 - 1, from, digits);
  const start = skipBlanks(text, digits);
  const method = start > digits ? cutToken(text, start, to, USUAL_METHODS) : undefined;
  return number !== undefined && method !== undefined ? ok({ number, method }) : fail('Malformed CSeq');
}

export const printCSeq = (cseq: CSeq): string => `${cseq.number} ${cseq.method}`;
