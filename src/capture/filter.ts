/** What a capture of packets lets through, in the words of libpcap (pcap-filter(7)); decided in the kernel, for each packet. */

/** What may be asked for: signalling, sound, spans over Ethernet. */
export type Kind = 'sip' | 'rtp' | 'tdmoe';

/** Where a box hears and speaks. Addresses are those that sockets are bound to; 0.0.0.0 and :: stand for all. */
export interface Reach {
  readonly listeners: readonly {
    readonly transport: 'udp' | 'tcp' | 'tls';
    readonly address: string;
    readonly port: number;
  }[];
  /** Peers to which we open connections; over UDP everything goes through a listener. */
  readonly peers: readonly {
    readonly transport: 'tcp' | 'tls';
    /** An address, or a name: that is in no packet, so of its peer only the port counts. */
    readonly address: string;
    /** Undefined: SRV records say, and most of them say the usual one. */
    readonly port: number | undefined;
  }[];
  readonly media: { readonly address: string; readonly from: number; readonly to: number };
  /** Interfaces of spans over Ethernet. */
  readonly tdmoe: readonly string[];
}

/** RFC 3261 §19.1.2. */
const USUAL = { tcp: 5060, tls: 5061 } as const;

/** Of spans over Ethernet. */
const TDMOE = 'ether proto 0xd00d';

/** What an interface lets through; undefined: nothing that was asked for can be on it. */
export function filterOf(kinds: readonly Kind[], reach: Reach, name: string): string | undefined {
  const clauses = [
    ...(kinds.includes('sip') ? signalling(reach) : []),
    ...(kinds.includes('rtp') ? [sound(reach)] : []),
    ...(kinds.includes('tdmoe') && reach.tdmoe.includes(name) ? [TDMOE] : []),
  ];
  return clauses.length === 0 ? undefined : [...new Set(clauses)].map((clause) => `(${clause})`).join(' or ');
}

function signalling({ listeners, peers }: Reach): readonly string[] {
  return [
    ...listeners.map(({ transport, address, port }) =>
      all(at(address), `${transport === 'udp' ? 'udp' : 'tcp'} port ${port}`),
    ),
    ...listeners.flatMap(({ transport, address }) => (transport === 'udp' ? fragments(address) : [])),
    ...peers.map(({ transport, address, port = USUAL[transport] }) =>
      all(isAddress(address) ? at(address) : '', `tcp port ${port}`),
    ),
  ];
}

const sound = ({ media: { address, from, to } }: Reach): string => all(at(address), `udp portrange ${from}-${to}`);

/** A long request goes in pieces, and only the first of them has ports: over IPv6 none where a filter looks for them. */
function fragments(address: string): readonly string[] {
  const four = all(at(address), 'udp and ip[6:2] & 0x1fff != 0');
  const six = all(at(address), 'ip6 proto 44 and ip6[40] = 17');
  return address === '::' ? [four, six] : [isSix(address) ? six : four];
}

function at(address: string): string {
  if (address === '::') return '';
  return address === '0.0.0.0' ? 'ip' : `host ${plain(address)}`;
}

const all = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' and ');

const isSix = (address: string): boolean => address.includes(':');
const isAddress = (text: string): boolean => isSix(text) || /^\d+\.\d+\.\d+\.\d+$/.test(text);

/** The interfaces that what was asked for can be on, from those of the box with their addresses. */
export function facesOf(
  kinds: readonly Kind[],
  { listeners, media, tdmoe }: Reach,
  own: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const addresses = [
    ...(kinds.includes('sip') ? listeners.map(({ address }) => address) : []),
    ...(kinds.includes('rtp') ? [media.address] : []),
  ];
  const having = (address: string): readonly string[] =>
    [...own].flatMap(([name, its]) => (its.some((one) => fits(address, one)) ? [name] : []));
  return [...new Set([...addresses.flatMap(having), ...(kinds.includes('tdmoe') ? tdmoe : [])])];
}

/** All of 127.0.0.0/8 is on the interface that has 127.0.0.1. */
function fits(wanted: string, own: string): boolean {
  if (wanted === '::' || (wanted === '0.0.0.0' && !isSix(own))) return true;
  return plain(wanted) === plain(own) || (wanted.startsWith('127.') && own.startsWith('127.'));
}

/** An address as everybody writes it, without the interface that an address of the link may name. */
function plain(address: string): string {
  const [bare = address] = address.split('%');
  return isSix(bare) ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare;
}
