/**
 * From what the line shows at a moment to alarms: each is raised when its condition has stood for some time, cleared when it has
 * been gone for some time, and hidden while a greater one explains it (T1.231, RFC 4805, Failure States).
 */
import { assert, impossible, type Machine } from '../kernel/machine.ts';
import { type Instant, type Millis, ms, seconds } from '../kernel/time.ts';
import { Timers } from '../kernel/timers.ts';
import type { LineAlarm } from '../span/port.ts';

/** Stable ids, used in logs, metrics and the documentation alike. */
export type SpanAlarmId = 'line-los' | 'line-ais' | 'line-lof' | 'line-rai' | 'd-channel-down';

type Condition = LineAlarm | 'd-channel';

const ALARM_IDS: Readonly<Record<Condition, SpanAlarmId>> = {
  LOS: 'line-los',
  AIS: 'line-ais',
  LOF: 'line-lof',
  RAI: 'line-rai',
  'd-channel': 'd-channel-down',
};

/**
 * Each explains those after it: without a signal there is no frame, AIS has none, a receiver out of frame reads no RAI, and a line
 * that fails in either direction carries no D-channel.
 */
const ORDER: readonly Condition[] = ['LOS', 'AIS', 'LOF', 'RAI', 'd-channel'];

export interface AlarmTimes {
  /** How long a condition stands before its alarm is raised. */
  readonly raise: Millis;
  /** How long it must be gone before the alarm is cleared. */
  readonly clear: Millis;
}

/** 2.5 s ± 0.5 s and 10 s ± 0.5 s: T1.231. */
export const ALARM_TIMES: AlarmTimes = { raise: ms(2500), clear: seconds(10) };

export type AlarmEvent =
  /** All that the line shows now. The same once more changes nothing, so that events and polls may both be fed. */
  | { readonly type: 'line'; readonly alarms: readonly LineAlarm[] }
  | { readonly type: 'd-channel'; readonly up: boolean };

/** An alarm came into sight or out of it. */
export interface AlarmEffect {
  readonly type: 'raised' | 'cleared';
  readonly id: SpanAlarmId;
}

export interface StandingAlarm {
  readonly id: SpanAlarmId;
  readonly since: Instant;
}

interface Row {
  readonly condition: Condition;
  present: boolean;
  /** Since when its alarm stands, hidden or not. */
  standing: Instant | undefined;
}

export class SpanAlarms implements Machine<AlarmEvent, AlarmEffect> {
  readonly #times: AlarmTimes;
  readonly #rows: readonly Row[] = ORDER.map((condition) => ({ condition, present: false, standing: undefined }));
  readonly #timers = new Timers<Condition>();
  #seen: ReadonlySet<Condition> = new Set();

  constructor(times: AlarmTimes) {
    this.#times = times;
  }

  get deadline(): Instant | undefined {
    return this.#timers.deadline;
  }

  /** What is to be seen, the greatest first. */
  get visible(): readonly StandingAlarm[] {
    return this.#rows.flatMap(({ condition, standing }) =>
      standing !== undefined && this.#seen.has(condition) ? [{ id: ALARM_IDS[condition], since: standing }] : [],
    );
  }

  /** The condition is there at this moment. */
  present(condition: LineAlarm): boolean {
    return this.#row(condition).present;
  }

  /** Its alarm stands, hidden or not. */
  declared(condition: LineAlarm): boolean {
    return this.#row(condition).standing !== undefined;
  }

  feed(event: AlarmEvent, now: Instant): readonly AlarmEffect[] {
    switch (event.type) {
      case 'line':
        for (const row of this.#rows) {
          if (row.condition !== 'd-channel') this.#turn(row, event.alarms.includes(row.condition), now);
        }
        break;
      case 'd-channel':
        this.#turn(this.#row('d-channel'), !event.up, now);
        break;
      default:
        impossible(event);
    }
    return this.#look();
  }

  wake(now: Instant): readonly AlarmEffect[] {
    for (let due = this.#timers.take(now); due !== undefined; due = this.#timers.take(now)) {
      const row = this.#row(due);
      row.standing = row.present ? now : undefined;
    }
    return this.#look();
  }

  #row(condition: Condition): Row {
    const row = this.#rows.find((one) => one.condition === condition);
    assert(row !== undefined, 'every condition has a row');
    return row;
  }

  #turn(row: Row, present: boolean, now: Instant): void {
    if (row.present === present) return;
    row.present = present;
    const stands = row.standing !== undefined;
    if (stands === present) this.#timers.stop(row.condition);
    // A D-channel that is up has proved itself by a handshake, and must not outlast the line's alarm that hides its own.
    else if (!present && row.condition === 'd-channel') row.standing = undefined;
    else this.#timers.start(row.condition, now, present ? this.#times.raise : this.#times.clear);
  }

  /** What is to be seen now, and how that differs from before. A condition hides what follows from it before its own alarm is out. */
  #look(): readonly AlarmEffect[] {
    const seen = new Set<Condition>();
    let explained = false;
    for (const { condition, present, standing } of this.#rows) {
      if (standing !== undefined && !explained) seen.add(condition);
      explained ||= present || standing !== undefined;
    }
    const effects: AlarmEffect[] = [];
    for (const { condition } of this.#rows) {
      if (seen.has(condition) === this.#seen.has(condition)) continue;
      effects.push({ type: seen.has(condition) ? 'raised' : 'cleared', id: ALARM_IDS[condition] });
    }
    this.#seen = seen;
    return effects;
  }
}
