/** The parts of a civic address, by the names of RFC 5139 §3, in the order in which its schema has them. */
export const CIVIC_PARTS = [
  'country',
  'A1',
  'A2',
  'A3',
  'PRD',
  'RD',
  'STS',
  'POD',
  'HNO',
  'HNS',
  'LMK',
  'LOC',
  'NAM',
  'PC',
  'BLD',
  'UNIT',
  'FLR',
  'ROOM',
] as const;

/** Where somebody is, for those who send help: `country` has two letters, `A1` is the state, `A3` the city, `RD` the road, `HNO` the number. */
export type CivicAddress = Readonly<Partial<Record<(typeof CIVIC_PARTS)[number], string | undefined>>>;
