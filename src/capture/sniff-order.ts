/** What the capturing process is told, as its one argument, and how it says what it came to. */
import type { Tap } from './keeper.ts';

export interface SniffOrder {
  readonly taps: readonly Tap[];
  /** When it ends by itself. */
  readonly seconds: number;
  /** How much it may write of packets. */
  readonly octets: number;
}

/** Exit codes; with any other it has failed, and the last line of its standard error that begins so says why. */
export const EXIT_CODES = { asked: 0, failed: 1, time: 3, full: 4 } as const;
export const SAYS = 'capture: ';

/** For how long the kernel gathers packets before it hands them over, in milliseconds: GATHER of wrap.c. */
export const GATHER = 100;

export const MOST_TAPS = 8;

/** As the kernel permits them, without those that a shell would have to quote. */
export const INTERFACE_NAME = /^[A-Za-z0-9_.-]{1,15}$/;

/** The order, if it is one. */
export function readOrder(text: string | undefined): SniffOrder | undefined {
  let order: unknown;
  try {
    order = JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
  if (!isRecord(order)) return undefined;
  const { taps, seconds, octets } = order;
  if (!Array.isArray(taps) || taps.length === 0 || taps.length > MOST_TAPS || !taps.every(isTap)) return undefined;
  return isCount(seconds) && isCount(octets) ? { taps, seconds, octets } : undefined;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isTap = (value: unknown): value is Tap =>
  isRecord(value) &&
  typeof value.name === 'string' &&
  INTERFACE_NAME.test(value.name) &&
  typeof value.filter === 'string' &&
  // Without a filter everything would be let through.
  value.filter.length > 0;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;
