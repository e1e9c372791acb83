/** What a line has brought of late, for the doctor: since a mark of at most a quarter hour ago, whatever its bins are. */
import { type Instant, seconds } from '../kernel/time.ts';
import type { LineReading } from '../span/port.ts';
import type { SpanEvidence } from './evidence.ts';
import type { End } from './performance.ts';
import { type Counts, since } from './second.ts';

/** Marks are a minute apart, and one more than a quarter hour has minutes. */
const MOST = 16;

/** What had been counted at a moment. */
interface Mark {
  readonly counted: Readonly<Record<End, Counts>>;
  readonly slips: SpanEvidence['slips'] | undefined;
  readonly at: Instant;
}

export class LookBack {
  #marks: readonly Mark[] = [];

  /** Once a minute. */
  mark(counted: Mark['counted'], reading: LineReading | undefined, now: Instant): void {
    const slips = reading && { near: reading.counters.slips, far: reading.far?.slips };
    this.#marks = [...this.#marks.slice(1 - MOST), { counted, slips, at: now }];
  }

  /** The line is mended: what it did while it was broken says nothing of it from here on. */
  begin(counted: Mark['counted'], reading: LineReading | undefined, now: Instant): void {
    this.#marks = [];
    this.mark(counted, reading, now);
  }

  facts(
    counted: Mark['counted'],
    reading: LineReading | undefined,
    now: Instant,
  ): Pick<SpanEvidence, 'seconds' | 'near' | 'far' | 'slips'> {
    const [mark = { counted, slips: undefined, at: now }] = this.#marks;
    return {
      seconds: (now - mark.at) / seconds(1),
      near: since(mark.counted.near, counted.near),
      far: since(mark.counted.far, counted.far),
      slips: slipsSince(mark.slips, reading),
    };
  }
}

function slipsSince(mark: Mark['slips'], reading: LineReading | undefined): SpanEvidence['slips'] {
  if (mark === undefined || reading === undefined) return { near: 0, far: undefined };
  const { counters, far } = reading;
  // A counter that has fallen began anew.
  const more = (before: number, now: number): number => (now >= before ? now - before : now);
  return {
    near: more(mark.near, counters.slips),
    far: far === undefined || mark.far === undefined ? undefined : more(mark.far, far.slips),
  };
}
