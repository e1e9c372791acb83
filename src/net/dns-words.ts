import type { Result } from '../kernel/result.ts';

/** A NAPTR record, RFC 3403 §4.1. */
export interface Naptr {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  /** A substitution, which ENUM uses and RFC 3263 does not. */
  readonly regexp?: string;
  readonly replacement: string;
}

/** An SRV record, RFC 2782. */
export interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly name: string;
}

/** Nobody answered: nothing is known, unlike an answer without records. */
export type DnsLost = 'lost';

/** The questions that RFC 3263 asks. An empty list is the definite answer that there are no records. */
export interface Dns {
  naptr(name: string): Promise<Result<readonly Naptr[], DnsLost>>;
  srv(name: string): Promise<Result<readonly Srv[], DnsLost>>;
  a(name: string): Promise<Result<readonly string[], DnsLost>>;
  aaaa(name: string): Promise<Result<readonly string[], DnsLost>>;
}
