/** Where a message came from and where its answer goes back: one UDP association or one connection (RFC 5626 §3). */

export type Transport = 'udp' | 'tcp' | 'tls';

/** An IP address (no brackets around IPv6) and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface Flow {
  readonly transport: Transport;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  /** The connection's id on TCP and TLS; undefined on UDP. A flow with an id that has closed can't be sent on. */
  readonly connection?: string;
}

/** Where to send when there is no flow yet. `host` is the name that a TLS certificate must prove. */
export interface Target {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
  readonly host?: string;
}

export const isReliable = (transport: Transport): boolean => transport !== 'udp';
