/** The watch over one line, without a branch around it: a loop that is held up, a wall clock that steps, a loopback that will not go. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { DChannel } from '../../../src/gateway/d-channel.ts';
import { LineBooks } from '../../../src/gateway/line-books.ts';
import { LineWatch } from '../../../src/gateway/line-watch.ts';
import { silent } from '../../../src/kernel/log.ts';
import { seconds } from '../../../src/kernel/time.ts';
import { ALARM_TIMES } from '../../../src/line/alarms.ts';
import type { LineReading, Loopback, SpanPort } from '../../../src/span/port.ts';
import type { StoreOp } from '../../../src/store/words.ts';
import { ReactorRig } from '../../support/reactor-rig.ts';

const SECOND = 1000;
/** The rig's wall clock begins a hundred seconds after a quarter hour. */
const QUARTER = 1e12 - 100 * SECOND;

let rig: ReactorRig;
let watch: LineWatch;
let stored: StoreOp[];
/** CRC errors a second. */
let errors: number;
let loopback: Loopback | undefined;
/** What stands in the way of taking a loopback down. */
let stuck: string | undefined;

function open(left?: Loopback): void {
  const { reactor } = rig;
  loopback = left;
  const port: SpanPort = {
    id: 't1',
    send() {},
    read: (): LineReading => ({
      alarms: [],
      counters: { lineCode: 0, pathCode: (errors * rig.now) / SECOND, outOfFrame: 0, slips: 0 },
      far: undefined,
      loopback,
    }),
    loop(wanted) {
      if (wanted === undefined && stuck !== undefined) return stuck;
      loopback = wanted;
      return undefined;
    },
    async close() {},
  };
  const ignore = (): void => {};
  const dChannel = new DChannel({
    ...{ id: 't1', side: 'user', link: undefined, reactor, log: silent },
    ...{ onLink: ignore, onFrame: ignore, onChange: () => watch.look() },
  });
  watch = new LineWatch({
    ...{ id: 't1', reactor, log: silent, dChannel, times: ALARM_TIMES, slots: () => [] },
    signalling: { feed: ignore, evidence: undefined },
    performance: { framing: 'esf', thresholds: {}, stored: { near: [], far: [] } },
    books: new LineBooks({ lineBins: [], cursors: new Map() }, (op) => stored.push(op)),
    known: { line: 't1', framing: 'esf', medium: 'wires', side: 'user', variant: 'ni2', dSlot: undefined },
  });
  reactor.run(() => watch.start(port));
}

beforeEach(() => {
  rig = new ReactorRig();
  stored = [];
  errors = 0;
  stuck = undefined;
});

const near = () => watch.state().performance.near;

test('a loop that was held up makes no severe second of the errors of many', () => {
  errors = 100;
  open();
  rig.pass(10 * SECOND);
  rig.now += 5 * SECOND;
  rig.pass(10 * SECOND);
  const { counts, seconds: counted } = near().current;
  // The first reading and the one after the standstill are where the counters begin: 9 and 10 seconds are known.
  assert.deepEqual([counts.es, counts.ses, counts.pcv, counted], [19, 0, 1900, 19]);
});

test('a step of the wall clock ahead leaves a short bin behind, and the next begins where it leads', () => {
  errors = 1;
  open();
  rig.pass(50 * SECOND);
  rig.step = 3600 * SECOND;
  rig.pass(10 * SECOND);
  const { current, past } = near();
  assert.deepEqual([current.start, current.seconds, current.valid], [QUARTER + 3600 * SECOND, 10, false]);
  assert.deepEqual(
    past.map(({ start, seconds: counted, valid }) => [start, counted, valid]),
    [[QUARTER, 49, false]],
  );
});

test('a step back goes on in the bin that it leads to, and that bin is not valid', () => {
  errors = 1;
  open();
  rig.pass(1700 * SECOND);
  assert.deepEqual([near().past[0]?.seconds, near().past[0]?.valid], [900, true]);
  rig.step = -900 * SECOND;
  rig.pass(100 * SECOND);
  const { current } = near();
  assert.deepEqual([current.start, current.seconds, current.valid], [QUARTER + 900 * SECOND, 1000, false]);
});

test('a loopback that a crash has left in the hardware is taken down at the start', () => {
  open('line');
  assert.equal(loopback, undefined);
  assert.equal(watch.closed, undefined);
});

test('a loopback that will not go at its end is tried again until it goes', () => {
  open();
  rig.reactor.run(() => assert.equal(watch.loop('line', seconds(60)), undefined));
  stuck = 'the card does not answer';
  rig.pass(70 * SECOND);
  assert.deepEqual([loopback, watch.closed], ['line', 'it is looped back']);
  stuck = undefined;
  rig.pass(2 * SECOND);
  assert.deepEqual([loopback, watch.closed], [undefined, undefined]);
});

test('a loopback does not outlast the watch that would end it', () => {
  open();
  rig.reactor.run(() => assert.equal(watch.loop('line', seconds(3600)), undefined));
  watch.stop();
  assert.equal(loopback, undefined);
});

test('a loopback that somebody else has made can be taken down', () => {
  open();
  loopback = 'line';
  rig.pass(2 * SECOND);
  assert.equal(watch.closed, 'it is looped back');
  rig.reactor.run(() => assert.equal(watch.release(), undefined));
  assert.deepEqual([loopback, watch.closed], [undefined, undefined]);
});

test('what is counted is stored once a minute, and when the watch ends', () => {
  open();
  rig.pass(125 * SECOND);
  assert.equal(stored.length, 3);
  watch.stop();
  assert.equal(stored.length, 4);
  rig.pass(600 * SECOND);
  assert.equal(stored.length, 4);
});
