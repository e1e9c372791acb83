/** The network interfaces of this box. */
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { INTERFACE_NAME } from './sniff-order.ts';

/** Those that are up and have an address, with their addresses. */
export function ownInterfaces(): ReadonlyMap<string, readonly string[]> {
  const own = new Map<string, readonly string[]>();
  for (const [label, its = []] of Object.entries(networkInterfaces())) {
    // A second address may have a label of its own: eth0:1 is on eth0.
    const [name = label] = label.split(':');
    own.set(name, [...(own.get(name) ?? []), ...its.map(({ address }) => address)]);
  }
  return own;
}

/** Whether there is one of that name, with or without an address. */
export const interfaceExists = (name: string): boolean =>
  INTERFACE_NAME.test(name) && existsSync(`/sys/class/net/${name}`);
