/** `Digest a=b, c="d"`: the form that challenges and credentials share, RFC 7616 §3.3 and §3.4. */
import { isToken, quote, quotedEnd, unquote } from '../message/grammar.ts';

/** Parameter names in lower case; values without quotes. */
export type AuthParams = ReadonlyMap<string, string>;

const MAX_PARAMS = 32;

/** The parameters of a Digest challenge or of Digest credentials; undefined for another scheme and for what is malformed. */
export function parseDigest(value: string): AuthParams | undefined {
  const scheme = /^\s*digest\s+/i.exec(value);
  if (scheme === null) return undefined;
  const params = new Map<string, string>();
  let at = scheme[0].length;
  while (at < value.length) {
    const equals = value.indexOf('=', at);
    if (equals < 0) return undefined;
    const name = value.slice(at, equals).trim().toLowerCase();
    let from = equals + 1;
    while (value[from] === ' ' || value[from] === '\t') from++;
    const quoted = value[from] === '"';
    const comma = value.indexOf(',', from);
    const end = quoted ? quotedEnd(value, from) : comma < 0 ? value.length : comma;
    if (end < 0 || !isToken(name) || params.has(name) || params.size >= MAX_PARAMS) return undefined;
    params.set(name, unquote(value.slice(from, end).trim()));
    const rest = /^[ \t]*(?:,[ \t]*|$)/.exec(value.slice(end));
    if (rest === null) return undefined;
    at = end + rest[0].length;
  }
  return params;
}

/** Parameters whose values stand without quotes (RFC 7616 §3.3, §3.4): some peers fail on quotes here. */
const BARE = new Set(['algorithm', 'stale', 'nc']);

/** Prints the parameters in their order; `qop` is bare in credentials and quoted in a challenge. */
export function printDigest(
  params: Iterable<readonly [string, string | undefined]>,
  kind: 'challenge' | 'credentials',
): string {
  const parts: string[] = [];
  for (const [name, value] of params) {
    if (value === undefined) continue;
    const bare = BARE.has(name) || (name === 'qop' && kind === 'credentials');
    parts.push(`${name}=${bare ? value : quote(value)}`);
  }
  return `Digest ${parts.join(', ')}`;
}
