import type { CallRecord } from '../isdn/q931/primitives.ts';
import type { DialogRecord } from '../leg/sip-leg-words.ts';

/** What a restart after a crash needs to end a leg at its far party; it stands in the live call's row as plain JSON. */
export type LegRecovery =
  | { readonly type: 'sip'; readonly record: DialogRecord }
  | { readonly type: 'q931'; readonly span: string; readonly record: CallRecord };
