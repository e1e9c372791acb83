import type { SecureContextOptions } from 'node:tls';
import type { Log } from '../kernel/log.ts';
import type { Result } from '../kernel/result.ts';
import type { Endpoint, Flow, Target, Transport } from '../sip/message/flow.ts';

/** One place to listen. Port 0 takes any free one. */
export interface ListenAt {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
}

/** What TLS shows and trusts: key, certificate and authorities as PEM. */
export type TlsCredentials = Pick<SecureContextOptions, 'key' | 'cert' | 'ca' | 'minVersion'>;

export interface TlsSetup extends TlsCredentials {
  /** Whether a peer that calls us must show a certificate that `ca` vouches for. */
  readonly mutual: boolean;
}

/** Whether both show and trust the same. */
export function sameTls(a: TlsSetup | undefined, b: TlsSetup | undefined): boolean {
  const text = (tls: TlsSetup | undefined): string =>
    JSON.stringify(tls === undefined ? [] : [tls.mutual, ...[tls.cert, tls.key, tls.ca, tls.minVersion].map(String)]);
  return text(a) === text(b);
}

/** What strangers may cost us on TCP and TLS. Milliseconds and octets. */
export interface StreamLimits {
  readonly connections: number;
  readonly perSource: number;
  /** From the accepted connection to its first whole message, TLS handshake included. */
  readonly first: number;
  /** From the first octet of a message to its last: a slow sender is cut off. */
  readonly message: number;
  /** Between messages or pings: longer than the longest registration, since a phone's calls come over its connection. */
  readonly idle: number;
  /** From SYN to an open connection, when we connect. */
  readonly connect: number;
  /** What may wait to be sent to a peer that doesn't read. */
  readonly unsent: number;
  /** How long a ping may go without its pong, RFC 5626 §4.4.1. */
  readonly pong: number;
}

export const STREAM_LIMITS: StreamLimits = {
  connections: 2_048,
  perSource: 512,
  first: 10_000,
  message: 10_000,
  idle: 3_900_000,
  connect: 4_000,
  unsent: 1_048_576,
  pong: 10_000,
};

/** Who hears what arrives. */
export interface Hearers {
  /** One whole message, not yet parsed. */
  onMessage(bytes: Uint8Array, flow: Flow): void;
  /** A stream whose framing is lost: what there is of the message may be answered with `status`; the connection closes soon. */
  onBroken(bytes: Uint8Array, status: 400 | 513, flow: Flow): void;
  /** A connection is gone, and its flow with it. */
  onClosed(flow: Flow): void;
}

export interface SipTransportSetup extends Hearers {
  readonly listen: readonly ListenAt[];
  /** Needed to listen or connect over TLS. */
  readonly tls?: TlsSetup;
  readonly limits?: Partial<StreamLimits>;
  readonly log: Log;
}

/** Why we can't listen. */
export interface ListenProblem extends ListenAt {
  /** The system's code: EADDRINUSE, EADDRNOTAVAIL, EACCES…; `certificate` where it is not the place that is wrong. */
  readonly code: string;
  /** In plain words, with transport, address and port. */
  readonly why: string;
}

export type SendProblem =
  /** The flow's connection is closed: a response may go to its Via instead (RFC 3261 §18.2.2). */
  | 'closed'
  /** Nothing here speaks this transport or address family. */
  | 'no-socket'
  /** No connection could be made, or the datagram could not go. */
  | 'unreachable'
  /** The peer shows no certificate that proves its name. */
  | 'untrusted'
  /** The peer doesn't read what we send. */
  | 'stuck';

/** The sockets of the box's SIP side. */
export interface SipTransport {
  /** Where we listen, with the ports that were taken for 0. */
  readonly listening: readonly ListenAt[];
  /** Sends one message. Answers with the flow that it went over once the system has taken it. */
  send(to: Flow | Target, bytes: Uint8Array): Promise<Result<Flow, SendProblem>>;
  /** Asks whether a connection still lives (RFC 5626 §4.4.1): without a pong it is closed, and onClosed says so. */
  ping(flow: Flow): void;
  /**
   * Listens at these places and at no others from now on, and shows these credentials. What stays is not touched, and no
   * connection is cut: those of a listener that goes live on, since phones are reached and calls are ended over them. On a
   * problem some of it may be done: `become` what it was before goes back.
   */
  become(listen: readonly ListenAt[], tls: TlsSetup | undefined): Promise<ListenProblem | undefined>;
  /** Whether whoever is at the other end of this flow has proven the name, by a certificate that our authorities vouch for. */
  proves(flow: Flow, name: string): boolean;
  readonly connections: number;
  close(): Promise<void>;
}

/** The system's code of an error: EADDRINUSE, ECONNREFUSED… */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program',
  EADDRNOTAVAIL: "is not this machine's address",
  EACCES: 'may not be used without more rights',
};

export function listenProblem(at: ListenAt, error: unknown): ListenProblem {
  const code = codeOf(error);
  const why = WHY[code] ?? (error instanceof Error ? `can't be used: ${error.message}` : "can't be used");
  return { ...at, code, why: `${at.transport} ${place(at)} ${why}` };
}

/** `192.0.2.1:5060`, `[2001:db8::1]:5060`. */
export const place = ({ address, port }: Endpoint): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
