import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Places } from '../../../src/net/places.ts';

/** Places and who has been thrown out of them. */
function rig(connections: number, perSource: number) {
  const places = new Places({ connections, perSource });
  const out: string[] = [];
  const take = (address: string, name = address): boolean => places.take(address, { destroy: () => out.push(name) });
  return { places, out, take };
}

test('places are shared out: who holds most of them gives his oldest to a newcomer', () => {
  const { places, out, take } = rig(3, 3);
  for (const name of ['one', 'two', 'three']) assert.equal(take('192.0.2.66', name), true);
  assert.equal(take('192.0.2.66'), false);
  assert.equal(take('192.0.2.7'), true);
  assert.deepEqual(out, ['one']);
  assert.equal(take('192.0.2.7'), false, 'he would hold as many');
  assert.equal(take('192.0.2.8'), true);
  assert.equal(take('192.0.2.9'), false, 'everybody has one');
  assert.deepEqual([out, places.taken], [['one', 'two'], 3]);
});

test('on IPv6 a whole /64 is one source, however many addresses of it are used', () => {
  const { out, take } = rig(4, 2);
  assert.deepEqual(
    ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1'].map((address) => take(address)),
    [true, true, false, true],
  );
  assert.deepEqual(out, []);
});

test('a place that comes free is given again, once', () => {
  const { places, take } = rig(1, 1);
  const holder = { destroy: () => {} };
  assert.equal(places.take('192.0.2.1', holder), true);
  places.leave('192.0.2.1', holder);
  places.leave('192.0.2.1', holder);
  assert.equal(places.taken, 0);
  assert.deepEqual([take('192.0.2.2'), take('192.0.2.3')], [true, false]);
});
