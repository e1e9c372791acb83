import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Alarm, Reactor, type Wakeable } from '../../../src/gateway/reactor.ts';
import type { Instant, WallTime } from '../../../src/kernel/time.ts';

function world() {
  let now = 0;
  let armed: { at: number; ring: () => void } | undefined;
  const faults: unknown[] = [];
  const alarm: Alarm = {
    set: (at, ring) => {
      armed = { at, ring };
    },
    clear: () => {
      armed = undefined;
    },
  };
  const reactor = new Reactor({ now: () => now as Instant, wall: () => now as WallTime }, alarm, (e) => faults.push(e));
  return {
    reactor,
    faults,
    armed: () => armed?.at,
    advance(to: number) {
      now = to;
      while (armed !== undefined && armed.at <= now) {
        const { ring } = armed;
        armed = undefined;
        ring();
      }
    },
  };
}

test('a step started inside a step waits until the first one is whole', () => {
  const { reactor } = world();
  const order: string[] = [];
  reactor.run(() => {
    reactor.run(() => order.push('second'));
    order.push('first');
  });
  assert.deepEqual(order, ['first', 'second']);
});

test('a deadline that moved does not fire at its old time', () => {
  const w = world();
  const woken: number[] = [];
  let deadline: Instant | undefined = 100 as Instant;
  const machine: Wakeable = {
    get deadline() {
      return deadline;
    },
    wake(now) {
      woken.push(now);
      deadline = undefined;
    },
  };
  w.reactor.watch(machine);
  deadline = 300 as Instant;
  w.reactor.watch(machine);
  w.advance(200);
  assert.deepEqual(woken, []);
  w.advance(300);
  assert.deepEqual(woken, [300]);
  assert.equal(w.armed(), undefined);
});

test('a fault in one step neither stops the loop nor loses the next step', () => {
  const w = world();
  let ran = false;
  w.reactor.run(() => {
    w.reactor.run(() => {
      ran = true;
    });
    throw new Error('ours');
  });
  assert.equal(ran, true);
  assert.equal(w.faults.length, 1);
});
