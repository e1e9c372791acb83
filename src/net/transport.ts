import { isIPv6, type Socket } from 'node:net';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Endpoint, Flow, Target, Transport } from '../sip/message/flow.ts';
import { Connection } from './connection.ts';
import { endsOf, listenTcp, listenTls, openStream, type StreamServer } from './stream.ts';
import { openUdp, type UdpSocket } from './udp.ts';
import {
  type ListenAt,
  type ListenProblem,
  place,
  type SendProblem,
  type SipTransport,
  type SipTransportSetup,
  STREAM_LIMITS,
  type StreamLimits,
  type TlsCredentials,
  type TlsSetup,
} from './words.ts';

/** Opens every listener, or none: the first that fails says why. */
export async function openSipTransport(setup: SipTransportSetup): Promise<Result<SipTransport, ListenProblem>> {
  const transport = new Sockets(setup);
  for (const at of setup.listen) {
    const problem = await transport.listen(at);
    if (problem === undefined) continue;
    await transport.close();
    return fail(problem);
  }
  return ok(transport);
}

class Sockets implements SipTransport {
  readonly #setup: SipTransportSetup;
  readonly #limits: StreamLimits;
  readonly #udp: UdpSocket[] = [];
  readonly #servers: StreamServer[] = [];
  /** By the id in their flows. */
  readonly #connections = new Map<string, Connection>();
  /** The newest open connection to each remote end, by transport, address and proven name: what a request reuses. */
  readonly #toward = new Map<string, Connection>();
  /** Connections being made, so that requests at the same time share one. */
  readonly #opening = new Map<string, Promise<Result<Connection, SendProblem>>>();
  /** Accepted sockets by source, counted from before the TLS handshake. */
  readonly #sources = new Map<string, number>();
  #accepted = 0;
  #nextId = 1;
  #tls: TlsSetup | undefined;
  #closed = false;

  constructor(setup: SipTransportSetup) {
    this.#setup = setup;
    this.#limits = { ...STREAM_LIMITS, ...setup.limits };
    this.#tls = setup.tls;
  }

  get listening(): readonly ListenAt[] {
    return [
      ...this.#udp.map(({ local }): ListenAt => ({ transport: 'udp', ...local })),
      ...this.#servers.map(({ at }) => at),
    ];
  }

  get connections(): number {
    return this.#connections.size;
  }

  async listen(at: ListenAt): Promise<ListenProblem | undefined> {
    if (at.transport === 'udp') {
      const udp = await openUdp(at, this.#setup, this.#setup.log);
      if (udp.ok) this.#udp.push(udp.value);
      return udp.ok ? undefined : udp.error;
    }
    const server = await this.#listenStream(at);
    if (server.ok) this.#servers.push(server.value);
    return server.ok ? undefined : server.error;
  }

  #listenStream(at: ListenAt): Promise<Result<StreamServer, ListenProblem>> {
    const enter = (socket: Socket): void => {
      this.#enter(socket, at.transport);
    };
    if (at.transport === 'tcp') {
      return listenTcp(at, (socket) => {
        if (this.#count(socket)) enter(socket);
      });
    }
    if (this.#tls === undefined) {
      const why = `tls ${place(at)} has no certificate`;
      return Promise.resolve(fail({ ...at, code: 'no-certificate', why }));
    }
    return listenTls(at, this.#tls, this.#limits, (socket) => this.#count(socket), enter);
  }

  /** Admits an accepted socket, or destroys it when there are too many. */
  #count(socket: Socket): boolean {
    const source = socket.remoteAddress ?? '';
    const held = this.#sources.get(source) ?? 0;
    if (this.#closed || this.#accepted >= this.#limits.connections || held >= this.#limits.perSource) {
      this.#setup.log.warn({ source, connections: this.#accepted }, 'SIP connection refused: too many');
      socket.destroy();
      return false;
    }
    this.#accepted++;
    this.#sources.set(source, held + 1);
    socket.once('close', () => {
      this.#accepted--;
      const left = (this.#sources.get(source) ?? 1) - 1;
      if (left > 0) this.#sources.set(source, left);
      else this.#sources.delete(source);
    });
    return true;
  }

  /** Makes a connection of a socket. `target` is there when we opened it. */
  #enter(socket: Socket, transport: Transport, target?: Target): Connection | undefined {
    const ends = endsOf(socket);
    if (ends === undefined || this.#closed) {
      socket.on('error', () => {});
      socket.destroy();
      return undefined;
    }
    const id = `${transport}-${this.#nextId++}`;
    const flow: Flow = { transport, ...ends, connection: id };
    const key = keyOf(target ?? { transport, ...ends.remote });
    const connection: Connection = new Connection(socket, flow, target !== undefined, this.#limits, {
      onMessage: (bytes, from) => this.#setup.onMessage(bytes, from),
      onBroken: (bytes, status, from) => this.#setup.onBroken(bytes, status, from),
      onClosed: () => {
        this.#connections.delete(id);
        if (this.#toward.get(key) === connection) this.#toward.delete(key);
        this.#setup.onClosed(flow);
      },
    });
    this.#connections.set(id, connection);
    // An accepted TLS connection proves nothing of the name that we would call (RFC 5923 §6).
    if (target !== undefined || transport === 'tcp') this.#toward.set(key, connection);
    return connection;
  }

  async send(to: Flow | Target, bytes: Uint8Array): Promise<Result<Flow, SendProblem>> {
    if (this.#closed) return fail('closed');
    if ('remote' in to) return this.#sendFlow(to, bytes);
    if (to.transport === 'udp') return this.#udpFor(to)?.send(to, bytes) ?? fail('no-socket');
    const connection = await this.#connectionTo(to);
    return connection.ok ? connection.value.send(bytes) : connection;
  }

  async #sendFlow(flow: Flow, bytes: Uint8Array): Promise<Result<Flow, SendProblem>> {
    if (flow.transport !== 'udp') return this.#connections.get(flow.connection ?? '')?.send(bytes) ?? fail('closed');
    const { address, port } = flow.local;
    const socket = this.#udp.find(({ local }) => local.port === port && local.address === address);
    return (socket ?? this.#udpFor(flow.remote))?.send(flow.remote, bytes) ?? fail('no-socket');
  }

  #udpFor({ address }: Pick<Endpoint, 'address'>): UdpSocket | undefined {
    return this.#udp.find(({ local }) => isIPv6(local.address) === isIPv6(address));
  }

  /** The open connection to a target, or a new one (RFC 3261 §18: connections are kept and shared). */
  #connectionTo(target: Target): Promise<Result<Connection, SendProblem>> {
    const key = keyOf(target);
    const held = this.#toward.get(key);
    if (held?.open) return Promise.resolve(ok(held));
    const underway = this.#opening.get(key);
    if (underway !== undefined) return underway;
    const opening = this.#connect(target).finally(() => this.#opening.delete(key));
    this.#opening.set(key, opening);
    return opening;
  }

  async #connect(target: Target): Promise<Result<Connection, SendProblem>> {
    if (this.#connections.size >= this.#limits.connections) return fail('unreachable');
    const socket = await openStream(target, this.#tls, this.#limits);
    if (!socket.ok) return socket;
    const connection = this.#enter(socket.value, target.transport, target);
    return connection === undefined ? fail('unreachable') : ok(connection);
  }

  ping(flow: Flow): void {
    this.#connections.get(flow.connection ?? '')?.ping();
  }

  renew(tls: TlsCredentials): void {
    this.#tls = { ...tls, mutual: this.#tls?.mutual ?? false };
    for (const server of this.#servers) server.renew(tls);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closing = [...this.#servers, ...this.#udp].map((socket) => socket.close());
    for (const connection of this.#connections.values()) connection.close();
    await Promise.all(closing);
  }
}

/** What makes two targets the same connection: over TLS also the name that was proven, so that no one speaks for another. */
const keyOf = ({ transport, address, port, host }: Target): string =>
  transport === 'tls' ? `tls ${address} ${port} ${host ?? ''}` : `${transport} ${address} ${port}`;
