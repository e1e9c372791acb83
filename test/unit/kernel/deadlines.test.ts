import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Deadline, Deadlines } from '../../../src/kernel/deadlines.ts';
import type { Instant } from '../../../src/kernel/time.ts';

const at = (n: number): Instant => n as Instant;

test('owners wake in the order of their deadlines, whatever was set, moved and cleared before', () => {
  const owner = fc.integer({ min: 0, max: 20 });
  const step = fc.tuple(owner, fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const deadlines = new Deadlines<number>();
      const model = new Map<number, number>();
      for (const [who, when] of steps) {
        deadlines.set(who, when === undefined ? undefined : at(when));
        if (when === undefined) model.delete(who);
        else model.set(who, when);
        const first = model.size === 0 ? undefined : Math.min(...model.values());
        assert.equal(deadlines.first, first);
        assert.equal(deadlines.size, model.size);
      }
      const woken: number[] = [];
      for (let who = deadlines.take(at(1000)); who !== undefined; who = deadlines.take(at(1000))) {
        woken.push(model.get(who) ?? -1);
        model.delete(who);
      }
      assert.deepEqual(
        woken,
        woken.toSorted((a, b) => a - b),
      );
      assert.equal(model.size, 0);
    }),
  );
});

test('an owner that keeps its own deadline wakes like those that are looked up', () => {
  const step = fc.tuple(fc.nat({ max: 20 }), fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const deadlines = new Deadlines<number>();
      const own = Array.from({ length: 21 }, (_, owner): Deadline<number> => ({ owner, at: at(0), place: -1 }));
      const model = new Map<number, number>();
      for (const [who, when] of steps) {
        const deadline = own[who];
        assert.ok(deadline !== undefined);
        deadlines.move(deadline, when === undefined ? undefined : at(when));
        if (when === undefined) model.delete(who);
        else model.set(who, when);
        assert.equal(deadlines.first, model.size === 0 ? undefined : Math.min(...model.values()));
        assert.equal(deadlines.size, model.size);
      }
      let before = 0;
      for (let who = deadlines.take(at(1000)); who !== undefined; who = deadlines.take(at(1000))) {
        const when = model.get(who) ?? -1;
        assert.ok(when >= before);
        before = when;
        assert.equal(own[who]?.place, -1);
        model.delete(who);
      }
      assert.equal(model.size, 0);
    }),
  );
});

test('an owner is not woken before its time', () => {
  const deadlines = new Deadlines<string>();
  deadlines.set('a', at(100));
  assert.equal(deadlines.take(at(99)), undefined);
  assert.equal(deadlines.take(at(100)), 'a');
  assert.equal(deadlines.take(at(100)), undefined);
});
