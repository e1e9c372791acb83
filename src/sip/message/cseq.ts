import { fail, ok, type Result } from '../../kernel/result.ts';
import { isToken, parseNumber } from './grammar.ts';

/** A request's place in its dialog, RFC 3261 §20.16. */
export interface CSeq {
  /** Below 2^31 (§8.1.1.5). */
  readonly number: number;
  readonly method: string;
}

export function parseCSeq(text: string): Result<CSeq> {
  const match = /^0*(\d{1,10})\s+(\S+)$/.exec(text.trim());
  const number = match?.[1] === undefined ? undefined : parseNumber(match[1], 2 ** 31 - 1);
  const method = match?.[2];
  if (number === undefined || method === undefined || !isToken(method)) return fail('CSeq malformed');
  return ok({ number, method });
}

export const printCSeq = (cseq: CSeq): string => `${cseq.number} ${cseq.method}`;
