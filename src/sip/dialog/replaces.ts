import { paramOf, parseParams } from '../message/grammar.ts';

/** The dialog that a new call is to take the place of (Replaces, RFC 3891 §6.1) or join (Join, RFC 3911 §7.1). */
export interface DialogReference {
  readonly callId: string;
  /** Seen from the sender of the header: our tag is `toTag`, the other party's `fromTag`. */
  readonly toTag: string;
  readonly fromTag: string;
  /** Only if that dialog is not answered yet; Replaces alone has it. */
  readonly earlyOnly: boolean;
}

/** The value of a Replaces or Join header; undefined when it is malformed. */
export function parseReplaces(text: string): DialogReference | undefined {
  const semicolon = text.indexOf(';');
  if (semicolon < 1) return undefined;
  const params = parseParams(text.slice(semicolon));
  const callId = text.slice(0, semicolon).trim();
  if (params === undefined || !/^\S+$/.test(callId)) return undefined;
  const toTag = paramOf(params, 'to-tag');
  const fromTag = paramOf(params, 'from-tag');
  if (!toTag || !fromTag) return undefined;
  return { callId, toTag, fromTag, earlyOnly: paramOf(params, 'early-only') !== undefined };
}
