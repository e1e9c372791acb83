/** Two clocks that must never be mixed: the monotonic one drives timers, the wall one dates records. Both in milliseconds. */

declare const instant: unique symbol;
declare const wall: unique symbol;
declare const millis: unique symbol;

/** A point on the monotonic clock, in milliseconds from an arbitrary origin. Only differences mean anything. */
export type Instant = number & { readonly [instant]: true };

/** Milliseconds since 1970-01-01 UTC. It may step; no timer is ever compared with it. */
export type WallTime = number & { readonly [wall]: true };

/** A length of time in milliseconds. */
export type Millis = number & { readonly [millis]: true };

export const ms = (n: number): Millis => n as Millis;
export const seconds = (n: number): Millis => (n * 1000) as Millis;
export const minutes = (n: number): Millis => (n * 60_000) as Millis;

/** The instant `wait` after `at`. */
export const after = (at: Instant, wait: Millis): Instant => (at + wait) as Instant;

/** How long it is from `from` to `to`; negative when `to` is past. */
export const until = (from: Instant, to: Instant): Millis => (to - from) as Millis;

/** The earlier of two deadlines, where undefined means none. */
export function earlier(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return a < b ? a : b;
}

/** What the composition root hands to everything that needs the time. */
export interface Clock {
  now(): Instant;
  wall(): WallTime;
}
