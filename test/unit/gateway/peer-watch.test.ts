import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeerWatch } from '../../../src/gateway/peer-watch.ts';
import { silent } from '../../../src/kernel/log.ts';
import { ReactorRig } from '../../support/reactor-rig.ts';

/** Peers that answer at once while they live, and are silent for 4 s when not. */
function rig(trunks: readonly string[], acrossWan = trunks) {
  const rig = new ReactorRig();
  const dead = new Set<string>();
  const asked: string[] = [];
  const late: (() => void)[] = [];
  const watch = new PeerWatch({
    reactor: rig.reactor,
    log: silent,
    probe: (trunk, done) => {
      asked.push(trunk);
      if (dead.has(trunk)) late.push(() => done(false));
      else done(true);
    },
  });
  watch.configure({ trunks, acrossWan, probeSeconds: 10, misses: 3 });
  const round = (): void => {
    rig.pass(4000);
    for (const give of late.splice(0)) give();
    rig.pass(6000);
  };
  return { watch, dead, asked, round, pass: (time: number) => rig.pass(time) };
}

test('with nobody to ask the WAN counts as up, and nobody is asked', () => {
  const { watch, asked, round } = rig([]);
  round();
  assert.deepEqual([watch.wanUp, asked], [true, []]);
});

test('it is down when every peer has missed three questions in a row, and up again with the first answer', () => {
  const { watch, dead, round } = rig(['core', 'sister']);
  round();
  dead.add('core');
  for (let n = 0; n < 5; n++) round();
  assert.equal(watch.wanUp, true, 'one of them answers');
  assert.deepEqual([...watch.silent.keys()], ['core']);
  dead.add('sister');
  const seen: boolean[] = [];
  // The question that this round begins with has been answered already.
  for (let n = 0; n < 5; n++) {
    round();
    seen.push(watch.wanUp);
  }
  assert.deepEqual(seen, [true, true, true, false, false]);
  dead.delete('core');
  round();
  assert.equal(watch.wanUp, true);
  assert.deepEqual([...watch.silent.keys()], ['sister']);
});

test('a peer that has not answered yet is not asked again', () => {
  const { asked, dead, pass } = rig(['core']);
  dead.add('core');
  pass(60_000);
  assert.deepEqual(asked, ['core']);
});

test('a peer that is not across the WAN is silent by itself', () => {
  const { watch, dead, round } = rig(['core', 'pbx'], ['core']);
  dead.add('pbx');
  for (let n = 0; n < 4; n++) round();
  assert.deepEqual([...watch.silent], [['pbx', 'has left 4 OPTIONS in a row unanswered']]);
  assert.equal(watch.wanUp, true);
  dead.add('core');
  for (let n = 0; n < 4; n++) round();
  assert.equal(watch.wanUp, false);
});

test('who is no longer watched has no say', () => {
  const { watch, dead, round } = rig(['core']);
  dead.add('core');
  for (let n = 0; n < 4; n++) round();
  assert.equal(watch.wanUp, false);
  watch.configure({ trunks: [], acrossWan: [], probeSeconds: 10, misses: 3 });
  assert.equal(watch.wanUp, true);
});
