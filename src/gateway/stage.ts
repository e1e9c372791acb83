/** The way of a call. The same eleven names are the log events, the metrics and the rungs of the ladders. */
export const STAGES = [
  'heardSetup',
  'normalise',
  'admit',
  'route',
  'dial',
  'progress',
  'answer',
  'talk',
  'release',
  'record',
  'publish',
] as const;
export type Stage = (typeof STAGES)[number];
