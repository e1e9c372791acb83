/** One second of a line, judged: which performance parameters it adds to. Pure tables of RFC 4805, Performance Parameters, and T1.231. */
import type { FarCounters, LineAlarm, LineCounters } from '../span/port.ts';

/** What is counted for each end of a line, in the order of DS1-MIB's tables, with line errored seconds and code violations. */
export const PARAMETERS = ['es', 'ses', 'sefs', 'uas', 'css', 'bes', 'les', 'lcv', 'pcv'] as const;

/**
 * es errored · ses severely errored · sefs severely errored framing · uas unavailable · css controlled slip · bes bursty errored ·
 * les line errored seconds; lcv line code · pcv path code violations.
 */
export type Parameter = (typeof PARAMETERS)[number];
export type Counts = Readonly<Record<Parameter, number>>;

export const NOTHING: Counts = { es: 0, ses: 0, sefs: 0, uas: 0, css: 0, bes: 0, les: 0, lcv: 0, pcv: 0 };

/** An unavailable second is counted as that and as nothing else (RFC 4805, Unavailable Seconds). */
export const UNAVAILABLE: Counts = { ...NOTHING, uas: 1 };

export function sum(a: Counts, b: Counts): Counts {
  const out: Record<Parameter, number> = { ...a };
  for (const name of PARAMETERS) out[name] += b[name];
  return out;
}

/** What `now` has more than `before`. */
export function since(before: Counts, now: Counts): Counts {
  const out: Record<Parameter, number> = { ...now };
  for (const name of PARAMETERS) out[name] -= before[name];
  return out;
}

/** Framing of the line: T1 with and without CRC-6, E1 with and without CRC-4. */
export type Framing = 'esf' | 'd4' | 'crc4' | 'fas';

/** What one second brought: the alarms that stood at any moment of it, and what was counted in it. */
export interface NearSecond extends LineCounters {
  readonly alarms: readonly LineAlarm[];
}

/** `counted`: what the far end has told of its receiver in this second; undefined where it tells nothing but RAI. */
export interface FarSecond {
  readonly rai: boolean;
  readonly counted: FarCounters | undefined;
}

export interface JudgedSecond {
  /** What it adds if it turns out to be a second of available time. */
  readonly counts: Counts;
  /** It is severely errored, so that ten of them in a row are unavailable time. */
  readonly severe: boolean;
}

/**
 * From how many violations on a second is severely errored: of the path code with CRC, of the line code without (RFC 4805,
 * Performance Parameters). Of D4's framing bits the RFC says no number; T1.231 says eight.
 */
const SEVERE: Readonly<Record<Framing, { readonly path: number; readonly line: number }>> = {
  esf: { path: 320, line: Number.POSITIVE_INFINITY },
  d4: { path: 8, line: 1544 },
  crc4: { path: 832, line: Number.POSITIVE_INFINITY },
  fas: { path: Number.POSITIVE_INFINITY, line: 2048 },
};

/** What our own receiver's second adds, and whether it is severe (RFC 4805, Performance Parameters). */
export function judgeNear(second: NearSecond, framing: Framing): JudgedSecond {
  const { alarms, lineCode, pathCode, outOfFrame, slips } = second;
  const los = alarms.includes('LOS');
  const ais = alarms.includes('AIS');
  // A receiver without a signal is out of frame, whether its driver says so or not.
  const framingLost = outOfFrame > 0 || alarms.includes('LOF') || los;
  const limits = SEVERE[framing];
  const severe = framingLost || ais || pathCode >= limits.path || lineCode >= limits.line;
  const withoutCrc = framing === 'd4' || framing === 'fas';
  return {
    severe,
    counts: {
      es: one(pathCode > 0 || framingLost || ais || slips > 0 || (withoutCrc && lineCode > 0)),
      ses: one(severe),
      sefs: one(framingLost || ais),
      uas: 0,
      css: one(slips > 0),
      bes: one(framing === 'esf' && pathCode > 1 && pathCode < limits.path && !framingLost && !ais),
      les: one(lineCode > 0 || los),
      lcv: lineCode,
      pcv: pathCode,
    },
  };
}

const SILENT: FarCounters = { pathCode: 0, outOfFrame: 0, slips: 0 };

/** RAI says that the far end's receiver has failed; all else it can only tell itself (T1.231, far-end parameters). */
export function judgeFar({ rai, counted = SILENT }: FarSecond, framing: Framing): JudgedSecond {
  const { pathCode, outOfFrame, slips } = counted;
  const framingLost = outOfFrame > 0 || rai;
  const limit = SEVERE[framing].path;
  const severe = framingLost || pathCode >= limit;
  return {
    severe,
    counts: {
      ...NOTHING,
      es: one(pathCode > 0 || framingLost || slips > 0),
      ses: one(severe),
      sefs: one(framingLost),
      css: one(slips > 0),
      bes: one(framing === 'esf' && pathCode > 1 && pathCode < limit && !framingLost),
      pcv: pathCode,
    },
  };
}

const one = (is: boolean): number => (is ? 1 : 0);
