import { CIVIC_PARTS, type CivicAddress } from '../call/civic.ts';
import type { HeaderPairs } from '../sip/message/message.ts';
import { SDP } from './sip-leg-kit.ts';

/**
 * Where the caller is, in an INVITE beside its description: a PIDF-LO by value (RFC 6442 §4.1, RFC 4119) with a civic address (RFC
 * 5139), in a body of two parts. `id`: a token of this call, which becomes the Content-ID and the boundary.
 */
export function located(
  place: CivicAddress | undefined,
  description: Uint8Array,
  id: string,
  domain: string,
): { readonly headers: HeaderPairs; readonly body: Uint8Array } {
  if (place === undefined) return { headers: [SDP], body: description };
  const boundary = `part-${id}`;
  const part = (headers: HeaderPairs, content: string): string =>
    `--${boundary}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${content}\r\n`;
  const about: HeaderPairs = [
    ['Content-Type', 'application/pidf+xml'],
    ['Content-ID', `<${id}@${domain}>`],
    // Whoever does not know it goes on without it (RFC 5621 §8).
    ['Content-Disposition', 'by-reference;handling=optional'],
  ];
  const encode = new TextEncoder();
  const octets = [
    encode.encode(`${part([SDP], '').slice(0, -2)}`),
    description,
    encode.encode(`\r\n${part(about, pidf(place, id, domain))}--${boundary}--\r\n`),
  ];
  const body = new Uint8Array(octets.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of octets) {
    body.set(one, at);
    at += one.length;
  }
  const headers: HeaderPairs = [
    ['Geolocation', `<cid:${id}@${domain}>`],
    ['Geolocation-Routing', 'yes'],
    ['Content-Type', `multipart/mixed;boundary=${boundary}`],
  ];
  return { headers, body };
}

/** The answers of one who can't read a location or its part: the call is asked for again without it (RFC 3261 §21.4.13, RFC 6442 §4.3). */
export const refusesLocation = (status: number): boolean => status === 415 || status === 424;

/** RFC 4119 §2.2: a location that was entered by hand. */
function pidf(place: CivicAddress, id: string, domain: string): string {
  const parts = CIVIC_PARTS.flatMap((name) => {
    const value = place[name];
    return value === undefined ? [] : [`<ca:${name}>${escaped(value)}</ca:${name}>`];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"',
    ' xmlns:gbp="urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy"',
    ` xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="pres:${id}@${domain}">`,
    `<tuple id="place"><status><gp:geopriv><gp:location-info><ca:civicAddress>${parts.join('')}</ca:civicAddress></gp:location-info>`,
    '<gp:usage-rules><gbp:retransmission-allowed>true</gbp:retransmission-allowed></gp:usage-rules>',
    '<gp:method>Manual</gp:method></gp:geopriv></status></tuple>',
    '</presence>',
  ].join('\r\n');
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? '');
