/** Subnets in prefix notation (RFC 4632 §3.1, RFC 4291 §2.3) and the addresses in them. */

interface Address {
  readonly bits: bigint;
  readonly width: 32 | 128;
}

/** `10.1.0.0/16`, `2001:db8::/32`, or one address. */
export interface Subnet {
  /** How many leading bits it fixes: of several that hold an address, the longest is the nearest. */
  readonly length: number;
  holds(address: string): boolean;
}

/** Undefined where the text is no subnet. */
export function parseSubnet(text: string): Subnet | undefined {
  const [name = '', count, ...more] = text.split('/');
  const network = parseAddress(name);
  if (network === undefined || more.length > 0 || (count !== undefined && !/^\d{1,3}$/.test(count))) return undefined;
  const { bits, width } = network;
  const length = count === undefined ? width : Number(count);
  if (length > width) return undefined;
  const shift = BigInt(width - length);
  const prefix = bits >> shift;
  return {
    length,
    holds: (other) => {
      const found = parseAddress(other);
      return found !== undefined && found.width === width && found.bits >> shift === prefix;
    },
  };
}

/** An IPv4 address within IPv6 (RFC 4291 §2.5.5.2) counts as IPv4: that is how a dual-stack socket shows it. */
function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseFour(text);
  const mapped = /^::ffff:([\d.]+)$/i.exec(text)?.[1];
  if (mapped !== undefined) return parseFour(mapped);
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const gap = 8 - head.length - tail.length;
  if (halves.length === 1 ? gap !== 0 : gap < 1) return undefined;
  let bits = 0n;
  for (const group of [...head, ...Array<string>(gap).fill('0'), ...tail]) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    bits = (bits << 16n) | BigInt(Number.parseInt(group, 16));
  }
  return { bits, width: 128 };
}

function parseFour(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  return { bits: parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n), width: 32 };
}
