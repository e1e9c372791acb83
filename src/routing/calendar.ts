/** The wall clock of a time zone, and the hours in which something is open. The moment comes in as a value. */
import type { WallTime } from '../kernel/time.ts';

/** A moment as the clock on the wall shows it. */
export interface LocalTime {
  /** `2026-11-21`. */
  readonly date: string;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** Of the day, 0–1439, as the wall clock counts them: on the day of a change some come twice, some never. */
  readonly minute: number;
}

export type ZoneClock = (at: WallTime) => LocalTime;

/** Times of day on some weekdays, in minutes. `to` is not in it; at or before `from` it belongs to the day after. */
export interface OpenHours {
  /** 0 is Sunday. */
  readonly days: readonly number[];
  readonly from: number;
  readonly to: number;
}

export interface DirectoryCalendar {
  readonly id: string;
  /** Of the IANA database. */
  readonly timezone: string;
  readonly hours: readonly OpenHours[];
  /** Days on which it stays closed: `2026-11-26`, or `12-25` of every year. */
  readonly holidays: readonly string[];
}

/** A moment by a calendar, and whether that is a holiday of it. */
export interface CalendarTime extends LocalTime {
  readonly zone: string;
  readonly holiday: boolean;
}

/** Open or not at a moment, and what time it then is by it. */
export type Calendar = (at: WallTime) => { readonly open: boolean; readonly time: CalendarTime };

const DAY = 86_400_000;
const MINUTE = 60_000;

/** One of each zone: to make one takes longer than to build a small directory. There are some hundreds of zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  formats.set(timeZone, format);
  return format;
}

/** `timezone` must be one of the IANA database. */
export function zoneClock(timezone: string): ZoneClock {
  const format = formatOf(timezone);
  const read = (at: WallTime): LocalTime => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const of = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
    const date = `${of('year')}-${of('month')}-${of('day')}`;
    return { date, weekday: weekdayOf(date), minute: Number(of('hour')) * 60 + Number(of('minute')) };
  };
  // The calls of one minute ask for the same time, and to format it takes longer than to route a call.
  let last: { readonly minute: number; readonly time: LocalTime } | undefined;
  return (at) => {
    const minute = Math.floor(at / MINUTE);
    if (last?.minute !== minute) last = { minute, time: read(at) };
    return last.time;
  };
}

/** Hours that begin on an open day last as they stand, also where they end on a holiday; those that would begin on one don't. */
export function calendarOf({ timezone, hours, holidays }: DirectoryCalendar): Calendar {
  const clock = zoneClock(timezone);
  const closed = new Set(holidays);
  const isHoliday = (date: string): boolean => closed.has(date) || closed.has(date.slice(5));
  return (at) => {
    const { date, weekday, minute } = clock(at);
    const yesterday = dayBefore(date);
    const open = hours.some(({ days, from, to }) => {
      const overnight = to <= from;
      const sinceToday = days.includes(weekday) && !isHoliday(date) && minute >= from && (overnight || minute < to);
      const sinceYesterday = overnight && minute < to && days.includes((weekday + 6) % 7) && !isHoliday(yesterday);
      return sinceToday || sinceYesterday;
    });
    return { open, time: { date, weekday, minute, zone: timezone, holiday: isHoliday(date) } };
  };
}

/** As the days of the week are written in a configuration, Sunday first. */
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** `thu 2026-11-26 08:30 in America/Chicago, a holiday`. */
export function timeText({ date, weekday, minute, zone, holiday }: CalendarTime): string {
  return `${WEEKDAYS[weekday]} ${date} ${clockText(minute)} in ${zone}${holiday ? ', a holiday' : ''}`;
}

const clockText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

// A date without a time is midnight UTC, and UTC has no changes of the clock. 1970-01-01 was a Thursday.
const weekdayOf = (date: string): number => (Math.floor(Date.parse(date) / DAY) + 4) % 7;

const dayBefore = (date: string): string => new Date(Date.parse(date) - DAY).toISOString().slice(0, 10);
