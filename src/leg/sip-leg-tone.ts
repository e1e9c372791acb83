import { toLatin1 } from '../kernel/bytes.ts';
import { contentTypeOf } from '../sip/message/fields.ts';
import type { SipRequest } from '../sip/message/message.ts';

/** A digit and how long it lasts, milliseconds. */
export interface Tone {
  readonly digit: string;
  readonly duration: number;
}

/** What a digit lasts when the INFO doesn't say, and what it may last: shorter ones aren't recognised (Q.24). */
const USUAL = 160;
const SHORTEST = 40;
const LONGEST = 8000;

/**
 * The digit in an INFO, as phones and gateways send it: `application/dtmf-relay` with `Signal=` and `Duration=` lines, or
 * `application/dtmf` with the digit alone. 10 and 11 stand for * and #. Undefined for anything else.
 */
export function toneIn(request: SipRequest): Tone | undefined {
  const type = contentTypeOf(request)?.type;
  const text = toLatin1(request.body.subarray(0, 200));
  const relay = type === 'application/dtmf-relay';
  if (!relay && type !== 'application/dtmf') return undefined;
  const signal = relay ? /^\s*Signal\s*=\s*(\S+)/im.exec(text)?.[1] : text.trim();
  const digit = signal?.toUpperCase().replace(/^10$/, '*').replace(/^11$/, '#') ?? '';
  if (!/^[0-9*#A-D]$/.test(digit)) return undefined;
  const duration = Number(/^\s*Duration\s*=\s*(\d{1,5})/im.exec(text)?.[1] ?? USUAL);
  return { digit, duration: Math.min(Math.max(duration, SHORTEST), LONGEST) };
}
