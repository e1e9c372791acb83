import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WallTime } from '../../../src/kernel/time.ts';
import { calendarOf, type OpenHours, zoneClock } from '../../../src/routing/calendar.ts';

const at = (iso: string): WallTime => Date.parse(iso) as WallTime;

const office = (hours: readonly OpenHours[], holidays: readonly string[] = [], timezone = 'America/Chicago') => {
  const calendar = calendarOf({ id: 'office', timezone, hours, holidays });
  return (iso: string): boolean => calendar(at(iso)).open;
};

const MONDAY_TO_FRIDAY = [1, 2, 3, 4, 5];
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const DAYTIME = [{ days: MONDAY_TO_FRIDAY, from: 8 * 60, to: 17 * 60 }];

test('the clock on the wall is the zone’s own, its date and weekday with it', () => {
  const chicago = zoneClock('America/Chicago');
  assert.deepEqual(chicago(at('2026-11-22T05:30:00Z')), { date: '2026-11-21', weekday: 6, minute: 23 * 60 + 30 });
  assert.deepEqual(chicago(at('2026-11-22T06:00:00Z')), { date: '2026-11-22', weekday: 0, minute: 0 });
});

test('opening begins with its first minute and ends before its last', () => {
  const open = office(DAYTIME);
  // A Monday in winter: UTC − 6.
  assert.equal(open('2026-01-05T13:59:59Z'), false);
  assert.equal(open('2026-01-05T14:00:00Z'), true);
  assert.equal(open('2026-01-05T22:59:59Z'), true);
  assert.equal(open('2026-01-05T23:00:00Z'), false);
  assert.equal(open('2026-01-04T18:00:00Z'), false, 'a Sunday');
});

test('eight o’clock stays eight o’clock when the clocks change', () => {
  const open = office(DAYTIME);
  // Summer time began on Sunday, 8 March 2026: UTC − 5 from then on.
  assert.equal(open('2026-03-06T13:30:00Z'), false, 'Friday 07:30');
  assert.equal(open('2026-03-09T13:30:00Z'), true, 'Monday 08:30');
  assert.equal(open('2026-03-09T12:59:00Z'), false, 'Monday 07:59');
  // And ended on Sunday, 1 November.
  assert.equal(open('2026-10-30T13:30:00Z'), true, 'Friday 08:30');
  assert.equal(open('2026-11-02T13:30:00Z'), false, 'Monday 07:30');
});

test('an hour that comes twice is open twice, and one that never comes opens nothing', () => {
  const nightly = office([{ days: EVERY_DAY, from: 60, to: 120 }]);
  assert.equal(nightly('2026-11-01T06:30:00Z'), true, '01:30, summer time');
  assert.equal(nightly('2026-11-01T07:30:00Z'), true, '01:30 again, winter time');
  assert.equal(nightly('2026-11-01T08:00:00Z'), false, '02:00');
  const skipped = office([{ days: EVERY_DAY, from: 120, to: 180 }]);
  assert.equal(skipped('2026-03-08T07:59:00Z'), false, '01:59');
  assert.equal(skipped('2026-03-08T08:00:00Z'), false, '03:00, a minute later');
});

test('a night belongs to the day on which it begins', () => {
  const night = office([{ days: [5], from: 22 * 60, to: 6 * 60 }], [], 'UTC');
  assert.equal(night('2026-11-20T21:59:00Z'), false);
  assert.equal(night('2026-11-20T22:00:00Z'), true, 'Friday evening');
  assert.equal(night('2026-11-21T05:59:00Z'), true, 'Saturday morning');
  assert.equal(night('2026-11-21T06:00:00Z'), false);
  assert.equal(night('2026-11-21T22:30:00Z'), false, 'Saturday evening');
  const always = office([{ days: EVERY_DAY, from: 0, to: 1440 }], [], 'UTC');
  for (const time of ['00:00', '12:00', '23:59']) assert.equal(always(`2026-11-21T${time}:00Z`), true);
});

test('a holiday is closed by the local date, of one year or of all', () => {
  const open = office(DAYTIME, ['2026-11-26', '12-25']);
  assert.equal(open('2026-11-26T18:00:00Z'), false);
  assert.equal(open('2027-11-26T18:00:00Z'), true, 'another year, a Friday');
  assert.equal(open('2026-12-25T18:00:00Z'), false);
  assert.equal(open('2028-12-25T18:00:00Z'), false);
  const evening = office([{ days: EVERY_DAY, from: 20 * 60, to: 120 }], ['12-25']);
  assert.equal(evening('2026-12-26T03:00:00Z'), false, 'still the 25th in Chicago');
  assert.equal(evening('2026-12-25T07:00:00Z'), true, 'what began on the 24th lasts');
  assert.equal(evening('2026-12-26T07:00:00Z'), false, 'what would have begun on the 25th');
});
