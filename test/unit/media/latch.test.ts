import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressWords } from '../../../src/media/address.ts';
import { Latch } from '../../../src/media/latch.ts';

const words = (text: string): Int32Array => addressWords(text) ?? assert.fail(text);
const SIGNALLED = words('10.0.0.5');
const NAT = words('198.51.100.9');
const THIEF = words('203.0.113.66');

function aimed(): Latch {
  const latch = new Latch();
  latch.aim(SIGNALLED, 5000);
  return latch;
}

test('the signalled source is believed from its first packet', () => {
  const latch = aimed();
  assert.equal(latch.hear(SIGNALLED, 0, 5000, 1, 10, 0), true);
  assert.equal(latch.port, 5000);
  assert.equal(latch.moved, false);
});

test('another source needs two packets in sequence, of one stream', () => {
  const latch = aimed();
  assert.equal(latch.hear(NAT, 0, 33_333, 1, 10, 0), false);
  assert.equal(latch.hear(NAT, 0, 33_333, 1, 12, 1), false, 'a gap begins anew');
  assert.equal(latch.hear(NAT, 0, 33_333, 2, 13, 2), false, 'another stream begins anew');
  assert.equal(latch.port, 5000);
  assert.equal(latch.hear(NAT, 0, 33_333, 2, 14, 3), true);
  assert.equal(latch.port, 33_333);
  assert.equal(latch.moved, true);
});

test('who is latched keeps the stream against others until he has been silent for two seconds', () => {
  const latch = aimed();
  latch.hear(NAT, 0, 33_333, 1, 10, 0);
  latch.hear(NAT, 0, 33_333, 1, 11, 1);
  for (let n = 0; n < 90; n++) assert.equal(latch.hear(THIEF, 0, 6666, 9, n, 2 + n), false);
  assert.equal(latch.port, 33_333);
  assert.equal(latch.hear(THIEF, 0, 6666, 9, 200, 104), false);
  assert.equal(latch.hear(THIEF, 0, 6666, 9, 201, 105), true);
  assert.equal(latch.port, 6666);
});

test('the signalled source takes the stream back at once', () => {
  const latch = aimed();
  latch.hear(THIEF, 0, 6666, 9, 1, 0);
  latch.hear(THIEF, 0, 6666, 9, 2, 1);
  assert.equal(latch.port, 6666);
  assert.equal(latch.hear(SIGNALLED, 0, 5000, 1, 1, 2), true);
  assert.equal(latch.port, 5000);
});

test('the same target again keeps the latch, a new one ends it', () => {
  const latch = aimed();
  latch.hear(NAT, 0, 33_333, 1, 10, 0);
  latch.hear(NAT, 0, 33_333, 1, 11, 1);
  latch.aim(SIGNALLED, 5000);
  assert.equal(latch.port, 33_333);
  latch.aim(SIGNALLED, 7000);
  assert.equal(latch.port, 7000);
});

test('an unspecified address is a hold: nothing is sent there', () => {
  for (const text of ['0.0.0.0', '::']) {
    const latch = new Latch();
    latch.aim(words(text), 5000);
    assert.equal(latch.port, 0, text);
  }
});
