import type { Instant } from './time.ts';

/** A sans-I/O state machine: it owns no socket, no clock, no timer. Each step returns all its effects, in order. */
export interface Machine<Event, Effect> {
  /** When `wake` must be called; undefined when the machine waits for nothing. */
  readonly deadline: Instant | undefined;
  feed(event: Event, now: Instant): readonly Effect[];
  wake(now: Instant): readonly Effect[];
}

/** The end of a complete switch: a value gets here only when the code is wrong. */
export function impossible(x: never): never {
  throw new Error(`impossible value: ${JSON.stringify(x)}`);
}

/** Asserts what only our own fault could break; peers' input is never checked with it. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${why}`);
}
