import { fail, ok, type Result } from '../../kernel/result.ts';
import { CHAR, isBlank, runEnd, skipBlanks } from './chars.ts';
import { isToken, parseNumber } from './grammar.ts';

/** A request's place in its dialog, RFC 3261 §20.16. */
export interface CSeq {
  /** Below 2^31 (§8.1.1.5). */
  readonly number: number;
  readonly method: string;
}

export function parseCSeq(text: string): Result<CSeq> {
  const digits = runEnd(text, 0, text.length, CHAR.digit);
  const number = parseNumber(text.slice(0, digits), 2 ** 31 - 1);
  const method = text.slice(skipBlanks(text, digits));
  if (number === undefined || !isBlank(text.charCodeAt(digits)) || !isToken(method)) return fail('Malformed CSeq');
  return ok({ number, method });
}

export const printCSeq = (cseq: CSeq): string => `${cseq.number} ${cseq.method}`;
