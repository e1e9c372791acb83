import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Log } from '../kernel/log.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Endpoint, Flow } from '../sip/message/flow.ts';
import { stunAnswer } from './stun.ts';
import { type Hearers, type ListenAt, type ListenProblem, listenProblem, type SendProblem } from './words.ts';

/** One bound UDP socket. */
export interface UdpSocket {
  readonly local: Endpoint;
  send(remote: Endpoint, bytes: Uint8Array): Promise<Result<Flow, SendProblem>>;
  close(): Promise<void>;
}

/** A burst of requests must wait in the system while the loop is busy, octets. The kernel grants what it allows. */
const RECEIVE_BUFFER = 4_194_304;

/** Binds a socket; every datagram is taken for one message (RFC 3261 §18.3), keep-alives (RFC 5626 §4.4) are dropped or answered. */
export function openUdp(
  at: ListenAt,
  hear: Pick<Hearers, 'onMessage'>,
  log: Log,
): Promise<Result<UdpSocket, ListenProblem>> {
  const socket = createSocket({ type: isIPv6(at.address) ? 'udp6' : 'udp4' });
  return new Promise((resolve) => {
    socket.once('error', (error) => {
      socket.close();
      resolve(fail(listenProblem(at, error)));
    });
    socket.bind({ address: at.address, port: at.port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      socket.on('error', (error) => log.warn({ error: error.message }, 'UDP socket failed'));
      growBuffer(socket, log);
      resolve(ok(bound(socket, hear)));
    });
  });
}

function growBuffer(socket: Socket, log: Log): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER);
  } catch (error) {
    log.debug({ error: String(error) }, 'UDP receive buffer left as it was');
  }
}

function bound(socket: Socket, hear: Pick<Hearers, 'onMessage'>): UdpSocket {
  const { address, port } = socket.address();
  const local: Endpoint = { address, port };
  const flowTo = (remote: Endpoint): Flow => ({ transport: 'udp', local, remote });
  const send = (remote: Endpoint, bytes: Uint8Array): Promise<Result<Flow, SendProblem>> =>
    new Promise((resolve) => {
      // An address of the other family, or port 0, throws instead of calling back.
      try {
        socket.send(bytes, remote.port, remote.address, (error) =>
          resolve(error === null || error === undefined ? ok(flowTo(remote)) : fail('unreachable')),
        );
      } catch {
        resolve(fail('unreachable'));
      }
    });
  socket.on('message', (bytes, { address: from, port: at }) => {
    const remote = { address: from, port: at };
    const answer = bytes[0] === 0 ? stunAnswer(bytes, remote) : undefined;
    if (answer !== undefined) void send(remote, answer);
    else if (!isKeepAlive(bytes)) hear.onMessage(bytes, flowTo(remote));
  });
  return {
    local,
    send,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** Empty lines, a lone zero octet, or nothing at all: what keeps NAT bindings open. */
function isKeepAlive(bytes: Uint8Array): boolean {
  return bytes.length <= 4 && bytes.every((octet) => octet === 0x0d || octet === 0x0a || octet === 0);
}
