/** What is kept of the spans' lines over restarts, and while a span is closed and opened anew. */
import type { BinRecord } from '../line/bins.ts';
import type { End } from '../line/performance.ts';
import { type Counts, NOTHING, PARAMETERS } from '../line/second.ts';
import type { LineBin, StoreOp, StoreStart } from '../store/words.ts';

/** Bins remembered of one end: a day's, and some of a clock that was wrong. */
const MOST = 200;

/** The name under which the store keeps which of a span's slots are out of service. */
const busyOutOf = (span: string): string => `busy-out:${span}`;

export class LineBooks {
  readonly #persist: (op: StoreOp) => void;
  readonly #bins = new Map<string, Map<LineBin['start'], LineBin>>();
  readonly #busyOut: Map<string, number>;

  constructor(start: Pick<StoreStart, 'lineBins' | 'cursors'>, persist: (op: StoreOp) => void) {
    this.#persist = persist;
    this.#busyOut = new Map(start.cursors);
    this.#remember(start.lineBins);
  }

  bins(span: string): Readonly<Record<End, readonly BinRecord[]>> {
    const of = (end: End): readonly BinRecord[] => [...(this.#bins.get(key(span, end))?.values() ?? [])].map(recordOf);
    return { near: of('near'), far: of('far') };
  }

  write(bins: readonly LineBin[]): void {
    this.#remember(bins);
    this.#persist({ type: 'line-bins', bins });
  }

  /** Slots that are out of service, as `BusyOut` keeps them. */
  busyOut(span: string): number {
    return this.#busyOut.get(busyOutOf(span)) ?? 0;
  }

  setBusyOut(span: string, value: number): void {
    this.#busyOut.set(busyOutOf(span), value);
    this.#persist({ type: 'cursor', name: busyOutOf(span), value });
  }

  #remember(bins: readonly LineBin[]): void {
    for (const bin of bins) {
      const known = this.#bins.get(key(bin.span, bin.end)) ?? new Map<LineBin['start'], LineBin>();
      this.#bins.set(key(bin.span, bin.end), known.set(bin.start, bin));
      const oldest = known.size > MOST ? known.keys().next().value : undefined;
      if (oldest !== undefined) known.delete(oldest);
    }
  }
}

const key = (span: string, end: End): string => `${span} ${end}`;

/** A parameter that an earlier release did not count stands at 0; one that we don't count is left out. */
function recordOf({ start, seconds, counts, crossed }: LineBin): BinRecord {
  const known = Object.fromEntries(PARAMETERS.map((name) => [name, counts[name] ?? 0]));
  const names = PARAMETERS.filter((name) => crossed.includes(name));
  return { start, seconds, counts: { ...NOTHING, ...known } satisfies Counts, crossed: names };
}
