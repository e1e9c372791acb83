import { fromLatin1, toLatin1 } from '../../kernel/bytes.ts';
import { contentTypeOf, parseContentType } from './fields.ts';
import { paramOf } from './grammar.ts';
import { NO_BODY, type SipMessage } from './message.ts';

/** Bodies of several parts, RFC 2046 §5.1 as RFC 5621 has SIP use them. */

/** One part that is no multipart itself. */
export interface BodyPart {
  /** The media type, lower case. */
  readonly type: string;
  readonly octets: Uint8Array;
}

/** More parts, and parts deeper inside parts, are not read. */
const MOST_PARTS = 20;
const DEEPEST = 3;

/** The parts of a message's body, in order; one, where it is no multipart. A part without a type is text (RFC 2046 §5.2). */
export function partsOf(message: SipMessage): readonly BodyPart[] {
  const type = contentTypeOf(message);
  if (message.body.length === 0 || type === undefined) return [];
  if (!type.type.startsWith('multipart/')) return [{ type: type.type, octets: message.body }];
  const parts: BodyPart[] = [];
  collect(toLatin1(message.body), paramOf(type.params, 'boundary'), 1, parts);
  return parts;
}

function collect(text: string, boundary: string | undefined, depth: number, parts: BodyPart[]): void {
  // RFC 2046 §5.1.1: 1 to 70 characters.
  if (boundary === undefined || boundary === '' || boundary.length > 70 || depth > DEEPEST) return;
  const delimiter = `\r\n--${boundary}`;
  const whole = `\r\n${text}`;
  let from = whole.indexOf(delimiter);
  while (from >= 0 && parts.length < MOST_PARTS) {
    const line = whole.indexOf('\r\n', from + delimiter.length);
    const to = line < 0 ? -1 : whole.indexOf(delimiter, line);
    // Two dashes behind the last delimiter; a part that nothing ends is not whole.
    if (whole.startsWith('--', from + delimiter.length) || to < 0) return;
    readPart(whole.slice(line + 2, to), depth, parts);
    from = to;
  }
}

function readPart(part: string, depth: number, parts: BodyPart[]): void {
  const bare = part.startsWith('\r\n');
  const blank = bare ? 0 : part.indexOf('\r\n\r\n');
  const head = bare ? '' : part.slice(0, blank < 0 ? part.length : blank);
  const content = blank < 0 ? '' : part.slice(blank + (bare ? 2 : 4));
  const named = /^(?:Content-Type|c)[ \t]*:[ \t]*(.*(?:\r\n[ \t].*)*)/im.exec(head)?.[1];
  const type = named === undefined ? undefined : parseContentType(named.replace(/\r\n[ \t]+/g, ' ').trim());
  if (type?.type.startsWith('multipart/')) collect(content, paramOf(type.params, 'boundary'), depth + 1, parts);
  else parts.push({ type: type?.type ?? 'text/plain', octets: fromLatin1(content) });
}

/**
 * The session description that a message carries, alone or as the first such part of a multipart body (RFC 5621 §8.2); empty where
 * it carries none. A response that doesn't name its body's type is taken at its word: it can be nothing else.
 */
export function descriptionOf(message: SipMessage): Uint8Array {
  if (message.body.length === 0) return NO_BODY;
  if (message.type === 'response' && !message.headers.has('Content-Type')) return message.body;
  return partsOf(message).find(({ type }) => type === 'application/sdp')?.octets ?? NO_BODY;
}
