/** Which ordinary call gives its B-channel to an emergency call that finds none free. */

/** The newest call, or the oldest; or none is ever ended. */
export type MakeRoomOrder = 'newest' | 'oldest' | 'never';

/** A call that has a B-channel on one of the spans in question. */
export interface RoomCandidate {
  readonly id: string;
  /** Wall time in milliseconds. */
  readonly started: number;
  readonly answered: boolean;
  /** An emergency call, or the answering point's call back: never ended. */
  readonly emergency: boolean;
}

/** Calls that nobody has answered yet go first, since least is lost with them; then by the order of the site. */
export function chooseVictim(candidates: readonly RoomCandidate[], order: MakeRoomOrder): string | undefined {
  if (order === 'never') return undefined;
  const way = order === 'newest' ? -1 : 1;
  const [first] = candidates
    .filter(({ emergency }) => !emergency)
    .toSorted((a, b) => Number(a.answered) - Number(b.answered) || way * (a.started - b.started));
  return first?.id;
}
