import { concat, fromLatin1, toLatin1 } from '../../kernel/bytes.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import { CHAR, cutToken, isBlank, isWordAt, runEndIn } from './chars.ts';
import { USUAL_METHODS } from './cseq.ts';
import { parseNumber } from './grammar.ts';
import { headerName, spellingAt } from './header-names.ts';
import { Headers, type ValueParser } from './headers.ts';
import { LIMITS } from './limits.ts';
import { NO_BODY, type SipMessage, type SipRequest, type SipResponse } from './message.ts';

/** Why a message can't be read. */
export interface ParseProblem {
  /** What to answer with. */
  readonly status: 400 | 505 | 513;
  /** The reason phrase: says what is wrong. */
  readonly reason: string;
  /** What could be read of a request, to answer it; undefined for a response and for what isn't SIP: those are dropped. */
  readonly request: SipRequest | undefined;
}

/**
 * Reads one message: a whole datagram, or what the framer cut out of a stream. Octets behind the Content-Length are not part of
 * it (RFC 3261 §18.3). Only the form is read here; `checkRequest` says whether the headers make sense.
 */
export function parseMessage(bytes: Uint8Array): Result<SipMessage, ParseProblem> {
  const start = skipEmptyLines(bytes);
  if (bytes.length - start > LIMITS.message) return fail(problem(513, 'Message Too Large', undefined));
  const octets = start === 0 ? bytes : bytes.subarray(start);
  const text = toLatin1(octets);
  const firstEnd = lineEnd(text, 0);
  if (firstEnd < 0) return fail(problem(400, 'No start line', undefined));
  const first = parseStartLine(text, firstEnd);
  const headers = new Headers();
  const head = readHeaders(octets, text, firstEnd + 2, headers);
  const wrong = first.wrong ?? head.wrong;
  if (wrong !== undefined)
    return fail(problem(first.status === 505 ? 505 : 400, wrong, requestOf(first, headers, NO_BODY)));
  const body = cutBody(bytes, start + head.end, headers);
  if (!body.ok) return fail(problem(400, body.error, requestOf(first, headers, NO_BODY)));
  return ok(requestOf(first, headers, body.value) ?? responseOf(first, headers, body.value));
}

function requestOf({ method, uri }: StartLine, headers: Headers, body: Uint8Array): SipRequest | undefined {
  return method === undefined ? undefined : { type: 'request', method, uri, headers, body };
}

function responseOf({ status, reason }: StartLine, headers: Headers, body: Uint8Array): SipResponse {
  return { type: 'response', status, reason, headers, body };
}

const problem = (status: ParseProblem['status'], reason: string, request: SipRequest | undefined): ParseProblem => ({
  status,
  reason,
  request,
});

/** Empty lines in front of a message are keep-alives or a sloppy peer's (RFC 3261 §7.5). */
function skipEmptyLines(bytes: Uint8Array): number {
  let at = 0;
  while (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) at += 2;
  return at;
}

/** A start line: with a method it is a request, with a status a response; `wrong` says what is the matter with it. */
interface StartLine {
  readonly method: string | undefined;
  readonly uri: string;
  readonly status: number;
  readonly reason: string;
  readonly wrong: string | undefined;
}

const VERSION = /^SIP\/\d+\.\d+$/i;

const NONE = { method: undefined, uri: '', status: 0, reason: '' } as const;

function parseStartLine(text: string, end: number): StartLine {
  const space = text.indexOf(' ');
  if (space < 0 || space > end) return { ...NONE, wrong: 'Not SIP' };
  if (text.charCodeAt(3) === 0x2f && /^sip\//i.test(text.slice(0, space))) return parseStatusLine(text.slice(0, end));
  const method = cutToken(text, 0, space, USUAL_METHODS);
  const usual = isWordAt(text, end - 8, ' SIP/2.0');
  const last = usual ? end - 8 : text.lastIndexOf(' ', end);
  const version = usual ? 'SIP/2.0' : text.slice(last + 1, end);
  if (method === undefined || !(usual || /SIP\//i.test(text.slice(0, end)))) return { ...NONE, wrong: 'Not SIP' };
  const uri = text.slice(space + 1, Math.max(last, space + 1));
  const sound = usual || VERSION.test(version);
  if (sound && !usual && version.toUpperCase() !== 'SIP/2.0') {
    return { ...NONE, method, uri, status: 505, wrong: 'Version Not Supported' };
  }
  // One space, one word, one space: what is more may hide a second Request-URI from the next hop (RFC 4475 §3.1.2.8–10).
  const alone = last > space + 1 && text.indexOf(' ', space + 1) === last;
  const wrong = !sound || !alone ? 'Malformed request line' : end > LIMITS.line ? 'Request line too long' : undefined;
  return { method, uri, status: 0, reason: '', wrong };
}

function parseStatusLine(line: string): StartLine {
  const match = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i.exec(line);
  if (match === null) return { ...NONE, wrong: 'Malformed status line' };
  return { ...NONE, status: Number(match[1]), reason: match[2] ?? '', wrong: undefined };
}

/**
 * Reads the header lines from `from` into `headers`; `text` is what `octets` say. `end` is where the body begins; `wrong` says what is the matter, after what
 * could be read has been.
 */
function readHeaders(
  octets: Uint8Array,
  text: string,
  from: number,
  headers: Headers,
): { end: number; wrong: string | undefined } {
  let wrong: string | undefined;
  let at = from;
  while (at < text.length) {
    let end = lineEnd(text, at);
    if (end === at) return { end: at + 2, wrong };
    let folded = false;
    while (end >= 0 && isBlank(octets[end + 2] ?? 0)) {
      folded = true;
      end = lineEnd(text, end + 2);
    }
    if (end < 0) return { end: at, wrong: wrong ?? 'Line without CRLF' };
    if (headers.size >= LIMITS.headers) return { end: at, wrong: 'Too many headers' };
    if (end - at > LIMITS.line) wrong ??= 'Header too long';
    else wrong = readHeader(octets, text, at, end, folded, headers) ?? wrong;
    at = end + 2;
  }
  return { end: at, wrong: wrong ?? 'Headers without an end' };
}

/** The index of the CRLF that ends the line; -1 when there is none or a CR or LF stands alone in it. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\r', from);
  return end >= 0 && text.indexOf('\n', from) === end + 1 ? end : -1;
}

const COLON = 0x3a;

/** One header line, `from` to `end` in both: the octets to look at, the text to cut from. */
function readHeader(
  octets: Uint8Array,
  text: string,
  from: number,
  end: number,
  folded: boolean,
  headers: Headers,
): string | undefined {
  let name = spellingAt(octets, from);
  let colon = from + (name?.text.length ?? 0);
  if (name === undefined) {
    const nameEnd = runEndIn(octets, from, end, CHAR.token);
    colon = blanksEnd(octets, nameEnd, end);
    if (nameEnd === from || octets[colon] !== COLON) {
      return text.slice(from, end).includes(':') ? 'Malformed header name' : 'Header without a colon';
    }
    const spelling = text.slice(from, nameEnd);
    name = { text: spelling, of: headerName(spelling) };
  }
  const valueFrom = blanksEnd(octets, colon + 1, end);
  let valueEnd = end;
  while (valueEnd > valueFrom && isBlank(octets[valueEnd - 1] ?? 0)) valueEnd--;
  if (!folded) {
    headers.heard(name, text, valueFrom, valueEnd);
    return undefined;
  }
  // A fold is the same as one space (RFC 3261 §7.3.1).
  const value = text
    .slice(valueFrom, valueEnd)
    .replace(/[ \t]*\r\n[ \t]+/g, ' ')
    .trim();
  headers.heard(name, value, 0, value.length);
  return undefined;
}

/** The first place from `from` on that is no space or tab; `to` at most. */
function blanksEnd(octets: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(octets[at] ?? 0)) at++;
  return at;
}

const CONTENT_LENGTH = headerName('Content-Length');

const readLength: ValueParser<number> = (text, from, to) => {
  const length = parseNumber(text, 999_999_999, from, to);
  return length === undefined ? fail('Malformed Content-Length') : ok(length);
};

/** The body by its Content-Length; without one it reaches to the end of the datagram (§18.3). */
function cutBody(bytes: Uint8Array, from: number, headers: Headers): Result<Uint8Array> {
  const length = headers.readOne(CONTENT_LENGTH, readLength);
  if (length === undefined) return ok(bytes.subarray(from));
  if ((headers.repeated & CONTENT_LENGTH.bit) !== 0) return fail('Multiple Content-Length');
  if (!length.ok) return length;
  if (length.value > bytes.length - from) return fail('Content-Length beyond the message');
  return ok(length.value === 0 ? NO_BODY : bytes.subarray(from, from + length.value));
}

/** The message as it goes out; Content-Length is counted from the body and stands last. */
export function printMessage(message: SipMessage): Uint8Array {
  let text =
    message.type === 'request'
      ? `${message.method} ${message.uri} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.reason}\r\n`;
  for (const [name, value] of message.headers.entries()) {
    if (!isContentLength(name)) text += `${name}: ${value}\r\n`;
  }
  text += `Content-Length: ${message.body.length}\r\n\r\n`;
  return message.body.length === 0 ? fromLatin1(text) : concat(fromLatin1(text), message.body);
}

const isContentLength = (name: string): boolean =>
  name.length === 1 ? name === 'l' || name === 'L' : name.length === 14 && name.toLowerCase() === 'content-length';
