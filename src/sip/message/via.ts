import { fail, ok, type Result } from '../../kernel/result.ts';
import { isWordAt, skipBlanks } from './chars.ts';
import type { Endpoint } from './flow.ts';
import { isToken, type Params, paramOf, parseParams, printParams, withParam } from './grammar.ts';
import { isIpv4, isIpv6, printHostPort, readHostPort } from './uri.ts';

/** One hop of the way back, RFC 3261 §20.42. */
export interface Via {
  /** As heard, in upper case: UDP, TCP, TLS, SCTP, or what nobody knows yet. */
  readonly transport: string;
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: Params;
}

/** Every branch made by RFC 3261 begins so (§8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';

/** How nearly every Via begins. */
const USUAL = ['UDP', 'TCP', 'TLS'].map((transport) => ({ transport, start: `SIP/2.0/${transport} ` }));

/** Parses one Via value. LWS may stand around `/`, between the words and around `:` and `;`. */
export function parseVia(text: string, from = 0, to = text.length): Result<Via> {
  for (const { transport, start } of USUAL) {
    if (!isWordAt(text, from, start)) continue;
    const place = readHostPort(text, skipBlanks(text, from + start.length), to);
    if (place === undefined) break;
    const tail = skipBlanks(text, place.end);
    if (tail < to && text.charCodeAt(tail) !== SEMICOLON) break;
    return withParams(transport, place, text, tail, to);
  }
  return parseSpacedVia(text.slice(from, to));
}

const SEMICOLON = 0x3b;

/** Other transports, the forms with blanks in odd places, and what is no Via at all. */
function parseSpacedVia(text: string): Result<Via> {
  const semicolon = text.indexOf(';');
  const end = semicolon < 0 ? text.length : semicolon;
  const match = /^SIP\s*\/\s*2\.0\s*\/\s*([^\s/]+)\s+(\S.*)$/i.exec(text.slice(0, end).trim());
  const transport = match?.[1];
  const sentBy = match?.[2]?.trim().replace(/[ \t]*:[ \t]*/g, ':');
  if (transport === undefined || sentBy === undefined || !isToken(transport)) return fail('Malformed Via');
  const place = readHostPort(sentBy, 0, sentBy.length);
  if (place?.end !== sentBy.length) return fail('Malformed Via sent-by');
  return withParams(transport.toUpperCase(), place, text, end, text.length);
}

function withParams(
  transport: string,
  { host, port }: { host: string; port: number | undefined },
  text: string,
  from: number,
  to: number,
): Result<Via> {
  const params = parseParams(text, from, to);
  return params === undefined ? fail('Malformed Via parameters') : ok({ transport, host, port, params });
}

export function printVia(via: Via): string {
  return `SIP/2.0/${via.transport} ${printHostPort(via.host, via.port)}${printParams(via.params)}`;
}

export const branchOf = (via: Via): string | undefined => paramOf(via.params, 'branch');

/**
 * The top Via as the server transport marks it: `received` when the source isn't what sent-by says (RFC 3261 §18.2.1) or when
 * `rport` asks for it, and the source port in `rport` (RFC 3581 §4).
 */
export function viaReceived(via: Via, source: Endpoint): Via {
  const asked = paramOf(via.params, 'rport') !== undefined;
  // One that the sender has written itself would send the response to whomever it names.
  const forged = paramOf(via.params, 'received') !== undefined;
  if (!asked && !forged && via.host.toLowerCase() === source.address.toLowerCase()) return via;
  let params = withParam(via.params, 'received', source.address);
  if (asked) params = withParam(params, 'rport', String(source.port));
  return { ...via, params };
}

/** The port that a response over UDP goes to, at the host that the request came from: rport (RFC 3581 §4), else sent-by (RFC 3261 §18.2.2). */
export function responsePort(via: Via): number {
  const rport = Number(paramOf(via.params, 'rport') || Number.NaN);
  return rport >= 1 && rport <= 65535 ? rport : (via.port ?? (via.transport === 'TLS' ? 5061 : 5060));
}

/** True for an address, which needs no look-up. */
export const isAddress = (host: string): boolean => isIpv4(host) || isIpv6(host);
