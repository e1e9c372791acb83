/** What a line has brought of late, for the doctor, whatever its bins are. */
import { type Instant, seconds } from '../kernel/time.ts';
import type { SpanEvidence } from './evidence.ts';
import type { End } from './performance.ts';
import { type Counts, since } from './second.ts';

/** Marks are a minute apart: errors are looked at over a quarter hour, slips over an hour. */
const QUARTER = 15;
const HOUR = 60;

/** What had been counted at a moment. */
interface Mark {
  readonly counted: Readonly<Record<End, Counts>>;
  readonly at: Instant;
}

export class LookBack {
  #marks: readonly Mark[] = [];

  /** Once a minute. */
  mark(counted: Mark['counted'], now: Instant): void {
    this.#marks = [...this.#marks.slice(-HOUR), { counted, at: now }];
  }

  /** The line is mended: what it did while it was broken says nothing of it from here on. */
  begin(counted: Mark['counted'], now: Instant): void {
    this.#marks = [{ counted, at: now }];
  }

  /** @param farTells Whether the far end reports what it receives. */
  facts(
    counted: Mark['counted'],
    farTells: boolean,
    now: Instant,
  ): Pick<SpanEvidence, 'seconds' | 'near' | 'far' | 'slips'> {
    const [oldest = { counted, at: now }] = this.#marks;
    const mark = this.#marks.at(-1 - QUARTER) ?? oldest;
    const slipped = (end: End): number => counted[end].css - oldest.counted[end].css;
    return {
      seconds: (now - mark.at) / seconds(1),
      near: since(mark.counted.near, counted.near),
      far: since(mark.counted.far, counted.far),
      slips: {
        near: slipped('near'),
        far: farTells ? slipped('far') : undefined,
        seconds: (now - oldest.at) / seconds(1),
      },
    };
  }
}
