/** DTMF digits, as both ways to carry them tell them: telephone events (RFC 4733) and tones in the audio (Q.23). */

/** The digits in the order of their event codes, RFC 4733 §3.2. */
export const DIGITS = '0123456789*#ABCD';

/** What was heard; each digit begins once and ends once. Durations in samples. */
export type DigitChange =
  | { readonly type: 'begin'; readonly digit: string }
  | { readonly type: 'end'; readonly digit: string; readonly duration: number };

/** Nothing changed: what nearly every block and packet tells, and so made once. */
export const NO_CHANGE: readonly DigitChange[] = [];
