/**
 * STUN as SIP phones keep their UDP flows alive with it, RFC 5626 §4.4.2 and §8: a Binding Request is answered with the address that it
 * came from, so that the phone notices when its NAT has given it another one. Nothing else of RFC 8489 is wanted here.
 */
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../sip/message/flow.ts';

const HEADER = 20;
const COOKIE = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;

/** The answer to a Binding Request from `source`; undefined for what is none. No SIP message begins with a zero octet. */
export function stunAnswer(bytes: Uint8Array, source: Endpoint): Uint8Array | undefined {
  const sound =
    bytes.length >= HEADER &&
    word(bytes, 0) === BINDING_REQUEST &&
    word(bytes, 2) === bytes.length - HEADER &&
    COOKIE.every((octet, i) => bytes[4 + i] === octet);
  const address = sound ? octetsOf(source.address) : undefined;
  if (address === undefined) return undefined;
  // The address is masked with the cookie and the transaction's id, since NATs change addresses that they find in packets (§14.2).
  const mask = bytes.subarray(4, HEADER);
  return Uint8Array.from([
    ...two(BINDING_SUCCESS),
    ...two(8 + address.length),
    ...mask,
    ...two(XOR_MAPPED_ADDRESS),
    ...two(4 + address.length),
    ...two(address.length === 4 ? 1 : 2),
    ...two(source.port ^ word(mask, 0)),
    ...address.map((octet, i) => octet ^ (mask[i] ?? 0)),
  ]);
}

const word = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);

const two = (value: number): readonly [number, number] => [value >> 8, value & 0xff];

/** An address as 4 or 16 octets; undefined where it is none. */
function octetsOf(address: string): readonly number[] | undefined {
  const [plain = ''] = address.split('%');
  const tail = /(?:^|:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  const v4 = tail?.split('.').map(Number);
  if (!isIPv6(plain)) return v4;
  // A dual-stack socket shows IPv4 peers so.
  if (v4 !== undefined && plain.toLowerCase().startsWith('::ffff:')) return v4;
  const [head = '', rest] = plain.split('::');
  const groups = (text: string): number[] =>
    text.split(':').flatMap((group) => (group === '' ? [] : [...two(Number.parseInt(group, 16))]));
  const before = groups(head);
  const behind = groups(rest ?? '');
  return [...before, ...new Array<number>(16 - before.length - behind.length).fill(0), ...behind];
}
