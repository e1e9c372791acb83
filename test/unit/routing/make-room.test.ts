import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseVictim, type RoomCandidate } from '../../../src/routing/make-room.ts';

const call = (id: string, started: number, more: Partial<RoomCandidate> = {}): RoomCandidate => ({
  id,
  started,
  answered: true,
  emergency: false,
  ...more,
});

test('the newest or the oldest call gives way, as the site wants it, and one that nobody has answered before both', () => {
  const calls = [call('a', 1), call('b', 2), call('c', 3)];
  assert.equal(chooseVictim(calls, 'newest'), 'c');
  assert.equal(chooseVictim(calls, 'oldest'), 'a');
  assert.equal(chooseVictim([...calls, call('ringing', 2, { answered: false })], 'newest'), 'ringing');
  assert.equal(chooseVictim([...calls, call('ringing', 2, { answered: false })], 'oldest'), 'ringing');
});

test('an emergency call and a call back never give way, and nobody does where the site says never', () => {
  const help = [call('a', 1, { emergency: true }), call('b', 2, { emergency: true, answered: false })];
  assert.equal(chooseVictim(help, 'newest'), undefined);
  assert.equal(chooseVictim([...help, call('c', 0)], 'newest'), 'c');
  assert.equal(chooseVictim([call('c', 0)], 'never'), undefined);
  assert.equal(chooseVictim([], 'oldest'), undefined);
});
