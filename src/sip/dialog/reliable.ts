import { tagsOf } from '../message/fields.ts';
import { parseNumber } from '../message/grammar.ts';
import type { SipResponse } from '../message/message.ts';

/** Reliable provisional responses, RFC 3262. */

/** `RAck: rseq cseq method`: which provisional a PRACK acknowledges (§7.2). */
export interface RAck {
  readonly rseq: number;
  readonly cseq: number;
  readonly method: string;
}

/** The value of a RAck header; undefined when it is malformed. */
export function parseRAck(text: string): RAck | undefined {
  const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s*$/.exec(text);
  const rseq = parseNumber(match?.[1] ?? '', 2 ** 32 - 1);
  const cseq = parseNumber(match?.[2] ?? '', 2 ** 31 - 1);
  const method = match?.[3];
  return rseq === undefined || cseq === undefined || method === undefined ? undefined : { rseq, cseq, method };
}

export const printRAck = ({ rseq, cseq, method }: RAck): string => `${rseq} ${cseq} ${method}`;

/** The RSeq of a provisional that wants a PRACK; undefined for one that doesn't (§4: it needs Require and RSeq). */
export function reliableSeq(response: SipResponse): number | undefined {
  if (response.status <= 100 || response.status >= 200) return undefined;
  if (!tagsOf(response.headers, 'Require').includes('100rel')) return undefined;
  return parseNumber(response.headers.get('RSeq') ?? '', 2 ** 32 - 1);
}
