import type { Decision } from '../routing/decision.ts';
import type { Source } from '../routing/query.ts';
import type { DialHop } from './dial-hop.ts';
import { Occupancy } from './occupancy.ts';

/** Limits on what ordinary calls may take of the box. Emergency calls ignore them. */
export interface AdmissionLimits {
  readonly calls: number;
  readonly callsPerUser: number;
  /** How many calls a gateway may carry at once; undefined: as many as it can. */
  callsThrough(gateway: string): number | undefined;
}

/** Stable names of what admission refuses. */
type AdmissionId = 'box-full' | 'user-full' | 'gateway-full';

/** Is there room: for the box, a user, a gateway. Trusted peers have limits as well; only an emergency call is never asked. */
export class Admission {
  readonly #limits: () => AdmissionLimits;
  readonly #onCall: (gateway: string) => void;
  readonly #users = new Occupancy();
  readonly #gateways = new Occupancy();
  readonly #addresses = new Occupancy();

  /** `onCall` is told of every call through a gateway, also of one that is not let in. */
  constructor(limits: () => AdmissionLimits, onCall: (gateway: string) => void) {
    this.#limits = limits;
    this.#onCall = onCall;
  }

  /** Calls that each user makes, by the user's id. */
  get callsNow(): ReadonlyMap<string, number> {
    return this.#users.counts;
  }

  /** Legs that each gateway carries. */
  get carried(): ReadonlyMap<string, number> {
    return this.#gateways.counts;
  }

  /** Whether calls live whose messages come from this address. */
  callsFrom(address: string): boolean {
    return this.#addresses.of(address) > 0;
  }

  /** Whether a gateway carries all the calls that it may. */
  isFull(gateway: string): boolean {
    const most = this.#limits().callsThrough(gateway);
    return most !== undefined && this.#gateways.of(gateway) >= most;
  }

  /** A message about a call has come from this address. */
  heardFrom(address: string, leg: string): void {
    this.#addresses.enter(leg, address);
  }

  /** Takes a call in, of which `live` are up with it; or says which limit it is beyond. */
  admit(leg: string, source: Source, { emergency, charged }: Decision, live: number): AdmissionId | undefined {
    if (isGateway(source)) this.#onCall(source.id);
    if (!emergency) {
      const { calls, callsPerUser } = this.#limits();
      if (live > calls) return 'box-full';
      if (charged !== undefined && this.#users.of(charged) >= callsPerUser) return 'user-full';
      if (isGateway(source) && this.isFull(source.id)) return 'gateway-full';
    }
    if (charged !== undefined) this.#users.enter(leg, charged);
    if (isGateway(source)) this.#gateways.enter(leg, source.id);
    return undefined;
  }

  /** Takes room for a leg that is dialled; false where its gateway has filled up since the decision was made. */
  dial(leg: string, hop: DialHop, emergency: boolean): boolean {
    if (hop.type === 'contact') {
      this.heardFrom(hop.binding.flow.remote.address, leg);
      return true;
    }
    if (hop.type === 'announcement') return true;
    this.#onCall(hop.id);
    if (!emergency && this.isFull(hop.id)) return false;
    this.#gateways.enter(leg, hop.id);
    return true;
  }

  /** A leg is over. */
  left(leg: string): void {
    this.#users.leave(leg);
    this.#gateways.leave(leg);
    this.#addresses.leave(leg);
  }
}

const isGateway = (source: Source): source is Extract<Source, { type: 'span-group' | 'sip-trunk' }> =>
  source.type === 'span-group' || source.type === 'sip-trunk';
