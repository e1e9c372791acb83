/** Bit error rate tests and loopbacks on the media path: two spans that face each other, and a wire that spoils what it is told to. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seeded } from '../../../src/kernel/random.ts';
import type { BertPattern } from '../../../src/line/bert.ts';
import type { BertOrder, BertSlot } from '../../../src/media/bert.ts';
import type { BertAnswer } from '../../../src/media/messages.ts';
import { slipsOf } from '../../../src/media/span-room.ts';
import { BLOCK } from '../../../src/rtp/g711.ts';
import type { SpanMediaSpec } from '../../../src/span/port.ts';
import { MediaRig } from '../../support/media-rig.ts';

const span = (id: string, from: number, to: number): SpanMediaSpec => ({
  driver: 'udp',
  id,
  slots: 23,
  listen: { address: '127.0.0.1', port: from },
  peer: { address: '127.0.0.1', port: to },
});

/** `near` and `far` face each other. */
class Wire {
  readonly rig = new MediaRig([span('near', 20_000, 22_000), span('far', 22_000, 20_000)]);
  /** Told of every block on its way, from the port it was sent to; may change it. */
  spoil: (port: number, block: Uint8Array) => void = () => {};

  run(ticks: number): void {
    const { io } = this.rig;
    this.rig.run(ticks, () => {
      for (const { tag, bytes, port } of io.sent.splice(0)) {
        const to = [...io.bound].find(([, bound]) => bound === port)?.[0];
        const from = io.bound.get(tag);
        if (to === undefined || from === undefined) continue;
        this.spoil(port, bytes);
        io.arrive(to, bytes, '127.0.0.1', from);
      }
    });
  }

  bert(id: string, order?: BertOrder): BertAnswer {
    this.rig.said.length = 0;
    this.rig.control.obey({ type: 'bert', request: 1, span: id, order }, this.rig.moment);
    const [said] = this.rig.said;
    assert.ok(said?.type === 'bert' && said.answer !== undefined);
    return said.answer;
  }

  start(id: string, slots: readonly number[], pattern: BertPattern = 'qrss'): void {
    assert.deepEqual(this.bert(id, { type: 'start', pattern, slots }).taken, []);
  }

  slot(id: string, slot: number): BertSlot {
    const found = this.bert(id).slots.find((one) => one.slot === slot);
    assert.ok(found !== undefined);
    return found;
  }

  loop(id: string, loopback: 'local' | 'line' | 'payload' | undefined): void {
    this.rig.control.obey({ type: 'loop', span: id, loopback }, this.rig.moment);
  }
}

const SECOND = 50;
const BITS = 64_000;

describe('a bit error rate test', () => {
  for (const pattern of ['qrss', 'all-ones'] as const) {
    test(`${pattern}: ten clean seconds between two boxes count every bit and no error`, () => {
      const wire = new Wire();
      wire.start('near', [1, 23], pattern);
      wire.start('far', [1, 23], pattern);
      wire.run(SECOND);
      const before = wire.slot('near', 1);
      wire.run(10 * SECOND);
      for (const end of ['near', 'far']) {
        for (const slot of [1, 23]) {
          const { sync, errors, losses, errorSeconds } = wire.slot(end, slot);
          assert.deepEqual(
            { sync, errors, losses, errorSeconds },
            { sync: true, errors: 0, losses: 0, errorSeconds: 0 },
          );
        }
      }
      const now = wire.slot('near', 1);
      assert.equal(now.bits - before.bits, 10 * BITS);
      assert.equal(now.seconds - before.seconds, 10);
    });

    test(`${pattern}: errors of the wire are counted to the bit, and their seconds`, () => {
      const wire = new Wire();
      wire.start('near', [3], pattern);
      wire.start('far', [3], pattern);
      wire.run(2 * SECOND);
      const random = seeded(11);
      let tick = 0;
      let spoilt = 0;
      // Seven wrong bits in every third second, one block each.
      wire.spoil = (port, block) => {
        if (port !== 22_003) return;
        const second = Math.floor(tick / SECOND);
        if (second % 3 === 0 && tick % SECOND < 7) {
          const octet = Math.floor(random.next() * BLOCK);
          block[octet] = (block[octet] ?? 0) ^ (1 << Math.floor(random.next() * 8));
          spoilt++;
        }
        tick++;
      };
      wire.run(9 * SECOND);
      assert.equal(spoilt, 21);
      assert.equal(wire.slot('far', 3).errors, 21);
      assert.equal(wire.slot('far', 3).sync, true);
      const { errorSeconds } = wire.slot('far', 3);
      // The test's seconds begin with its step, so a burst of ours may lie across two of them.
      assert.ok(errorSeconds >= 3 && errorSeconds <= 6, String(errorSeconds));
      assert.equal(wire.slot('near', 3).errors, 0);
    });
  }

  test('the line’s count of slips does not fall when a test with some is over, or begins anew', () => {
    const wire = new Wire();
    const [near] = wire.rig.memory.spans;
    assert.ok(near !== undefined);
    wire.start('near', [5]);
    wire.run(SECOND);
    const before = slipsOf(near);
    near.channels[4]?.lineSlipped();
    assert.equal(slipsOf(near), before + 1);
    wire.bert('near', { type: 'stop' });
    assert.equal(slipsOf(near), before + 1);
    wire.start('near', [5]);
    assert.equal(slipsOf(near), before + 1);
  });

  test('errors that we send on purpose are counted by the far end, and not by us', () => {
    const wire = new Wire();
    wire.start('near', [1, 2]);
    wire.start('far', [1, 2]);
    wire.run(SECOND);
    wire.bert('near', { type: 'inject', errors: 13 });
    wire.run(SECOND);
    assert.deepEqual(
      [wire.slot('far', 1).errors, wire.slot('far', 2).errors, wire.slot('near', 1).errors],
      [13, 13, 0],
    );
  });

  test('a block that is lost on the way costs the step once, and at most two seconds', () => {
    const wire = new Wire();
    wire.start('near', [1]);
    wire.start('far', [1]);
    wire.run(2 * SECOND);
    const { io } = wire.rig;
    // One tick in which nothing of it arrives.
    io.sent.length = 0;
    wire.run(3 * SECOND);
    const { sync, losses, errorSeconds } = wire.slot('far', 1);
    assert.deepEqual({ sync, losses }, { sync: true, losses: 1 });
    assert.ok(errorSeconds >= 1 && errorSeconds <= 2);
  });

  test('a line that goes dead is no error, but its seconds are errored and the bits stand still', () => {
    const wire = new Wire();
    wire.start('near', [1]);
    wire.start('far', [1]);
    wire.run(2 * SECOND);
    wire.bert('near', { type: 'stop' });
    wire.run(SECOND);
    const before = wire.slot('far', 1);
    wire.run(5 * SECOND);
    const now = wire.slot('far', 1);
    assert.equal(now.bits, before.bits);
    assert.equal(now.errorSeconds - before.errorSeconds, 5);
  });

  test('a slot with a call is refused, and then nothing is begun on the others', () => {
    const wire = new Wire();
    wire.rig.openTdm('leg', 'near', 5);
    const answer = wire.bert('near', { type: 'start', pattern: 'qrss', slots: [4, 5, 24] });
    assert.deepEqual(answer.taken, [5, 24]);
    assert.deepEqual(wire.bert('near').slots, []);
    wire.rig.openTdm('other', 'near', 4);
    assert.ok(wire.rig.memory.legs.has('other'));
  });

  test('a call is refused a slot under test, and has it when the test is over', () => {
    const wire = new Wire();
    wire.start('near', [5]);
    wire.rig.openTdm('leg', 'near', 5);
    assert.equal(wire.rig.memory.legs.has('leg'), false);
    wire.bert('near', { type: 'stop' });
    wire.rig.openTdm('leg', 'near', 5);
    assert.equal(wire.rig.memory.legs.has('leg'), true);
  });

  test('a span that is closed ends its test; the next one in its room begins clean', () => {
    const wire = new Wire();
    wire.start('near', [1]);
    wire.run(SECOND);
    wire.rig.closeSpan(0);
    wire.rig.openSpan(0, span('near', 20_000, 22_000));
    wire.rig.openTdm('leg', 'near', 1);
    assert.ok(wire.rig.memory.legs.has('leg'));
  });
});

describe('loopbacks of the B-channels', () => {
  test('line and payload: the far end hears its own pattern back', () => {
    for (const loopback of ['line', 'payload'] as const) {
      const wire = new Wire();
      wire.loop('far', loopback);
      wire.start('near', [1, 9]);
      wire.run(5 * SECOND);
      const { sync, errors, losses } = wire.slot('near', 9);
      assert.deepEqual({ sync, errors, losses }, { sync: true, errors: 0, losses: 0 }, loopback);
      wire.bert('near', { type: 'inject', errors: 5 });
      wire.run(SECOND);
      assert.equal(wire.slot('near', 9).errors, 5, loopback);
      wire.loop('far', undefined);
      wire.run(SECOND);
      const before = wire.slot('near', 9).bits;
      wire.run(SECOND);
      assert.equal(wire.slot('near', 9).bits, before, 'nothing comes back any more');
    }
  });

  test('local: we hear ourselves, and nothing of the line', () => {
    const wire = new Wire();
    wire.start('near', [1]);
    wire.start('far', [1]);
    wire.run(SECOND);
    wire.loop('near', 'local');
    wire.run(2 * SECOND);
    wire.bert('near', { type: 'inject', errors: 4 });
    const errors = wire.slot('near', 1).errors;
    wire.bert('far', { type: 'inject', errors: 50 });
    wire.run(SECOND);
    assert.equal(wire.slot('near', 1).errors - errors, 4);
    assert.equal(wire.slot('near', 1).sync, true);
  });

  test('a call that is up is not looped, and a loopback leaves no channel open behind', () => {
    const wire = new Wire();
    wire.rig.openTdm('leg', 'far', 1);
    wire.loop('far', 'line');
    wire.start('near', [1, 2]);
    wire.run(2 * SECOND);
    assert.deepEqual([wire.slot('near', 1).sync, wire.slot('near', 2).sync], [false, true]);
    wire.loop('far', undefined);
    const open = wire.rig.memory.rooms[1]?.span?.channels.filter(({ isOpen }) => isOpen).length;
    assert.equal(open, 1);
  });
});
