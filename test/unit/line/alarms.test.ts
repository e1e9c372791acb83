import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../../src/kernel/time.ts';
import { ALARM_TIMES, type AlarmEvent, SpanAlarms } from '../../../src/line/alarms.ts';
import type { LineAlarm } from '../../../src/span/port.ts';

const seconds = (n: number): Instant => (n * 1000) as Instant;
const shows = (...alarms: LineAlarm[]): AlarmEvent => ({ type: 'line', alarms });
const dChannel = (up: boolean): AlarmEvent => ({ type: 'd-channel', up });

/** Plays events at seconds, waking when due, up to 100 s: what was raised (+) and cleared (−), and when. */
function play(...events: readonly (readonly [number, AlarmEvent])[]): string[] {
  const machine = new SpanAlarms(ALARM_TIMES);
  const said: string[] = [];
  const hear = (effects: ReturnType<SpanAlarms['wake']>, now: number): void => {
    for (const { type, id } of effects) said.push(`${now / 1000} ${type === 'raised' ? '+' : '−'}${id}`);
  };
  const wakeUntil = (limit: number): void => {
    for (let due = machine.deadline; due !== undefined && due <= limit; due = machine.deadline)
      hear(machine.wake(due), due);
  };
  for (const [at, event] of events) {
    wakeUntil(at * 1000);
    hear(machine.feed(event, seconds(at)), at * 1000);
  }
  wakeUntil(100_000);
  return said;
}

describe('alarms of a span', () => {
  const up: readonly [number, AlarmEvent] = [0, dChannel(true)];
  const rows: readonly [string, readonly (readonly [number, AlarmEvent])[], string[]][] = [
    ['a defect of 2.4 s is no alarm', [up, [1, shows('LOS')], [3.4, shows()]], []],
    [
      'one that stays is raised after 2.5 s and cleared after 10',
      [up, [1, shows('LOS')], [9, shows()]],
      ['3.5 +line-los', '19 −line-los'],
    ],
    [
      'nine good seconds do not clear it',
      [up, [1, shows('LOS')], [9, shows()], [18, shows('LOS')], [20, shows()]],
      ['3.5 +line-los', '30 −line-los'],
    ],
    [
      'the same said again does not begin the time anew',
      [up, [1, shows('AIS')], [2, shows('AIS')], [3, shows('AIS')]],
      ['3.5 +line-ais'],
    ],
    [
      'a lost signal hides what follows from it',
      [up, [1, shows('LOS', 'LOF', 'RAI')], [2, dChannel(false)]],
      ['3.5 +line-los'],
    ],
    ['AIS has no frame: LOF is hidden', [up, [1, shows('AIS', 'LOF')]], ['3.5 +line-ais']],
    ['a D-channel down on a good line is an alarm', [[0, dChannel(false)]], ['2.5 +d-channel-down']],
    [
      'a D-channel that comes up clears its alarm at once',
      [
        [0, dChannel(false)],
        [5, dChannel(true)],
      ],
      ['2.5 +d-channel-down', '5 −d-channel-down'],
    ],
    [
      'a D-channel that takes two seconds after the line is back is no alarm',
      [up, [1, shows('LOS')], [1, dChannel(false)], [20, shows()], [22, dChannel(true)]],
      ['3.5 +line-los', '30 −line-los'],
    ],
    [
      'one that stays down after the line is back is shown then',
      [up, [1, shows('LOS')], [1, dChannel(false)], [20, shows()]],
      ['3.5 +line-los', '30 −line-los', '30 +d-channel-down'],
    ],
    [
      'red that turns to yellow without an event between',
      [up, [1, shows('LOS')], [10, shows('RAI')]],
      ['3.5 +line-los', '20 −line-los', '20 +line-rai'],
    ],
    [
      'a defect that comes and goes each second is no alarm',
      [
        up,
        ...Array.from({ length: 20 }, (_, n): readonly [number, AlarmEvent] => [1 + n, n % 2 ? shows() : shows('LOS')]),
      ],
      [],
    ],
    [
      'one that flaps after it was raised is one alarm until it has been gone for ten seconds',
      [
        up,
        [1, shows('LOS')],
        ...Array.from({ length: 10 }, (_, n): readonly [number, AlarmEvent] => [
          9 + 3 * n,
          n % 2 ? shows('LOS') : shows(),
        ]),
        [39, shows()],
      ],
      ['3.5 +line-los', '49 −line-los'],
    ],
    ['yellow alone hides the D-channel', [up, [1, shows('RAI')], [1, dChannel(false)]], ['3.5 +line-rai']],
    [
      'a D-channel’s alarm goes out of sight when the line fails',
      [
        [0, dChannel(false)],
        [10, shows('LOS')],
      ],
      ['2.5 +d-channel-down', '10 −d-channel-down', '12.5 +line-los'],
    ],
  ];
  for (const [name, events, expected] of rows) test(name, () => assert.deepEqual(play(...events), expected));

  test('at most one alarm is in sight, and raised and cleared take turns', () => {
    const event = fc.oneof(
      fc.subarray<LineAlarm>(['LOS', 'LOF', 'AIS', 'RAI']).map((alarms) => shows(...alarms)),
      fc.boolean().map(dChannel),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 90 }), event), { maxLength: 40 }), (events) => {
        const sight = new Set<string>();
        for (const line of play(...events.toSorted(([a], [b]) => a - b))) {
          const [, sign, id] = /^\S+ (.)(.+)$/.exec(line) ?? [];
          if (sign === '+') assert.ok(!sight.has(id ?? '')) ?? sight.add(id ?? '');
          else assert.ok(sight.delete(id ?? ''));
        }
        assert.ok(sight.size <= 1);
      }),
      { seed: 231 },
    );
  });
});
