/** The loop that a DAHDI span wants, out of Node's own timers. */
import type { Instant, WallTime } from '../../../src/kernel/time.ts';
import type { DahdiLoop, DahdiSpan } from '../../../src/span/dahdi/span.ts';

export function timerLoop(): DahdiLoop {
  const timers = new Map<DahdiSpan, NodeJS.Timeout>();
  const clock = { now: () => performance.now() as Instant, wall: () => Date.now() as WallTime };
  return {
    clock,
    run: (work) => queueMicrotask(work),
    watch(span) {
      clearTimeout(timers.get(span));
      if (span.deadline === undefined) return;
      const wait = Math.max(0, span.deadline - performance.now()) + 1;
      timers.set(
        span,
        setTimeout(() => span.wake(clock.now()), wait),
      );
    },
    forget: (span) => clearTimeout(timers.get(span)),
  };
}
