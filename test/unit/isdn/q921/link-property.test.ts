import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Q921Link } from '../../../../src/isdn/q921/link.ts';
import type { LinkSide } from '../../../../src/isdn/q921/primitives.ts';
import type { Instant } from '../../../../src/kernel/time.ts';
import { message, type PairPlan, runPair } from '../../../support/link-pair.ts';

const sides: readonly LinkSide[] = ['user', 'network'];
const other = (side: LinkSide): LinkSide => (side === 'user' ? 'network' : 'user');

/** Messages of both sides, numbered from 100 so that their text sorts as they were sent. */
function chatter(counts: Readonly<Record<LinkSide, number>>, from: number, gap: number): PairPlan['script'] {
  return sides.flatMap((side) =>
    Array.from({ length: counts[side] }, (_, i) => ({
      at: from + i * gap,
      side,
      event: message(`${side} ${100 + i}`),
    })),
  );
}

const establish = sides.map((side) => ({ at: 0, side, event: { type: 'dl-establish' as const } }));
const texts = (plan: PairPlan, side: LinkSide): string[] =>
  plan.script.flatMap(({ side: by, event }) =>
    by === side && event.type === 'dl-data' ? [String.fromCharCode(...event.message)] : [],
  );

const seed = fc.nat();
const counts = fc.record({ user: fc.nat({ max: 60 }), network: fc.nat({ max: 60 }) });

test('as long as enquiries get through at last, nothing is lost, doubled or moved out of order', () => {
  const plans = fc.record({
    seed,
    counts,
    delay: fc.nat({ max: 900 }),
    loss: fc.nat({ max: 40 }),
    gap: fc.nat({ max: 300 }),
  });
  fc.assert(
    fc.property(plans, ({ seed, counts, delay, loss, gap }) => {
      const plan: PairPlan = {
        seed,
        settings: { n200: 1000 },
        delay,
        loss: (time) => (time < 3000 ? 0 : loss / 100),
        script: [...establish, ...chatter(counts, 3000, gap)],
        until: 3_600_000,
      };
      const ends = runPair(plan);
      for (const side of sides) {
        assert.deepEqual(ends[other(side)].delivered, texts(plan, side));
        assert.deepEqual(
          ends[side].errors.filter((code) => code !== 'F' && code !== 'A' && code !== 'C'),
          [],
        );
      }
    }),
    { numRuns: 60 },
  );
});

test('whatever the line does, messages come in order and once, and none is missing without layer 3 being told', () => {
  const outage = fc.record({ at: fc.nat({ max: 60_000 }), for: fc.nat({ max: 40_000 }) });
  const plans = fc.record({ seed, counts, loss: fc.nat({ max: 70 }), outages: fc.array(outage, { maxLength: 3 }) });
  fc.assert(
    fc.property(plans, ({ seed, counts, loss, outages }) => {
      const dead = (time: number): boolean => outages.some((gap) => time >= gap.at && time < gap.at + gap.for);
      const plan: PairPlan = {
        seed,
        delay: 20,
        loss: (time) => (time > 120_000 ? 0 : dead(time) ? 1 : loss / 100),
        script: [...establish, ...chatter(counts, 5000, 500), ...chatter({ user: 1, network: 1 }, 200_000, 0)],
        until: 300_000,
      };
      const ends = runPair(plan);
      for (const side of sides) {
        const sent = texts(plan, side);
        const heard = ends[other(side)].delivered;
        // The last message goes out on a line that has healed.
        assert.equal(heard.at(-1), sent.at(-1));
        assert.equal(ends[side].link.state, 'multiple-frame-established');
        const body = heard.slice(0, -1);
        assert.deepEqual(body, [...new Set(body)].sort());
        if (ends[side].told.length === 1 && ends[side].refused.length === 0) assert.deepEqual(heard, sent);
      }
    }),
    { numRuns: 100 },
  );
});

test('a silent link costs one enquiry each T203 and no more', () => {
  const ends = runPair({ seed: 1, delay: 5, loss: () => 0, script: establish, until: 100_500 });
  assert.ok(ends.user.frames + ends.network.frames <= 4 + 4 * 10, `${ends.user.frames} + ${ends.network.frames}`);
});

test('no octets from the peer, in any state, make the link throw or grow', () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 8 }),
    fc
      .tuple(fc.constantFrom(0, 2), fc.nat({ max: 255 }), fc.nat({ max: 255 }), fc.uint8Array({ maxLength: 6 }))
      .map(([address, control, second, rest]) => Uint8Array.of(address, 1, control, second, ...rest)),
    fc
      .tuple(fc.constantFrom(0, 2), fc.constantFrom(0x7f, 0x6f, 0x53, 0x73, 0x63, 0x1f, 0x0f, 0x97))
      .map(([address, control]) => Uint8Array.of(address, 1, control)),
  );
  const step = fc.oneof(
    { weight: 6, arbitrary: hostile.map((frame) => ({ type: 'frame' as const, frame })) },
    { weight: 1, arbitrary: fc.constantFrom('dl-establish' as const, 'dl-release' as const).map((type) => ({ type })) },
    { weight: 2, arbitrary: fc.constant(message('x')) },
    { weight: 1, arbitrary: fc.boolean().map((busy) => ({ type: 'own-busy' as const, busy })) },
    { weight: 1, arbitrary: fc.boolean().map((active) => ({ type: 'line' as const, active })) },
    { weight: 3, arbitrary: fc.constant('wait' as const) },
  );
  fc.assert(
    fc.property(fc.constantFrom(...sides), fc.array(step, { maxLength: 80 }), (side, steps) => {
      const link = new Q921Link({ side, queueLimit: 16 });
      let now = 0;
      for (const event of steps) {
        const due = link.deadline;
        if (event === 'wait') now = Math.max(now, due ?? now);
        const effects = event === 'wait' ? link.wake(now as Instant) : link.feed(event, now as Instant);
        // A step answers with at most a windowful of I frames and a handful of others.
        assert.ok(effects.length <= 7 + 6, effects.map(({ type }) => type).join(' '));
        assert.ok(link.queued <= 16);
        const next = link.deadline;
        assert.ok(next === undefined || next > now, 'a timer in the past would spin');
      }
    }),
    { numRuns: 500 },
  );
});
