import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Outcome, report } from '../../../scripts/lib/report.ts';

const outcome = (name: string, verdict: Outcome['verdict'], why?: string): Outcome => {
  return { suite: 'unit', file: 'test/unit/x.test.ts', name, verdict, why, ms: 1500 };
};
const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').at(-1);

test('a run in which nothing ran is no success', () => {
  const { text, good } = report([], [], 0);
  assert.equal(good, false);
  assert.equal(lastLine(text), '0 passed, 0 failed, 0 skipped');
  assert.equal(
    report([outcome('a', 'skipped')], [{ file: 'test/unit/x.test.ts', name: 'a', reason: '' }], 0).good,
    false,
  );
});

test('a skip that nobody allowed fails the run and is named with its reason', () => {
  const { text, good } = report([outcome('a', 'passed'), outcome('b', 'skipped', 'no card')], [], 3);
  assert.equal(good, false);
  assert.match(text, /What was skipped, and why:\n {2}test\/unit\/x\.test\.ts: b \(no card\)/);
  assert.match(text, /does not allow:\n {2}test\/unit\/x\.test\.ts: b\n/);
  assert.equal(lastLine(text), '1 passed, 1 failed, 0 skipped');
});

test('an allowed skip is told and does not fail the run, but only for that very test', () => {
  const skips = [outcome('b', 'skipped', 'no card')];
  const allowed = [{ file: 'test/unit/x.test.ts', name: 'b', reason: 'needs a card' }];
  const { text, good } = report([outcome('a', 'passed'), ...skips], allowed, 3);
  assert.equal(good, true);
  assert.equal(lastLine(text), '1 passed, 0 failed, 1 skipped');
  const elsewhere = [{ file: 'test/unit/y.test.ts', name: 'b', reason: 'needs a card' }];
  assert.equal(report([outcome('a', 'passed'), ...skips], elsewhere, 3).good, false);
});

test('a failure fails the run and is named', () => {
  const { text, good } = report([outcome('a', 'passed'), outcome('c', 'failed')], [], 3);
  assert.equal(good, false);
  assert.match(text, /Failed:\n {2}test\/unit\/x\.test\.ts: c\n/);
  assert.match(text, /test\/unit\/x\.test\.ts: 1 passed, 1 failed \(3\.0 s\)/);
});
