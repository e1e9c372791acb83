import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK, IDLE } from '../../../src/rtp/g711.ts';
import { Elastic } from '../../../src/span/elastic.ts';

const block = (n: number): Uint8Array => new Uint8Array(BLOCK).fill(n);

function filled(prime: number): Elastic {
  const elastic = new Elastic(prime);
  elastic.reset(IDLE.ulaw);
  return elastic;
}

function pulled(elastic: Elastic): number {
  const into = new Uint8Array(BLOCK);
  elastic.pull(into);
  assert.ok(into.every((octet) => octet === into[0]));
  return into[0] ?? -1;
}

test('a line that has not begun gives idle, and that is no slip', () => {
  const elastic = filled(1);
  assert.deepEqual([pulled(elastic), pulled(elastic)], [IDLE.ulaw, IDLE.ulaw]);
  assert.equal(elastic.slips, 0);
});

test('a writer whose phase wanders is waited for until two blocks are there', () => {
  const elastic = filled(2);
  elastic.push(block(1));
  assert.equal(pulled(elastic), IDLE.ulaw);
  elastic.push(block(2));
  assert.equal(pulled(elastic), 1);
  // Late by most of a tick, then two at once: nothing is lost.
  assert.equal(pulled(elastic), 2);
  elastic.push(block(3));
  elastic.push(block(4));
  assert.deepEqual([pulled(elastic), pulled(elastic)], [3, 4]);
  assert.equal(elastic.slips, 0);
});

test('a slow writer makes the last block sound again, once per slip', () => {
  const elastic = filled(1);
  elastic.push(block(1));
  assert.deepEqual([pulled(elastic), pulled(elastic)], [1, 1]);
  assert.equal(elastic.slips, 1);
  elastic.push(block(2));
  assert.equal(pulled(elastic), 2);
});

test('a fast writer loses the oldest block, once per slip', () => {
  const elastic = filled(1);
  const heard: number[] = [];
  let said = 0;
  // One block too many in 25: in 200 reads eight.
  for (let n = 0; n < 200; n++) {
    elastic.push(block(said++));
    if (n % 25 === 0) elastic.push(block(said++));
    heard.push(pulled(elastic));
  }
  assert.equal(elastic.slips, said - heard.length - elastic.fill);
  // Of a second's surplus, two blocks, the newest ones wait.
  assert.ok(elastic.slips > 0 && elastic.fill <= 3 + 2, `${elastic.slips} slips, ${elastic.fill} blocks wait`);
});

test('what comes in a heap after a delay of ten blocks is heard whole', () => {
  const elastic = filled(2);
  for (const n of [1, 2]) elastic.push(block(n));
  assert.equal(pulled(elastic), 1);
  // The reader was held up while the writer went on, and reads the ticks that it missed at once.
  for (let n = 3; n <= 12; n++) elastic.push(block(n));
  assert.deepEqual(
    Array.from({ length: 10 }, () => pulled(elastic)),
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
  assert.equal(elastic.slips, 0);
});

test('a writer that was late comes back with what it owes: as much as was repeated is dropped, a second later', () => {
  const elastic = filled(1);
  let said = 0;
  const tick = (blocks: number): number => {
    for (let n = 0; n < blocks; n++) elastic.push(block(said++));
    return pulled(elastic);
  };
  for (let n = 0; n < 10; n++) tick(1);
  for (let n = 0; n < 8; n++) tick(0);
  assert.equal(elastic.slips, 3);
  assert.equal(tick(9), 10);
  assert.equal(elastic.fill, 8);
  for (let n = 0; n < 100; n++) tick(1);
  assert.equal(elastic.fill, 2);
  assert.equal(elastic.slips, 3 + 6);
});

test('a writer whom nobody reads loses the oldest blocks', () => {
  const elastic = filled(1);
  for (let n = 1; n <= 20; n++) elastic.push(block(n));
  assert.equal(elastic.slips, 4);
  assert.equal(pulled(elastic), 5);
});

test('a writer that is gone is neither repeated for ever nor counted for ever', () => {
  const elastic = filled(1);
  elastic.push(block(1));
  const heard = Array.from({ length: 10 }, () => pulled(elastic));
  assert.deepEqual(heard, [1, 1, 1, 1, ...Array<number>(6).fill(IDLE.ulaw)]);
  assert.equal(elastic.slips, 3);
});

test('nothing of an earlier call is left in the buffer', () => {
  const elastic = filled(1);
  elastic.push(block(1));
  elastic.reset(IDLE.alaw);
  assert.equal(pulled(elastic), IDLE.alaw);
  assert.equal(elastic.slips, 0);
});
