import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { fail, ok, type Result } from '../kernel/result.ts';

/**
 * Whether a call could have a pair of ports (RTP even, RTCP next to it) in the range: asked before anything starts, since a box
 * without them would take calls and carry none. The error names the setting and what mends it.
 */
export async function probePorts(
  address: string,
  [from, to]: readonly [from: number, to: number],
): Promise<Result<undefined, string>> {
  for (let port = from + (from % 2); port < to; port += 2) {
    const refused = (await bindable(address, port)) ?? (await bindable(address, port + 1));
    if (refused === undefined) return ok(undefined);
    if (refused === 'EADDRNOTAVAIL') {
      return fail(`media.address: this box does not have ${address}; set media.address to one of its own`);
    }
    if (refused !== 'EADDRINUSE') return fail(`media.ports: UDP port ${port} of ${address} can't be used: ${refused}`);
  }
  return fail(
    `media.ports: all UDP ports of ${address} from ${from} to ${to} are taken by other programs; set media.ports to free ones`,
  );
}

/** The system's code where the port can't be had. */
function bindable(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket: Socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? error.message);
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}
