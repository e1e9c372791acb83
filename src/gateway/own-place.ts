import { isIPv6 } from 'node:net';
import type { Endpoint, Flow, Target, Transport } from '../sip/message/flow.ts';

/** A place where we listen. */
interface Listener extends Endpoint {
  readonly transport: Transport;
}

/** Every address of the machine. */
const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * Where the peer at the other end of this flow, or at this target, reaches us: the listener that the flow came through; toward a
 * target the first of its transport, and of its address family where there is one. Undefined where none speaks the transport.
 */
export function ownPlace(
  listeners: readonly Listener[],
  towards: Flow | Pick<Target, 'transport' | 'address'>,
): Endpoint | undefined {
  const speaking = listeners.filter(({ transport }) => transport === towards.transport);
  if (!('remote' in towards)) {
    return speaking.find(({ address }) => isIPv6(address) === isIPv6(towards.address)) ?? speaking[0];
  }
  const { local } = towards;
  const there = speaking.filter(({ port }) => port === local.port);
  const exactly = there.find(({ address }) => address === local.address);
  if (exactly !== undefined) return exactly;
  const around = there.find(({ address }) => ANY.has(address));
  // A connection knows which of the machine's addresses it was made to.
  if (around !== undefined) return ANY.has(local.address) ? around : { address: local.address, port: around.port };
  // We made the connection ourselves, from a port of the moment.
  return speaking.find(({ address }) => address === local.address) ?? speaking[0];
}
