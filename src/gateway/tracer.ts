import { type TraceEntry, TraceRing } from '../capture/trace.ts';
import { summarise } from '../isdn/q931/summary.ts';
import type { LogFields } from '../kernel/log.ts';
import type { Clock } from '../kernel/time.ts';
import { callIdOf } from '../sip/message/fields.ts';
import type { SipMessage } from '../sip/message/message.ts';

/** A busy hour of a small branch: some 30 entries a call. */
const ENTRIES = 20_000;

/** Calls whose threads are remembered. */
const CALLS = 1_000;

/** Writes down what crosses the border and where calls stand, so that a ladder can be drawn after the fact. */
export class Tracer {
  readonly #ring = new TraceRing(ENTRIES);
  readonly #threads = new Map<string, Set<string>>();
  readonly #clock: Pick<Clock, 'wall'>;

  constructor(clock: Pick<Clock, 'wall'>) {
    this.#clock = clock;
  }

  sip(direction: 'in' | 'out', message: SipMessage, remote: string): void {
    const what =
      message.type === 'request' ? `${message.method} ${message.uri}` : `${message.status} ${message.reason}`;
    this.#add({ thread: callIdOf(message) ?? '', protocol: 'sip', direction, peer: remote, what });
  }

  q931(span: string, direction: 'in' | 'out', octets: Uint8Array, at: number): void {
    const { text, reference } = summarise(octets, at);
    const ours = reference !== undefined && reference.fromOriginator === (direction === 'out');
    const thread = reference === undefined ? span : q931Thread(span, reference.value, ours);
    this.#add({ thread, protocol: 'q931', direction, peer: span, what: text });
  }

  stage(call: string, stage: string, fields: LogFields): void {
    const what = Object.entries(fields)
      .map(([name, value]) => `${name} ${String(value).replace(`${call}.`, '')}`)
      .join(', ');
    this.#add({ thread: call, protocol: 'stage', direction: undefined, peer: stage, what });
  }

  /** These threads belong to the call. */
  join(call: string, more: readonly string[]): void {
    let threads = this.#threads.get(call);
    if (threads === undefined) {
      threads = new Set([call]);
      this.#threads.set(call, threads);
      const oldest = this.#threads.size > CALLS ? this.#threads.keys().next().value : undefined;
      if (oldest !== undefined) this.#threads.delete(oldest);
    }
    for (const thread of more) threads.add(thread);
  }

  /** The call that one of these threads, such as a SIP Call-ID, belongs to. */
  callOf(thread: string): string | undefined {
    for (const [call, threads] of this.#threads) if (threads.has(thread)) return call;
    return undefined;
  }

  /** The ladder of a call, oldest first; empty when it is forgotten. */
  ladder(call: string): readonly TraceEntry[] {
    return this.#ring.ofThreads(this.#threads.get(call) ?? new Set([call]));
  }

  #add(entry: Omit<TraceEntry, 'at'>): void {
    this.#ring.add({ at: this.#clock.wall(), ...entry });
  }
}

/** What a Q.931 call's messages have in common: the span, who allotted the call reference, and the reference. */
export const q931Thread = (span: string, reference: number, ours: boolean): string =>
  `${span} ${ours ? 'our' : 'their'} ${reference}`;
