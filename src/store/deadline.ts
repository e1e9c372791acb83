/**
 * Deadlines that outlive the process. Within one boot the time since boot decides, so that a step of the wall clock neither
 * fires nor extends them; after another boot only the wall clock is left, and it can't give more than there was.
 */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { type Millis, ms, type WallTime } from '../kernel/time.ts';

export interface StoredDeadline {
  readonly expires: WallTime;
  /** What was left when it was stored. */
  readonly left: Millis;
  readonly boot: string;
  /** Time since boot when it was stored, in milliseconds. */
  readonly uptime: number;
}

export interface BootTime {
  readonly boot: string;
  readonly uptime: number;
}

/** How long a stored deadline is still away at `now`; 0 when it is past. */
export function remaining(stored: StoredDeadline, now: BootTime, wall: WallTime): Millis {
  const left = stored.boot === now.boot ? stored.left - (now.uptime - stored.uptime) : stored.expires - wall;
  return ms(Math.max(0, Math.min(left, stored.left)));
}

/** Which boot this is, and how long it has lasted. */
export function bootTime(): BootTime {
  return { boot: BOOT, uptime: Math.round(uptime() * 1000) };
}

const BOOT = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
