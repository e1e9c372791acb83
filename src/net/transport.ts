import { isIPv6, type Socket } from 'node:net';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Endpoint, Flow, Target, Transport } from '../sip/message/flow.ts';
import { Connection } from './connection.ts';
import { Places } from './places.ts';
import { credentialFault, endsOf, listenTcp, listenTls, openStream, type StreamServer } from './stream.ts';
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
  type TlsSetup,
} from './words.ts';

/** Opens every listener, or none: the first that fails says why. */
export async function openSipTransport(setup: SipTransportSetup): Promise<Result<SipTransport, ListenProblem>> {
  const transport = new Sockets(setup);
  const problem = await transport.become(setup.listen, setup.tls);
  if (problem === undefined) return ok(transport);
  await transport.close();
  return fail(problem);
}

/** An open listener, and the place that was asked for: port 0 becomes another. */
type Listener = { readonly asked: ListenAt } & (
  | { readonly type: 'udp'; readonly socket: UdpSocket }
  | { readonly type: 'stream'; readonly socket: StreamServer }
);

class Sockets implements SipTransport {
  readonly #setup: SipTransportSetup;
  readonly #limits: StreamLimits;
  #listeners: readonly Listener[] = [];
  /** By the id in their flows. */
  readonly #connections = new Map<string, Connection>();
  /** The newest open connection to each remote end, by transport, address and proven name: what a request reuses. */
  readonly #toward = new Map<string, Connection>();
  /** Connections being made, so that requests at the same time share one. */
  readonly #opening = new Map<string, Promise<Result<Connection, SendProblem>>>();
  /** Of accepted sockets, from before the TLS handshake on. */
  readonly #places: Places;
  /** Accepted sockets that have become connections. */
  #entered = 0;
  #nextId = 1;
  #tls: TlsSetup | undefined;
  #closed = false;

  constructor(setup: SipTransportSetup) {
    this.#setup = setup;
    this.#limits = { ...STREAM_LIMITS, ...setup.limits };
    this.#places = new Places(this.#limits);
  }

  get listening(): readonly ListenAt[] {
    return this.#listeners.map(
      (listener): ListenAt =>
        listener.type === 'udp' ? { transport: 'udp', ...listener.socket.local } : listener.socket.at,
    );
  }

  get #udp(): readonly UdpSocket[] {
    return this.#listeners.flatMap((listener) => (listener.type === 'udp' ? [listener.socket] : []));
  }

  get connections(): number {
    return this.#connections.size;
  }

  async become(listen: readonly ListenAt[], tls: TlsSetup | undefined): Promise<ListenProblem | undefined> {
    const fault = tls === undefined ? undefined : credentialFault(tls);
    const [first] = listen.filter(({ transport }) => transport === 'tls');
    if (fault !== undefined) return uncertified(first, `the certificate and its key can't be used: ${fault}`);
    // Whether a server asks for a certificate is fixed when it is made.
    const reopened = (at: ListenAt): boolean => at.transport === 'tls' && tls?.mutual !== this.#tls?.mutual;
    const stays = ({ asked }: Listener): boolean => !reopened(asked) && listen.some((at) => samePlace(at, asked));
    const leaving = this.#listeners.filter((listener) => !stays(listener));
    const staying = this.#listeners.filter(stays);
    const added = listen.filter((at) => !staying.some(({ asked }) => samePlace(at, asked)));
    this.#tls = tls;
    for (const listener of staying) if (listener.type === 'stream' && tls !== undefined) listener.socket.renew(tls);
    // What doesn't want a place of one that goes comes first, so that a place that is taken costs nothing.
    const waits = (at: ListenAt): boolean => leaving.some(({ asked }) => asked.port === at.port);
    const problem = await this.#listenAll(added.filter((at) => !waits(at)));
    if (problem !== undefined) return problem;
    this.#listeners = this.#listeners.filter((listener) => !leaving.includes(listener));
    for (const { socket } of leaving) void socket.close();
    const late = await this.#listenAll(added.filter(waits));
    // The first of a transport is the one that peers are told of.
    const order = ({ asked }: Listener): number => listen.findIndex((at) => samePlace(at, asked));
    this.#listeners = this.#listeners.toSorted((a, b) => order(a) - order(b));
    return late;
  }

  async #listenAll(places: readonly ListenAt[]): Promise<ListenProblem | undefined> {
    for (const at of places) {
      const listener = await this.#listen(at);
      if (!listener.ok) return listener.error;
      this.#listeners = [...this.#listeners, listener.value];
    }
    return undefined;
  }

  async #listen(asked: ListenAt): Promise<Result<Listener, ListenProblem>> {
    if (asked.transport === 'udp') {
      const udp = await openUdp(asked, this.#setup, this.#setup.log);
      return udp.ok ? ok({ type: 'udp', asked, socket: udp.value }) : udp;
    }
    const server = await this.#listenStream(asked);
    return server.ok ? ok({ type: 'stream', asked, socket: server.value }) : server;
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
    if (this.#tls === undefined) return Promise.resolve(fail(uncertified(at, `tls ${place(at)} has no certificate`)));
    return listenTls(at, this.#tls, this.#limits, (socket) => this.#count(socket), enter);
  }

  /** Admits an accepted socket, or destroys it when there are too many. */
  #count(socket: Socket): boolean {
    const { remoteAddress: source = '' } = socket;
    if (!this.#closed && this.#places.take(source, socket)) {
      socket.once('close', () => this.#places.leave(source, socket));
      return true;
    }
    this.#setup.log.warn({ source, connections: this.#places.taken }, 'SIP connection refused: too many');
    socket.destroy();
    return false;
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
        if (target === undefined) this.#entered--;
        if (this.#toward.get(key) === connection) this.#toward.delete(key);
        this.#setup.onClosed(flow);
      },
    });
    this.#connections.set(id, connection);
    if (target === undefined) this.#entered++;
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
    if (flow.transport !== 'udp') return this.#connectionOf(flow)?.send(bytes) ?? fail('closed');
    const { address, port } = flow.local;
    const socket = this.#udp.find(({ local }) => local.port === port && local.address === address);
    return (socket ?? this.#udpFor(flow.remote))?.send(flow.remote, bytes) ?? fail('no-socket');
  }

  /** The open connection of a flow. Ids begin anew with the process: one from before may be another peer's now. */
  #connectionOf({ connection = '', remote }: Flow): Connection | undefined {
    const held = this.#connections.get(connection);
    const same = held?.flow.remote.address === remote.address && held.flow.remote.port === remote.port;
    return same ? held : undefined;
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
    // Counted apart from those that were accepted: strangers who hold every place must not keep us from calling out.
    if (this.#connections.size - this.#entered >= this.#limits.connections) return fail('unreachable');
    const socket = await openStream(target, this.#tls, this.#limits);
    if (!socket.ok) return socket;
    const connection = this.#enter(socket.value, target.transport, target);
    return connection === undefined ? fail('unreachable') : ok(connection);
  }

  proves(flow: Flow, name: string): boolean {
    return this.#connectionOf(flow)?.proves(name) ?? false;
  }

  ping(flow: Flow): void {
    this.#connectionOf(flow)?.ping();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closing = this.#listeners.map(({ socket }) => socket.close());
    for (const connection of this.#connections.values()) connection.close();
    await Promise.all(closing);
  }
}

const samePlace = (a: ListenAt, b: ListenAt): boolean =>
  a.transport === b.transport && a.address === b.address && a.port === b.port;

/** It is not the place that is wrong. */
const uncertified = (at: ListenAt | undefined, why: string): ListenProblem => ({
  ...(at ?? { transport: 'tls', address: '', port: 0 }),
  code: 'certificate',
  why,
});

/** What makes two targets the same connection: over TLS also the name that was proven, so that no one speaks for another. */
const keyOf = ({ transport, address, port, host }: Target): string =>
  transport === 'tls' ? `tls ${address} ${port} ${host ?? ''}` : `${transport} ${address} ${port}`;
