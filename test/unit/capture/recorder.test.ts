/** What is kept of the D-channels, in time and in size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recorder, type Recording } from '../../../src/capture/recorder.ts';
import type { Instant } from '../../../src/kernel/time.ts';

const at = (seconds: number): Instant => (5_000 + 1000 * seconds) as Instant;
const ZERO = 1_700_000_000_000;
const FRAME = Uint8Array.of(0x02, 0x01, 0x7f);
const recording = (spans: readonly string[], until: number): Recording => ({ spans, until: at(until), zero: ZERO });

test('nothing is kept before it begins, after its time, after its end, or of another span', () => {
  const recorder = new Recorder(10_000);
  recorder.frame('t1', 'in', FRAME, at(0));
  assert.equal(recorder.state(at(0)), undefined);
  recorder.begin(recording(['t1'], 10));
  recorder.frame('t1', 'in', FRAME, at(1));
  recorder.frame('t2', 'in', FRAME, at(1));
  const { frames, ended, octets } = recorder.state(at(2)) ?? assert.fail();
  assert.deepEqual(frames, [{ time: 1000 * (ZERO + 6_000), span: 0, direction: 'in', octets: FRAME }]);
  assert.deepEqual([octets, ended], [48, undefined]);
  recorder.frame('t1', 'in', FRAME, at(10));
  assert.deepEqual([recorder.state(at(11))?.frames.length, recorder.state(at(11))?.ended], [1, 'time']);
  recorder.begin(recording(['t1'], 100));
  assert.deepEqual([recorder.state(at(12))?.frames.length, recorder.state(at(12))?.ended], [0, undefined]);
  recorder.end();
  recorder.frame('t1', 'out', FRAME, at(13));
  assert.deepEqual([recorder.state(at(200))?.frames.length, recorder.state(at(200))?.ended], [0, 'asked']);
});

test('a frame has the fractions of a millisecond that put it in order with packets, and is a copy', () => {
  const recorder = new Recorder(10_000);
  recorder.begin({ spans: ['t1'], until: at(10), zero: ZERO + 0.25 });
  const octets = FRAME.slice();
  recorder.frame('t1', 'out', octets, (at(1) + 0.1234) as Instant);
  octets.fill(0);
  const [frame] = recorder.state(at(2))?.frames ?? [];
  assert.deepEqual([frame?.time, frame?.octets], [1000 * (ZERO + 6_000) + 373, FRAME]);
});

test('a capture ends at its size', () => {
  const recorder = new Recorder(1000);
  recorder.begin(recording(['t1'], 1000));
  for (let i = 0; i < 100; i++) recorder.frame('t1', 'in', FRAME, at(i));
  const state = recorder.state(at(100));
  assert.equal(state?.ended, 'full');
  assert.deepEqual([state?.octets, state?.frames.length], [960, 20]);
});
