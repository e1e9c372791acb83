/** Addresses and ports: no two settings want the same socket, and nothing is open that should not be. */

import { SLOTS, udpOf } from '../line.ts';
import type { Finding, PathPart } from '../problem.ts';
import type { Site } from '../schema.ts';

/** A run of ports on one address that one setting wants. */
interface Claim {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly path: readonly PathPart[];
}

export function socketClashes(site: Site): readonly Finding[] {
  const claims = allClaims(site);
  return claims.flatMap((claim, i) =>
    claims
      .slice(0, i)
      .filter((other) => clash(claim, other))
      .slice(0, 1)
      .map((other) => ({
        path: claim.path,
        what: `${claim.name} (${claim.protocol} ${portsOf(claim)}) overlaps ${other.name} (${portsOf(other)})`,
        mend: 'give one of them other ports',
        needs: [String(other.path[0]), String(claim.path[0])],
      })),
  );
}

function allClaims(site: Site): readonly Claim[] {
  const { address, ports } = site.media;
  return [
    ...site.sip.listen.map((listener, i): Claim => {
      const { address: on, port, transport } = listener;
      const protocol = transport === 'udp' ? 'udp' : 'tcp';
      return {
        protocol,
        address: on,
        from: port,
        to: port,
        name: `the SIP listener`,
        path: ['sip', 'listen', i, 'port'],
      };
    }),
    {
      protocol: 'tcp',
      address: site.http.address,
      from: site.http.port,
      to: site.http.port,
      name: 'the HTTP listener',
      path: ['http', 'port'],
    },
    { protocol: 'udp', address, from: ports.from, to: ports.to, name: 'the range for RTP', path: ['media', 'ports'] },
    ...site.spans.flatMap((span, i): readonly Claim[] => {
      const { id, line } = span;
      const far = udpOf(span);
      if (far === undefined) return [];
      const { address: on, port } = far.listen;
      const name = `the far end of span ${id}`;
      return [
        { protocol: 'udp', address: on, from: port, to: port + SLOTS[line], name, path: ['spans', i, 'far', 'listen'] },
      ];
    }),
  ];
}

function clash(a: Claim, b: Claim): boolean {
  return a.protocol === b.protocol && a.from <= b.to && b.from <= a.to && sameAddress(a.address, b.address);
}

const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::';

const sameAddress = (a: string, b: string): boolean => a === b || isWildcard(a) || isWildcard(b);

const portsOf = ({ from, to }: Claim): string => (from === to ? `port ${from}` : `ports ${from}-${to}`);

/** Far ends: the ports must all exist, and our own must not be the peer's. */
export function farEnds(site: Site): readonly Finding[] {
  return site.spans.flatMap((span, i): readonly Finding[] => {
    const far = udpOf(span);
    if (far === undefined) return [];
    const { line } = span;
    const { listen, peer } = far;
    const path = (key: string): readonly PathPart[] => ['spans', i, 'far', key];
    const findings: Finding[] = [];
    for (const [key, end] of [
      ['listen', listen],
      ['peer', peer],
    ] as const) {
      if (end.port + SLOTS[line] > 65535) {
        const mend = `the D-channel and ${SLOTS[line]} timeslots need ports up to ${end.port + SLOTS[line]}: begin lower`;
        findings.push({ path: path(key), what: 'leaves too few ports above it', mend, needs: [] });
      }
    }
    if (listen.address === peer.address && Math.abs(listen.port - peer.port) <= SLOTS[line]) {
      const mend = `leave more than ${SLOTS[line]} ports between them`;
      findings.push({ path: path('peer'), what: 'overlaps our own ports', mend, needs: [] });
    }
    return findings;
  });
}

export function openDoors(site: Site): readonly Finding[] {
  const { address, token } = site.http;
  if (isLoopback(address) || token !== undefined) return [];
  const mend = 'set http.token, or listen on 127.0.0.1';
  return [{ path: ['http', 'address'], what: 'is reachable from outside, and there is no token', mend, needs: [] }];
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

/** What is put into Via, Contact and SDP must be an address that a peer can send to. */
export function wildcards(site: Site): readonly Finding[] {
  const findings: Finding[] = [];
  const mend = (section: string): string => `set ${section}.external to the address that peers reach us at`;
  site.sip.listen.forEach(({ address }, i) => {
    if (!isWildcard(address) || site.sip.external !== undefined) return;
    const path = ['sip', 'listen', i, 'address'];
    findings.push({ path, what: 'is every address, and peers need one', mend: mend('sip'), needs: [] });
  });
  if (isWildcard(site.media.address) && site.media.external === undefined) {
    const path = ['media', 'address'];
    findings.push({ path, what: 'is every address, and peers need one', mend: mend('media'), needs: [] });
  }
  return findings;
}

export function tlsNeeded(site: Site): readonly Finding[] {
  if (site.sip.tls !== undefined) return [];
  const mend = 'set sip.tls, with certificate and key';
  const what = 'speaks tls, and there is no certificate';
  const places = [
    ...site.sip.listen.map(({ transport }, i) => ({ transport, path: ['sip', 'listen', i, 'transport'] })),
    ...site.sipTrunks.map(({ transport }, i) => ({ transport, path: ['sipTrunks', i, 'transport'] })),
  ];
  return places.flatMap(({ transport, path }) => (transport === 'tls' ? [{ path, what, mend, needs: ['sip'] }] : []));
}

/** A listener of a trunk's own must be there. */
export function trunkListeners(site: Site): readonly Finding[] {
  return site.sipTrunks.flatMap(({ id, transport, listenPort }, i): readonly Finding[] => {
    const listens = site.sip.listen.some(
      (listener) => listener.transport === transport && listener.port === listenPort,
    );
    if (listenPort === undefined || listens) return [];
    const what = `nothing listens for ${transport} on port ${listenPort}, so trunk "${id}" could never call`;
    const mend = 'name the port of a listener in sip.listen';
    return [{ path: ['sipTrunks', i, 'listenPort'], what, mend, needs: ['sip'] }];
  });
}

/** SIP trunks are told apart by the address that calls come from, and none of them may be ourselves. */
export function trunkAddresses(site: Site): readonly Finding[] {
  const owners = new Map<string, number>();
  const findings: Finding[] = [];
  site.sipTrunks.forEach((trunk, i) => {
    const self = site.sip.listen.some(
      ({ address, port }) => address === trunk.address && port === (trunk.port ?? 5060),
    );
    if (self) {
      const path = ['sipTrunks', i, 'address'];
      findings.push({
        path,
        what: 'is our own listener: calls would go round',
        mend: 'give the peer’s address',
        needs: ['sip'],
      });
    }
    [trunk.address, ...trunk.sources].forEach((address, j) => {
      // Peers on one host are told apart by the port that they send from.
      const proof = trunk.listenPort ?? (trunk.transport === 'tls' ? trunk.certificateName : undefined) ?? '';
      const key = `${address} ${j === 0 ? (trunk.port ?? '') : ''} ${trunk.transport} ${proof}`;
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, i);
      if (owner === undefined || owner === i) return;
      const path = ['sipTrunks', i, ...(j === 0 ? ['address'] : ['sources', j - 1])];
      const what = `calls from ${address} already belong to trunk "${site.sipTrunks[owner]?.id}"`;
      findings.push({ path, what, mend: 'make them one trunk, or give them other addresses', needs: [] });
    });
  });
  return findings;
}
