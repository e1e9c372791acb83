import { after, type Instant, minutes } from '../kernel/time.ts';
import type { Flow, Target } from '../sip/message/flow.ts';
import type { SipRequest } from '../sip/message/message.ts';
import { printMessage } from '../sip/message/parse.ts';

/** A request that is longer does not go over UDP where the path's MTU is not known, octets (RFC 3261 §18.1.1). */
const LONGEST_DATAGRAM = 1_300;

/** What our Via adds to a request, octets. */
const VIA = 120;

/** How long a peer that could not be reached over TCP is left alone with it, and of how many peers that is remembered. */
const FORGET = minutes(10);
const MOST_PEERS = 500;

/**
 * Requests that are too long for a datagram go over TCP, to peers that take it, and over UDP to those that don't (RFC 3261 §18.1.1). A
 * phone behind a NAT is reached through the hole that it has made, whatever the length.
 */
export class LongRequests {
  readonly #now: () => Instant;
  readonly #speaksTcp: () => boolean;
  /** Peers without TCP, the one found longest ago first. */
  readonly #without = new Map<string, Instant>();

  constructor(now: () => Instant, speaksTcp: () => boolean) {
    this.#now = now;
    this.#speaksTcp = speaksTcp;
  }

  overTcp(request: SipRequest, targets: readonly (Flow | Target)[]): readonly (Flow | Target)[] {
    if (!targets.some(isDatagram) || !this.#speaksTcp()) return targets;
    if (printMessage(request).length + VIA <= LONGEST_DATAGRAM) return targets;
    return targets.flatMap((to) => {
      if (!isDatagram(to) || this.#isWithout(to)) return [to];
      return [{ ...to, transport: 'tcp' } as const, to];
    });
  }

  /** Nothing could be sent there. */
  unreachable(to: Flow | Target): void {
    if ('remote' in to || to.transport !== 'tcp') return;
    const key = keyOf(to);
    this.#without.delete(key);
    this.#without.set(key, after(this.#now(), FORGET));
    const [oldest] = this.#without.keys();
    if (oldest !== undefined && this.#without.size > MOST_PEERS) this.#without.delete(oldest);
  }

  #isWithout(to: Target): boolean {
    const until = this.#without.get(keyOf(to));
    return until !== undefined && this.#now() < until;
  }
}

const isDatagram = (to: Flow | Target): to is Target => !('remote' in to) && to.transport === 'udp';

const keyOf = ({ address, port }: Target): string => `${address} ${port}`;
