import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BusyOut, type ServiceOrder, type SlotState } from '../../../src/line/busy-out.ts';

/** `i` idle, `b` busy, `o` out of service, from slot 1 on. */
const states = (letters: string): readonly SlotState[] =>
  [...letters].map((letter, i) => ({
    slot: i + 1,
    state: letter === 'b' ? 'busy' : letter === 'o' ? 'out-of-service' : 'idle',
  }));

const text = (orders: readonly ServiceOrder[]): string =>
  orders.map(({ slot, inService }) => `${inService ? '+' : '−'}${slot}`).join(' ');

describe('busy-out', () => {
  test('idle channels go at once, a call’s channel when it has ended', () => {
    const busyOut = new BusyOut(0);
    assert.equal(text(busyOut.want([1, 2, 3], false, states('ibi'))), '−1 −3');
    assert.equal(busyOut.state(states('obo')), 'draining');
    assert.equal(text(busyOut.follow(states('obo'))), '');
    assert.equal(text(busyOut.follow(states('oio'))), '−2');
    assert.equal(text(busyOut.follow(states('ooo'))), '');
    assert.equal(busyOut.state(states('ooo')), 'out-of-service');
  });

  test('taken back while it drains, no channel is left out', () => {
    const busyOut = new BusyOut(0);
    busyOut.want([1, 2, 3], false, states('ibi'));
    assert.equal(text(busyOut.want([1, 2, 3], true, states('obo'))), '+1 +3');
    assert.equal(text(busyOut.follow(states('iii'))), '');
    assert.equal(busyOut.state(states('iii')), 'in-service');
  });

  test('one channel back leaves the others out', () => {
    const busyOut = new BusyOut(0);
    busyOut.want([1, 2, 3], false, states('iii'));
    assert.equal(text(busyOut.want([2], true, states('ooo'))), '+2');
    assert.equal(busyOut.state(states('oio')), 'partly');
  });

  test('what was out before a restart is taken out again', () => {
    const before = new BusyOut(0);
    before.want([1, 24, 31], false, []);
    const after = new BusyOut(before.mask);
    assert.equal(after.mask, 2 + 2 ** 24 + 2 ** 31);
    assert.equal(text(after.follow(states('iii'))), '−1');
  });
});
