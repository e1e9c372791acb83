/** What the simulated carrier does with a call, chosen by the last seven digits of the number dialled: a table. */
import { type Millis, ms, seconds } from '../../kernel/time.ts';
import type { FarAudio } from '../port.ts';

export interface CarrierSettings {
  /** Of the milliwatt and of announcements, in dBm0; 0 is the digital milliwatt. */
  readonly level: number;
  /** The cause with which the carrier ends a call that it has held for `hold` after the answer: Q.850, 1–127. */
  readonly clearingCause: number;
  readonly hold: Millis;
  /** Which free B-channel the carrier's own calls take. Ours take the lowest, so `ascending` here makes glare. */
  readonly hunting: 'ascending' | 'descending';
  /** Set to another switch type than ours, it understands no SETUP: each is refused with this cause (96–101). */
  readonly notUnderstood?: number;
  /** It calls the data link up by itself; otherwise it leaves that to us. */
  readonly callsUp?: boolean;
}

export const CARRIER_DEFAULTS: CarrierSettings = {
  level: 0,
  clearingCause: 16,
  hold: seconds(30),
  hunting: 'descending',
};

/** One step of the carrier in a call. All up to the next `wait` happen at once. */
export type CarrierStep =
  | { readonly type: 'proceed' | 'alert' | 'answer' }
  /** PROGRESS with indicator 8: there is something to hear before the answer. */
  | { readonly type: 'progress' }
  | { readonly type: 'play'; readonly audio: FarAudio }
  | { readonly type: 'wait'; readonly for: Millis }
  /** `announced`: by DISCONNECT with indicator 8, while what plays plays on (Q.931 §5.4.1). */
  | { readonly type: 'clear'; readonly cause: number; readonly announced: boolean }
  /** Calls the caller's number later on. */
  | { readonly type: 'call-back'; readonly in: Millis };

export interface CarrierNumber {
  /** As documented: n stands for a digit. */
  readonly number: string;
  readonly meaning: string;
  /** `value`: what the n's of the number were dialled as, as a number; 0 where it has none. */
  readonly steps: (settings: CarrierSettings, value: number) => readonly CarrierStep[];
}

/** The frequency of the test tone at 0 dBm0: 1004 Hz, since 1000 divides the sampling rate (T1.401). */
const MILLIWATT = 1004;
/** Stands for an announcement: the first of the special information tones (E.180 §3.4). */
const ANNOUNCEMENT = 950;

const proceed: CarrierStep = { type: 'proceed' };
const alert: CarrierStep = { type: 'alert' };
const answer: CarrierStep = { type: 'answer' };
const play = (audio: FarAudio): CarrierStep => ({ type: 'play', audio });
const ringback = play({ type: 'ringback' });
const echo = play({ type: 'echo', delay: 0 });
const wait = (time: Millis): CarrierStep => ({ type: 'wait', for: time });
const clear = (cause: number): CarrierStep => ({ type: 'clear', cause, announced: false });
const milliwatt = ({ level }: CarrierSettings): CarrierStep => play({ type: 'tone', frequency: MILLIWATT, level });
const hold = (settings: CarrierSettings): readonly CarrierStep[] => [
  wait(settings.hold),
  clear(settings.clearingCause),
];

export const CARRIER_NUMBERS: readonly CarrierNumber[] = [
  {
    number: '5551004',
    meaning: 'answers with the milliwatt (1004 Hz)',
    steps: (settings) => [proceed, answer, milliwatt(settings), ...hold(settings)],
  },
  {
    number: '5551005',
    meaning: 'answers and echoes',
    steps: (settings) => [proceed, answer, echo, ...hold(settings)],
  },
  {
    number: '5551006',
    meaning: 'rings for 2 s, then answers with the milliwatt',
    steps: (settings) => [
      ...[proceed, alert, ringback, wait(seconds(2))],
      ...[answer, milliwatt(settings), ...hold(settings)],
    ],
  },
  { number: '5551007', meaning: 'is busy: cause 17', steps: () => [proceed, clear(17)] },
  {
    number: '5551008',
    meaning:
      'announces before the answer (a 950 Hz tone), and after 3 s disconnects with cause 1 and the tone still there',
    steps: ({ level }) => [
      proceed,
      { type: 'progress' },
      play({ type: 'tone', frequency: ANNOUNCEMENT, level }),
      wait(seconds(3)),
      { type: 'clear', cause: 1, announced: true },
    ],
  },
  { number: '5551009', meaning: 'rings and never answers', steps: () => [proceed, alert, ringback] },
  {
    number: '5551010',
    meaning: 'answers, clears after 1 s, and 2 s later calls the caller back as SIMULATED CALLER',
    steps: ({ clearingCause }) => [
      ...[proceed, answer, echo, wait(seconds(1))],
      { type: 'call-back', in: seconds(2) },
      clear(clearingCause),
    ],
  },
  {
    number: '911',
    meaning:
      'answers as an emergency answering point, clears after 2 s, and 2 s later calls the number back that it saw',
    steps: ({ clearingCause }) => [
      ...[proceed, answer, echo, wait(seconds(2))],
      { type: 'call-back', in: seconds(2) },
      clear(clearingCause),
    ],
  },
  { number: '5559nnn', meaning: 'refuses at once with cause nnn (001–127)', steps: (_, cause) => [clear(cause)] },
  {
    number: '5558nnn',
    meaning: 'answers with the milliwatt and clears after 2 s with cause nnn (001–127)',
    steps: (settings, cause) => [proceed, answer, milliwatt(settings), wait(seconds(2)), clear(cause)],
  },
];

export const ANY_OTHER: CarrierNumber = {
  number: 'any other',
  meaning: 'rings for 1 s, then answers with the milliwatt',
  steps: (settings) => [
    ...[proceed, alert, ringback, wait(ms(1000))],
    ...[answer, milliwatt(settings), ...hold(settings)],
  ],
};

/** What the carrier does with a call to `digits`. */
export function stepsFor(digits: string, settings: CarrierSettings): readonly CarrierStep[] {
  const dialled = digits.slice(-7);
  for (const { number, steps } of CARRIER_NUMBERS) {
    const fixed = number.replaceAll('n', '');
    if (dialled.length !== number.length || !dialled.startsWith(fixed)) continue;
    if (fixed === number) return steps(settings, 0);
    const value = Number(dialled.slice(fixed.length));
    if (value >= 1 && value <= 127) return steps(settings, value);
  }
  return ANY_OTHER.steps(settings, 0);
}
