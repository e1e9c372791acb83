/** Sound is judged together with who was late while it was said: a machine that is busy elsewhere is not the gateway's fault. */
import type { TestContext } from 'node:test';
import type { MediaPlane } from '../../src/media/plane.ts';
import { farEndsLate } from './sound-desk.ts';

/** What a pass has found: whether it is as it must be, and what there is to tell. */
export interface Pass {
  readonly good: boolean;
  readonly found: unknown;
}

/** What the gateway has counted against itself since it was started. */
export interface Losses {
  /** Blocks that a span has dropped or repeated. */
  readonly slips: number;
  /** Packets that never came, came too late, or were made up. */
  readonly lost: number;
  readonly late: number;
  readonly concealed: number;
  /** Ticks that were given up. */
  readonly overruns: number;
  /** Blocks by which a jitter buffer has moved its play-out point: no loss, but it breaks a sound in two. */
  readonly moves: number;
}

/** Beyond so many milliseconds a far end may find the gateway's buffers empty: they hold a block, 20 ms, from the first packet on. */
const LATE = 10;

/** After so many seconds no other pass is begun. */
const LONGEST = 100;

/**
 * Repeats `pass` until it is good. Only what a far end's lateness, a machine that held up the media loop, or a jitter buffer that settled
 * may have spoilt is tried again, and not for ever; a pass in which the gateway has lost something by itself fails, even when it sounds well.
 */
export async function inTime(t: TestContext, losses: () => Promise<Losses>, pass: () => Promise<Pass>): Promise<void> {
  const from = performance.now();
  for (;;) {
    const before = await losses();
    farEndsLate();
    const { good, found } = await pass();
    const late = farEndsLate();
    const since = difference(before, await losses());
    const account = JSON.stringify({ found, farEndsLate: late, ...since });
    const { moves, ...own } = since;
    const innocent = Object.values(own).every((count) => count === 0);
    const heldUp = late > LATE || own.overruns > 0;
    if (good && (innocent || heldUp)) return t.diagnostic(account);
    const excused = heldUp || (innocent && moves > 0);
    if (!excused) throw new Error(`the gateway lost something of itself: ${account}`);
    if (performance.now() - from > LONGEST * 1000) throw new Error(`the machine was never free enough: ${account}`);
    t.diagnostic(`again: ${account}`);
  }
}

function difference(before: Losses, after: Losses): Losses {
  return {
    slips: after.slips - before.slips,
    lost: after.lost - before.lost,
    late: after.late - before.late,
    concealed: after.concealed - before.concealed,
    overruns: after.overruns - before.overruns,
    moves: after.moves - before.moves,
  };
}

/** What a media plane has lost; the packets' figures are those of these legs, which are RTP. */
export async function lossesOf(plane: MediaPlane, legs: readonly string[]): Promise<Losses> {
  const { overruns, spans } = plane.stats();
  const slips = spans.reduce((sum, span) => sum + span.slips, 0);
  const all = { slips, overruns, lost: 0, late: 0, concealed: 0, moves: 0 };
  for (const leg of legs) {
    const stats = await plane.stream(leg);
    if (stats === undefined) throw new Error(`no stream ${leg}`);
    all.lost += stats.lost;
    all.late += stats.late;
    all.concealed += stats.concealed;
    all.moves += stats.slips;
  }
  return all;
}
