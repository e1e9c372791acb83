import type { Clock, Instant, WallTime } from '../kernel/time.ts';

/** ISO 8601 in UTC. */
export const iso = (at: WallTime): string => new Date(at).toISOString();

/** A monotonic instant as people read it. */
export const isoOf = (at: Instant, clock: Clock): string => iso((clock.wall() + (at - clock.now())) as WallTime);
