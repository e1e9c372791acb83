/** How long the machine has kept somebody waiting for a processor: a bound in time is ours to keep only while nobody else takes it away. */
import { readFileSync } from 'node:fs';

/** Milliseconds since the machine was started in which at least one task waited (PSI); 0 where the kernel does not count them. */
function waited(): number {
  try {
    const total = /^some .*total=(\d+)$/m.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1];
    return Number(total ?? 0) / 1000;
  } catch {
    return 0;
  }
}

/** Milliseconds from its start on, without those in which somebody waited for a processor. */
export class FreeTime {
  readonly #from = performance.now();
  readonly #waited = waited();

  /** What the clock on the wall says. */
  get passed(): number {
    return performance.now() - this.#from;
  }

  /** What the gateway can have used. */
  get free(): number {
    return this.passed - (waited() - this.#waited);
  }
}
