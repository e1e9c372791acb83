/** Calls on every B-channel of a media plane's spans, and what its loop takes for them. */
import type { MediaStats } from '../../../src/media/counters.ts';
import type { MediaPlane } from '../../../src/media/plane.ts';

export const CHANNELS = 23;
const WINDOWS = 5;
const SECONDS = 2;

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Each call goes in at one channel and out at its neighbour, so that both directions of all channels carry sound. */
export function fillSpans(plane: MediaPlane, spans: readonly string[]): void {
  const channels = spans.flatMap((span) => Array.from({ length: CHANNELS }, (_, n) => ({ span, slot: n + 1 })));
  for (const [n, channel] of channels.entries()) {
    plane.leg(`leg${n}`, { type: 'open-tdm', channel, law: 'ulaw' });
    if (n % 2 === 1) plane.call({ type: 'join', a: `leg${n - 1}`, b: `leg${n}` });
  }
}

/** Of a core that the loop takes, in percent: the middle one of some stretches. */
export interface Load {
  readonly cpu: number;
  readonly before: MediaStats;
  readonly after: MediaStats;
  /** Of all stretches together, in seconds. */
  readonly time: number;
}

export async function measureLoad(plane: MediaPlane): Promise<Load> {
  await sleep(2);
  const stats = [plane.stats()];
  for (let n = 0; n < WINDOWS; n++) {
    await sleep(SECONDS);
    stats.push(plane.stats());
  }
  const [before, after] = [stats[0], stats.at(-1)];
  if (before === undefined || after === undefined) throw new Error('nothing was measured');
  const shares = stats.slice(1).map((now, n) => shareOf(stats[n] ?? now, now));
  const cpu = shares.sort((a, b) => a - b)[shares.length >> 1] ?? Number.NaN;
  return { cpu, before, after, time: WINDOWS * SECONDS };
}

const shareOf = (before: MediaStats, after: MediaStats): number =>
  (100 * (after.cpu - before.cpu)) / ((after.ticks - before.ticks) * 20);

/** `12.3 % of a core, ticks at most 0.50 ms late (mean 0.10), 0 slips`. */
export function loadText({ cpu, before, after }: Load): string {
  const late = after.lateness.max.toFixed(2);
  const mean = ((after.lateness.sum - before.lateness.sum) / (after.ticks - before.ticks)).toFixed(2);
  const slipsOf = ({ spans }: MediaStats): number => spans.reduce((sum, { slips }) => sum + slips, 0);
  return `${cpu.toFixed(1)} % of a core, ticks at most ${late} ms late (mean ${mean}), ${slipsOf(after) - slipsOf(before)} slips`;
}
