import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuotaWatch } from '../../../src/gateway/quota-watch.ts';
import { type Quota, type Spent, spend } from '../../../src/routing/permissions.ts';
import { ReactorRig } from '../../support/reactor-rig.ts';

const DAY = '2026-11-21';

function rig(quota: Quota | undefined, spentSeconds = 0) {
  const rig = new ReactorRig();
  const spent = new Map<string, Spent>([['201', spend(undefined, DAY, 1, spentSeconds)]]);
  const ended: string[] = [];
  const watch = new QuotaWatch({
    reactor: rig.reactor,
    spent: () => spent,
    quotaOf: (user) => (user === '201' ? quota : undefined),
    today: () => DAY,
    end: (call) => ended.push(call),
  });
  return { watch, ended, spent, pass: (seconds: number) => rig.pass(seconds * 1000) };
}

const TEN_MINUTES: Quota = { per: 'day', calls: undefined, minutes: 10, cutOff: true };

test('a call ends when the minutes do, what was spent before counted', () => {
  const { watch, ended, pass } = rig(TEN_MINUTES, 540);
  watch.answered('c1', '201');
  pass(59);
  assert.deepEqual(ended, []);
  pass(1);
  assert.deepEqual(ended, ['c1']);
  pass(600);
  assert.deepEqual(ended, ['c1'], 'once');
});

test('two calls at once spend the minutes twice as fast; what another user talks costs him nothing', () => {
  const { watch, ended, pass } = rig(TEN_MINUTES);
  watch.answered('c1', '201');
  watch.answered('other', '202');
  pass(200);
  watch.answered('c2', '201');
  pass(199);
  assert.deepEqual(ended, []);
  pass(1);
  assert.deepEqual(ended.sort(), ['c1', 'c2']);
});

test('a call that ends in time gives the rest to the others', () => {
  const { watch, ended, spent, pass } = rig(TEN_MINUTES);
  watch.answered('c1', '201');
  watch.answered('c2', '201');
  pass(100);
  spent.set('201', spend(spent.get('201'), DAY, 0, 100));
  watch.ended('c1');
  pass(399);
  assert.deepEqual(ended, []);
  pass(1);
  assert.deepEqual(ended, ['c2']);
});

test('a quota that only refuses the next call ends none, nor does one of calls alone', () => {
  for (const quota of [{ ...TEN_MINUTES, cutOff: false }, { ...TEN_MINUTES, minutes: undefined }, undefined]) {
    const { watch, ended, pass } = rig(quota);
    watch.answered('c1', '201');
    pass(10_000);
    assert.deepEqual(ended, []);
  }
});
