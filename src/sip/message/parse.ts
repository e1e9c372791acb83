import { concat, fromLatin1, toLatin1 } from '../../kernel/bytes.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import { isToken } from './grammar.ts';
import { Headers } from './headers.ts';
import { LIMITS } from './limits.ts';
import { NO_BODY, type SipMessage, type SipRequest } from './message.ts';

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
  const end = headEnd(bytes, start);
  if (bytes.length - start > LIMITS.message) return fail(problem(513, 'Message Too Large', undefined));
  const text = toLatin1(bytes.subarray(start, end < 0 ? bytes.length : end));
  const firstEnd = text.indexOf('\r\n');
  if (firstEnd < 0) return fail(problem(400, 'No start line', undefined));
  const first = parseStartLine(text.slice(0, firstEnd));
  const headers = new Headers();
  const wrong = first.wrong ?? readHeaders(text, firstEnd + 2, headers);
  if (first.wrong !== undefined) readHeaders(text, firstEnd + 2, headers);
  const partial: SipRequest | undefined =
    first.method === undefined
      ? undefined
      : { type: 'request', method: first.method, uri: first.uri, headers, body: NO_BODY };
  if (wrong !== undefined) return fail(problem(first.status === 505 ? 505 : 400, wrong, partial));
  if (end < 0) return fail(problem(400, 'Headers without an end', partial));
  const body = cutBody(bytes, end + 2, headers);
  if (!body.ok) return fail(problem(400, body.error, partial));
  if (partial !== undefined) return ok({ ...partial, body: body.value });
  return ok({ type: 'response', status: first.status, reason: first.reason, headers, body: body.value });
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

/** The index of the CRLF that is the empty line, so that the head before it ends with its last line's CRLF; -1 when absent. */
function headEnd(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0x0d, from); at >= 0; at = bytes.indexOf(0x0d, at + 1)) {
    if (bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a) return at + 2;
  }
  return -1;
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

function parseStartLine(line: string): StartLine {
  const none = { method: undefined, uri: '', status: 0, reason: '' };
  const space = line.indexOf(' ');
  const word = space < 0 ? line : line.slice(0, space);
  if (/^SIP\//i.test(word)) return parseStatusLine(line, none);
  const last = line.lastIndexOf(' ');
  const version = line.slice(last + 1);
  if (!isToken(word) || !/SIP\//i.test(line)) return { ...none, wrong: 'Not SIP' };
  const uri = line.slice(space + 1, Math.max(last, space + 1));
  const request = { ...none, method: word, uri };
  if (VERSION.test(version) && version.toUpperCase() !== 'SIP/2.0') {
    return { ...request, status: 505, wrong: 'Version Not Supported' };
  }
  // One space, one word, one space: what is more may hide a second Request-URI from the next hop (RFC 4475 §3.1.2.8–10).
  if (!VERSION.test(version) || uri === '' || /\s/.test(uri)) return { ...request, wrong: 'Malformed request line' };
  if (line.length > LIMITS.line) return { ...request, wrong: 'Request line too long' };
  return { ...request, wrong: undefined };
}

function parseStatusLine(line: string, none: Omit<StartLine, 'wrong'>): StartLine {
  const match = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i.exec(line);
  if (match === null) return { ...none, wrong: 'Malformed status line' };
  return { ...none, status: Number(match[1]), reason: match[2] ?? '', wrong: undefined };
}

/** Reads the lines from `from` to the end of `text` into `headers`; answers what is wrong, after it has read what it could. */
function readHeaders(text: string, from: number, headers: Headers): string | undefined {
  let wrong: string | undefined;
  let at = from;
  while (at < text.length) {
    let end = lineEnd(text, at);
    let folded = false;
    while (end >= 0 && isBlank(text.charCodeAt(end + 2))) {
      folded = true;
      end = lineEnd(text, end + 2);
    }
    if (end < 0) return wrong ?? 'Line without CRLF';
    if (headers.size >= LIMITS.headers) return 'Too many headers';
    if (end - at > LIMITS.line) wrong ??= 'Header too long';
    else wrong = readHeader(text, at, end, folded, headers) ?? wrong;
    at = end + 2;
  }
  return wrong;
}

/** The index of the CRLF that ends the line; -1 when there is none or a CR or LF stands alone in it. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\r', from);
  return end >= 0 && text.indexOf('\n', from) === end + 1 ? end : -1;
}

const isBlank = (c: number): boolean => c === 0x20 || c === 0x09;

function readHeader(text: string, from: number, end: number, folded: boolean, headers: Headers): string | undefined {
  const colon = text.indexOf(':', from);
  if (colon < 0 || colon >= end) return 'Header without a colon';
  let nameEnd = colon;
  while (nameEnd > from && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--;
  const name = text.slice(from, nameEnd);
  if (!isToken(name)) return 'Malformed header name';
  let valueFrom = colon + 1;
  let valueEnd = end;
  while (valueFrom < end && isBlank(text.charCodeAt(valueFrom))) valueFrom++;
  while (valueEnd > valueFrom && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
  const value = text.slice(valueFrom, valueEnd);
  // A fold is the same as one space (RFC 3261 §7.3.1).
  headers.heard(name, folded ? value.replace(/[ \t]*\r\n[ \t]+/g, ' ').trim() : value);
  return undefined;
}

/** The body by its Content-Length; without one it reaches to the end of the datagram (§18.3). */
function cutBody(bytes: Uint8Array, from: number, headers: Headers): Result<Uint8Array> {
  const text = headers.get('Content-Length');
  if (text === undefined) return ok(bytes.subarray(from));
  if (headers.count('Content-Length') > 1) return fail('Multiple Content-Length');
  if (!/^\d{1,9}$/.test(text)) return fail('Malformed Content-Length');
  const length = Number(text);
  if (length > bytes.length - from) return fail('Content-Length beyond the message');
  return ok(length === 0 ? NO_BODY : bytes.subarray(from, from + length));
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
