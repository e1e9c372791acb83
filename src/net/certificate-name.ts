import { isIP, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Whether the peer of a connection has proven this name: by a certificate that our authorities vouch for, and that names it (RFC
 * 5922 §7.1: a SIP URI, a DNS name or an address among its alternative names, the common name only where it has none). Wildcards
 * prove nothing (§7.2).
 */
export function provesName(socket: Socket, name: string): boolean {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return false;
  const { subject, subjectaltname } = socket.getPeerCertificate();
  return namesOf(subjectaltname, subject?.CN).has(name.toLowerCase());
}

/** `alternatives` as Node prints them: `DNS:core.example, IP Address:192.0.2.1, URI:sip:core.example`. */
export function namesOf(
  alternatives: string | undefined,
  commonName: string | readonly string[] | undefined,
): ReadonlySet<string> {
  if (alternatives === undefined) {
    return new Set([commonName ?? []].flat().map((name) => name.toLowerCase()));
  }
  const names = new Set<string>();
  for (const entry of alternatives.split(', ')) {
    const [, kind, value = ''] = /^(DNS|IP Address|URI):(.*)$/.exec(entry) ?? [];
    // Node quotes what could be mistaken for more entries than one: no name that we look for needs that.
    if (value.includes('"')) continue;
    if (kind === 'DNS' || (kind === 'IP Address' && isIP(value) !== 0)) names.add(value.toLowerCase());
    const host = kind === 'URI' ? /^sips?:([^@;?:]+)$/i.exec(value)?.[1] : undefined;
    if (host !== undefined) names.add(host.toLowerCase());
  }
  return names;
}
