import {
  connect as connectTcp,
  createServer as createTcpServer,
  isIP,
  isIPv6,
  type Server,
  type Socket,
} from 'node:net';
import { connect as connectTls, createSecureContext, createServer as createTlsServer } from 'node:tls';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Endpoint, Target } from '../sip/message/flow.ts';
import {
  codeOf,
  type ListenAt,
  type ListenProblem,
  listenProblem,
  type SendProblem,
  type StreamLimits,
  type TlsCredentials,
  type TlsSetup,
} from './words.ts';

/** A listening TCP or TLS socket. */
export interface StreamServer {
  readonly at: ListenAt;
  /** Shows other credentials to those who connect from now on. */
  renew(tls: TlsCredentials): void;
  /** Accepts nobody any more, at once; resolves when the last connection that it has accepted is gone. */
  close(): Promise<void>;
}

/** Why these credentials can't be used: a key that doesn't fit its certificate, or no PEM at all. */
export function credentialFault({ mutual: _, ...credentials }: TlsSetup): string | undefined {
  try {
    createSecureContext(credentials);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Connections that the system may hold for us before we accept them. */
const BACKLOG = 512;

/** Listens for TCP; `admit` gets every accepted socket. */
export function listenTcp(at: ListenAt, admit: (socket: Socket) => void): Promise<Result<StreamServer, ListenProblem>> {
  return listening(createTcpServer({ allowHalfOpen: false }, admit), at, () => {});
}

/** Listens for TLS. `count` sees each socket before its handshake and may destroy it; `admit` gets it after. */
export function listenTls(
  at: ListenAt,
  tls: TlsSetup,
  limits: StreamLimits,
  count: (socket: Socket) => void,
  admit: (socket: Socket) => void,
): Promise<Result<StreamServer, ListenProblem>> {
  const { mutual, ...credentials } = tls;
  const server = createTlsServer(
    {
      minVersion: 'TLSv1.2',
      ...credentials,
      requestCert: mutual,
      rejectUnauthorized: mutual,
      handshakeTimeout: limits.first,
    },
    admit,
  );
  server.on('connection', count);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return listening(server, at, (next) => server.setSecureContext({ minVersion: 'TLSv1.2', ...next }));
}

function listening(
  server: Server,
  at: ListenAt,
  renew: (tls: TlsCredentials) => void,
): Promise<Result<StreamServer, ListenProblem>> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(fail(listenProblem(at, error))));
    server.listen({ host: at.address, port: at.port, backlog: BACKLOG, exclusive: true }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : at.port;
      resolve(
        ok({
          at: { ...at, port },
          renew,
          close: () => new Promise((closed) => server.close(() => closed())),
        }),
      );
    });
  });
}

/** Opens a connection to a target; over TLS its certificate must prove `host`, or the address where there is no name. */
export function openStream(
  target: Target,
  tls: TlsSetup | undefined,
  limits: StreamLimits,
): Promise<Result<Socket, SendProblem>> {
  const { address, port, transport } = target;
  if (transport === 'tls' && tls === undefined) return Promise.resolve(fail('no-socket'));
  return new Promise((resolve) => {
    let socket: Socket;
    if (transport === 'tls') {
      const { mutual: _, ...credentials } = tls ?? { mutual: false };
      const name = target.host ?? address;
      socket = connectTls({
        minVersion: 'TLSv1.2',
        ...credentials,
        host: address,
        port,
        // A name that is an address may not go into SNI (RFC 6066 §3), but is checked all the same.
        ...(isIP(name) === 0 ? { servername: name } : {}),
      });
    } else {
      socket = connectTcp({ host: address, port });
    }
    const timer = setTimeout(() => settle(fail('unreachable')), limits.connect).unref();
    const settle = (result: Result<Socket, SendProblem>): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      if (!result.ok) {
        socket.on('error', () => {});
        socket.destroy();
      }
      resolve(result);
    };
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => settle(ok(socket)));
    socket.once('error', (error) => settle(fail(isDistrust(codeOf(error)) ? 'untrusted' : 'unreachable')));
    socket.once('close', () => settle(fail('unreachable')));
  });
}

/** OpenSSL's and Node's codes for a certificate that proves nothing. */
const isDistrust = (code: string): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ALTNAME|HOSTNAME_MISMATCH|INVALID_CA/.test(code);

/** Where a socket's two ends are; undefined when it is gone already. */
export function endsOf(socket: Socket): { local: Endpoint; remote: Endpoint } | undefined {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (localAddress === undefined || localPort === undefined) return undefined;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return {
    local: { address: plain(localAddress), port: localPort },
    remote: { address: plain(remoteAddress), port: remotePort },
  };
}

/** A dual-stack socket shows IPv4 peers as `::ffff:192.0.2.1`. */
const plain = (address: string): string =>
  isIPv6(address) && address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
