/** Two data links joined by a channel that delays and loses frames, but never reorders them, in simulated time. */
import assert from 'node:assert/strict';
import { Q921Link } from '../../src/isdn/q921/link.ts';
import type { LinkEffect, LinkEvent, LinkSettings, LinkSide } from '../../src/isdn/q921/primitives.ts';
import { fromLatin1, toLatin1 } from '../../src/kernel/bytes.ts';
import { seeded } from '../../src/kernel/random.ts';
import type { Instant } from '../../src/kernel/time.ts';

export interface PairPlan {
  readonly seed: number;
  readonly settings?: Partial<LinkSettings>;
  /** One way, in milliseconds. */
  readonly delay: number;
  /** The share of frames lost at a time, 0–1. */
  readonly loss: (time: number) => number;
  /** What each side asks of its link, and when. */
  readonly script: readonly { readonly at: number; readonly side: LinkSide; readonly event: LinkEvent }[];
  readonly until: number;
}

export interface PairEnd {
  readonly link: Q921Link;
  readonly delivered: string[];
  readonly refused: string[];
  readonly errors: string[];
  /** `up`, `up!`, `down`, `down!` as layer 3 was told; a confirm carries `!`. */
  readonly told: string[];
  frames: number;
}

/** No plan needs as many frames: links that talk without end are at fault. */
const MOST_FRAMES = 200_000;

export const message = (text: string): LinkEvent => ({ type: 'dl-data', message: fromLatin1(text), at: 0 });

export function runPair(plan: PairPlan): Readonly<Record<LinkSide, PairEnd>> {
  const random = seeded(plan.seed);
  const end = (side: LinkSide): PairEnd => ({
    link: new Q921Link({ ...plan.settings, side }),
    delivered: [],
    refused: [],
    errors: [],
    told: [],
    frames: 0,
  });
  const ends = { user: end('user'), network: end('network') };
  const inFlight: { at: number; to: LinkSide; frame: Uint8Array }[] = [];
  const script = [...plan.script].sort((a, b) => a.at - b.at);

  const take = (side: LinkSide, effects: readonly LinkEffect[], now: number): void => {
    const me = ends[side];
    for (const effect of effects) {
      if (effect.type === 'frame') {
        me.frames++;
        assert.ok(me.frames < MOST_FRAMES, 'the links never fall silent');
        if (random.next() >= plan.loss(now)) {
          inFlight.push({ at: now + plan.delay, to: side === 'user' ? 'network' : 'user', frame: effect.frame });
        }
      } else if (effect.type === 'dl-data') me.delivered.push(toLatin1(effect.message, effect.at));
      else if (effect.type === 'dl-refused') me.refused.push(toLatin1(effect.message));
      else if (effect.type === 'mdl-error') me.errors.push(effect.code);
      else me.told.push(`${effect.type === 'dl-established' ? 'up' : 'down'}${effect.confirm ? '!' : ''}`);
    }
  };

  for (;;) {
    const times = [
      inFlight[0]?.at,
      script[0]?.at,
      ends.user.link.deadline as number | undefined,
      ends.network.link.deadline as number | undefined,
    ].filter((time) => time !== undefined);
    const now = Math.min(...times);
    if (times.length === 0 || now > plan.until) return ends;
    const instant = now as Instant;
    if (inFlight[0]?.at === now) {
      const { to, frame } = inFlight.shift() ?? { to: 'user', frame: new Uint8Array(0) };
      take(to, ends[to].link.feed({ type: 'frame', frame }, instant), now);
    } else if (script[0]?.at === now) {
      const step = script.shift();
      if (step !== undefined) take(step.side, ends[step.side].link.feed(step.event, instant), now);
    } else {
      for (const side of ['user', 'network'] as const) take(side, ends[side].link.wake(instant), now);
    }
  }
}
