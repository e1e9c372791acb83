/** The sound of many streams at once, on a machine that may not keep up: all that comes is compared, and what does not come is explained. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { CYCLE, type KnownSink } from '../known-sound.ts';

/** Octets of each stream that are compared in one piece at least: three blocks. */
const PIECE = 480;
/** The share of what was said in the time that must have come. */
const ARRIVED = 0.5;
/** How often a machine that stood still is judged anew; what was altered meanwhile is a fault all the same. */
const ATTEMPTS = 10;
/** In milliseconds, what was counted has gone through all buffers. */
const THROUGH = 500;

/** What was held up so far, by whoever counts it. */
export interface Hindrances {
  /** Each of one stream: the box's, and those of the far end's driver. */
  readonly slips: number;
  readonly farSlips: number;
  /** Each of all streams: ticks that the media loop gave up, and times that the phones' packets were late. */
  readonly ticksLeftOut: number;
  readonly packetsLate: number;
}

/**
 * Compares so many octets of every stream with what was said. A machine that is held up leaves blocks out, says one twice or makes one up:
 * then somebody has counted that, and what did come is the same to the octet and in its order. No octet may be altered.
 */
export async function compare(sinks: readonly KnownSink[], hindrances: () => Promise<Hindrances>, wanted = CYCLE) {
  const least = (pick: (sink: KnownSink) => number): number => Math.min(...sinks.map(pick));
  for (let attempt = 1; ; attempt++) {
    const before = await hindrances();
    await sleep(THROUGH);
    for (const sink of sinks) sink.begin();
    const from = performance.now();
    const compared = (): boolean => sinks.every(({ exact, longest }) => exact >= wanted && longest >= PIECE);
    const most = wanted / 8 / ARRIVED;
    while (!compared() && performance.now() - from < most) await sleep(50);
    const took = performance.now() - from;
    const after = await hindrances();
    const count = (name: keyof Hindrances): number => after[name] - before[name];
    const facts = {
      streams: sinks.length,
      attempt,
      took: Math.round(took / 100) / 10,
      exact: least(({ exact }) => exact),
      arrived: Math.round(100 * least(({ exact }) => exact / (8 * took))) / 100,
      leastInOnePiece: least(({ longest }) => longest),
      breaks: sinks.reduce((sum, { breaks }) => sum + breaks, 0),
      slips: count('slips'),
      farSlips: count('farSlips'),
      ticksLeftOut: count('ticksLeftOut'),
      packetsLate: count('packetsLate'),
    };
    const all = sinks.map(({ heard, longest, breaks }) => `${heard}/${longest}/${breaks}`);
    const told = `${JSON.stringify(facts)}\nheard/longest/breaks: ${all.join(' ')}`;
    const faults = sinks.flatMap((sink) => sink.told);
    assert.deepEqual(faults, [], told);
    // Packets that come late are made up for, and the buffer may then wait or skip.
    const counted = facts.slips + facts.farSlips + 2 * sinks.length * (facts.ticksLeftOut + facts.packetsLate);
    assert.ok(facts.breaks <= counted, `a stream broke, and nobody has counted why: ${told}`);
    if (compared()) return facts;
    assert.ok(attempt < ATTEMPTS, told);
  }
}
