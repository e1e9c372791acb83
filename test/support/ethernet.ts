/** Ethernet interfaces of this machine: two with a cable between them, or one for a guest. Needs CAP_NET_ADMIN. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface Cable {
  readonly a: string;
  readonly b: string;
  /** The Ethernet addresses of both ends. */
  readonly addressA: string;
  readonly addressB: string;
  /** Pulls the cable, or plugs it in again. */
  plug(up: boolean): void;
  /** Takes both interfaces away. */
  remove(): void;
}

const ip = (...words: readonly string[]): void => void execFileSync('ip', words, { stdio: 'pipe' });

let cables = 0;

/** Makes a pair; answers why not where it can't. */
export function makeCable(): Cable | string {
  // An interface's name has 15 letters at most.
  const name = `bl${process.pid % 100_000}c${cables++}`;
  const [a, b] = [`${name}a`, `${name}b`];
  const [addressA, addressB] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'];
  try {
    ip('link', 'add', a, 'address', addressA, 'type', 'veth', 'peer', 'name', b, 'address', addressB);
  } catch {
    return 'no network interfaces can be made here (CAP_NET_ADMIN, ip, veth)';
  }
  const plug = (up: boolean): void => {
    for (const end of [a, b]) ip('link', 'set', end, up ? 'up' : 'down');
  };
  plug(true);
  return { a, b, addressA, addressB, plug, remove: () => ip('link', 'delete', a) };
}

export interface Tap {
  readonly name: string;
  /** Our Ethernet address on it. */
  readonly address: string;
  /** Pulls the cable, or plugs it in again. */
  plug(up: boolean): void;
  remove(): void;
}

/** Makes a tap device for a guest's Ethernet card; answers why not where it can't. */
export function makeTap(): Tap | string {
  if (!existsSync('/dev/net/tun')) return '/dev/net/tun is missing';
  const name = `bl${process.pid % 100_000}t${cables++}`;
  const address = '02:00:00:00:00:01';
  try {
    ip('tuntap', 'add', 'dev', name, 'mode', 'tap');
    // A second of eight spans, for when the guest is held up.
    ip('link', 'set', name, 'address', address, 'txqueuelen', '10000', 'up');
  } catch {
    return 'no network interfaces can be made here (CAP_NET_ADMIN, ip, tun)';
  }
  const plug = (up: boolean): void => ip('link', 'set', name, up ? 'up' : 'down');
  return { name, address, plug, remove: () => ip('tuntap', 'del', 'dev', name, 'mode', 'tap') };
}
