/**
 * The plane's health as numbers in shared memory: the worker writes them each tick, the main thread reads them whenever
 * somebody asks. Every cell is a double that only the worker writes, so nothing needs a lock; a reader may see two cells
 * of neighbouring ticks.
 */

import { MAX_SPANS } from './span-room.ts';

/** Upper bounds of the lateness histogram in milliseconds; the last bucket has none. */
export const LATENESS_BOUNDS: readonly number[] = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 40];

const CELLS = [
  'ticks',
  'overruns',
  'latenessMax',
  'latenessSum',
  'rtpEndpoints',
  'tdmEndpoints',
  'portsInUse',
  'sent',
  'received',
  'refused',
  'malformed',
  'sendFailures',
  'realTime',
  'clockPpm',
  'cpu',
] as const;

export type CounterName = (typeof CELLS)[number];

/** What is counted of each span. The frames are those of a packet line; elsewhere they stay 0. */
const SPAN_CELLS = ['slips', 'received', 'lost', 'reordered', 'late', 'restarts'] as const;

export type SpanCounterName = (typeof SPAN_CELLS)[number];

export type SpanCounts = Readonly<Record<SpanCounterName, number>>;

const HISTOGRAM = CELLS.length;
const SPANS = HISTOGRAM + LATENESS_BOUNDS.length + 1;

/** What `plane.stats()` answers: a copy. Times in milliseconds. */
export interface MediaStats {
  readonly ticks: number;
  /** Ticks that were skipped because the loop came a whole tick or more too late. */
  readonly overruns: number;
  readonly lateness: {
    readonly max: number;
    readonly sum: number;
    /** Ticks per bucket of LATENESS_BOUNDS (not cumulative), and one more for what is beyond. */
    readonly buckets: readonly number[];
  };
  /** CPU time of the loop's thread since its start, user and system, in milliseconds; brought up to date every second. */
  readonly cpu: number;
  /** True when the loop runs under SCHED_FIFO. */
  readonly realTime: boolean;
  /** By how many parts per million the tick runs ahead of the host's clock, to keep pace with the reference span. */
  readonly clockPpm: number;
  readonly rtpEndpoints: number;
  readonly tdmEndpoints: number;
  /** RTP ports that are bound; the RTCP port beside each is not counted. */
  readonly portsInUse: number;
  readonly packets: {
    readonly sent: number;
    readonly received: number;
    /** From an address other than the latched one. */
    readonly refused: number;
    readonly malformed: number;
    readonly sendFailures: number;
  };
  readonly spans: readonly ({ readonly id: string } & SpanCounts)[];
}

export class Counters {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#cells = new Float64Array(buffer);
  }

  static fresh(): Counters {
    const cells = SPANS + MAX_SPANS * SPAN_CELLS.length;
    return new Counters(new SharedArrayBuffer(cells * Float64Array.BYTES_PER_ELEMENT));
  }

  add(name: CounterName, n = 1): void {
    const at = CELLS.indexOf(name);
    this.#cells[at] = this.#at(at) + n;
  }

  set(name: CounterName, value: number): void {
    this.#cells[CELLS.indexOf(name)] = value;
  }

  setSpan(room: number, name: SpanCounterName, value: number): void {
    this.#cells[SPANS + room * SPAN_CELLS.length + SPAN_CELLS.indexOf(name)] = value;
  }

  /** One span's figures; cheaper than all of them. */
  span(room: number): SpanCounts {
    const of = (name: SpanCounterName): number => this.#at(SPANS + room * SPAN_CELLS.length + SPAN_CELLS.indexOf(name));
    return {
      slips: of('slips'),
      received: of('received'),
      lost: of('lost'),
      reordered: of('reordered'),
      late: of('late'),
      restarts: of('restarts'),
    };
  }

  /** Counts one tick that came `late` milliseconds after its time. */
  tick(late: number): void {
    this.add('ticks');
    this.add('latenessSum', late);
    if (late > this.#at(CELLS.indexOf('latenessMax'))) this.set('latenessMax', late);
    let bucket = 0;
    while (bucket < LATENESS_BOUNDS.length && late > (LATENESS_BOUNDS[bucket] ?? 0)) bucket++;
    this.#cells[HISTOGRAM + bucket] = this.#at(HISTOGRAM + bucket) + 1;
  }

  /** @param spans The ids of the open spans, each with its room. */
  read(spans: ReadonlyMap<string, number>): MediaStats {
    const of = (name: CounterName): number => this.#at(CELLS.indexOf(name));
    return {
      ticks: of('ticks'),
      overruns: of('overruns'),
      lateness: {
        max: of('latenessMax'),
        sum: of('latenessSum'),
        buckets: Array.from(this.#cells.subarray(HISTOGRAM, SPANS)),
      },
      cpu: of('cpu'),
      realTime: of('realTime') === 1,
      clockPpm: of('clockPpm'),
      rtpEndpoints: of('rtpEndpoints'),
      tdmEndpoints: of('tdmEndpoints'),
      portsInUse: of('portsInUse'),
      packets: {
        sent: of('sent'),
        received: of('received'),
        refused: of('refused'),
        malformed: of('malformed'),
        sendFailures: of('sendFailures'),
      },
      spans: [...spans].map(([id, room]) => ({ id, ...this.span(room) })),
    };
  }

  #at(i: number): number {
    return this.#cells[i] ?? 0;
  }
}
