import type { WallTime } from '../kernel/time.ts';

/** One line of a call's ladder: a message that crossed our border, or a stage of the call's way. */
export interface TraceEntry {
  readonly at: WallTime;
  /** What strings the messages of one leg together: a SIP Call-ID, a Q.931 call reference, for a stage the call's id. */
  readonly thread: string;
  readonly protocol: 'sip' | 'q931' | 'stage';
  /** Seen from this box; a stage has no direction. */
  readonly direction: 'in' | 'out' | undefined;
  /** Who is on the other end: an address, a span; for a stage its name. */
  readonly peer: string;
  /** The message in one line: `INVITE sip:5551004@…`, `SETUP 1/1 called 5551004`. Never a credential. */
  readonly what: string;
}

/** The last `size` entries of all calls, so that a ladder can be drawn after the fact without unbounded memory. */
export class TraceRing {
  readonly #ring: (TraceEntry | undefined)[];
  #next = 0;

  constructor(size: number) {
    this.#ring = new Array(size).fill(undefined);
  }

  add(entry: TraceEntry): void {
    this.#ring[this.#next] = entry;
    this.#next = (this.#next + 1) % this.#ring.length;
  }

  /** What is still held of these threads, oldest first: the ladder of a call is that of its legs and its stages. */
  ofThreads(threads: ReadonlySet<string>): readonly TraceEntry[] {
    return this.all().filter(({ thread }) => threads.has(thread));
  }

  /** Everything that is still held, oldest first. */
  all(): readonly TraceEntry[] {
    const { length } = this.#ring;
    const entries: TraceEntry[] = [];
    for (let i = 0; i < length; i++) {
      const entry = this.#ring[(this.#next + i) % length];
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }
}
