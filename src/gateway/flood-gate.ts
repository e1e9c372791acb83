import type { Log } from '../kernel/log.ts';
import type { Instant } from '../kernel/time.ts';
import { sourceOf } from '../net/source.ts';
import { type Flow, isReliable } from '../sip/message/flow.ts';
import { type FloodCounts, FloodGuard, type FloodLimits } from './flood.ts';

export interface FloodGateParts {
  readonly log: Log;
  readonly now: () => Instant;
  readonly limits: FloodLimits;
  /** The core and the trunks. */
  readonly isPeer: (flow: Flow) => boolean;
  /** Whether calls live that speak from this address. */
  readonly hasCalls: (address: string) => boolean;
  /** Whether calling this Request-URI from there is calling for help. */
  readonly isEmergency: (uri: string, address: string) => boolean;
}

/** The longest Request-URI that is looked at for an emergency; none that calls for help is longer. */
const LONGEST_LINE = 256;

/**
 * Whose messages are read at all. Only a source that is proven can be banned: by its connection on TCP and TLS, on UDP by its
 * answer to a challenge that went to its address; anybody can put another's address into a datagram. Peers, whoever has a call up, and
 * who calls for help are always heard.
 */
export class FloodGate {
  readonly #parts: FloodGateParts;
  readonly #guard: FloodGuard;

  constructor(parts: FloodGateParts) {
    this.#parts = parts;
    this.#guard = new FloodGuard(parts.limits);
  }

  configure(limits: FloodLimits): void {
    this.#guard.configure(limits);
  }

  get counts(): FloodCounts {
    return this.#guard.counts(this.#parts.now());
  }

  /** Looks at a message before it is parsed; false: it is not to be read. */
  admits(octets: Uint8Array, flow: Flow): boolean {
    if (isReliable(flow.transport)) this.#charge(flow, 1);
    if (!this.#guard.isBanned(sourceOf(flow.remote.address), this.#parts.now())) return true;
    if (this.#isSpared(flow) || this.#callsForHelp(octets, flow)) return true;
    this.#guard.drop();
    return false;
  }

  /** Credentials did not hold. `answered`: they answer a challenge that we sent to this very address. */
  digestFailed(flow: Flow, answered: boolean): void {
    if (answered || isReliable(flow.transport)) this.#charge(flow, this.#guard.failedDigest);
  }

  #charge(flow: Flow, cost: number): void {
    const source = sourceOf(flow.remote.address);
    const period = this.#guard.charge(source, cost, this.#parts.now(), () => this.#isSpared(flow));
    if (period !== undefined) this.#parts.log.warn({ source, seconds: period / 1000 }, 'sip.source-banned');
  }

  #isSpared(flow: Flow): boolean {
    return this.#parts.isPeer(flow) || this.#parts.hasCalls(flow.remote.address);
  }

  /** By the first line alone: what a flood sends is not worth more. */
  #callsForHelp(octets: Uint8Array, { remote }: Flow): boolean {
    const head = String.fromCharCode(...octets.subarray(0, LONGEST_LINE));
    const uri = /^\s*INVITE (\S+) SIP\/2\.0\r?\n/.exec(head)?.[1];
    return uri !== undefined && this.#parts.isEmergency(uri, remote.address);
  }
}
