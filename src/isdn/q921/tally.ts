import type { LinkSide } from './primitives.ts';

/** What has been seen of a D-channel in one direction, by kind; `wrongSide`: frames of any kind that can't come from that side. */
export interface Tally {
  SABME: number;
  UA: number;
  DM: number;
  DISC: number;
  numbered: number;
  other: number;
  wrongSide: number;
}

export const emptyTally = (): Tally => ({ SABME: 0, UA: 0, DM: 0, DISC: 0, numbered: 0, other: 0, wrongSide: 0 });

/** Control octets without the P/F bit (Q.921 Table 5) of the frames that set up a link, and whether they are commands. */
const UNNUMBERED: ReadonlyMap<number, readonly ['SABME' | 'UA' | 'DM' | 'DISC', command: boolean]> = new Map([
  [0x6f, ['SABME', true]],
  [0x63, ['UA', false]],
  [0x0f, ['DM', false]],
  [0x43, ['DISC', true]],
]);

/** Counts a frame that `sender` sent, by its first octets alone: what the data link does with it is not asked. */
export function count(tally: Tally, frame: Uint8Array, sender: LinkSide): void {
  const [address, , control] = frame;
  if (address === undefined || control === undefined) {
    tally.other++;
    return;
  }
  // The network's commands and the user's responses carry 1 (Q.921 §3.3.2).
  const command = ((address & 0x02) !== 0) === (sender === 'network');
  const known = (control & 0x03) === 0x03 ? UNNUMBERED.get(control & ~0x10) : undefined;
  if (known !== undefined) {
    const [name, isCommand] = known;
    tally[name]++;
    if (command !== isCommand) tally.wrongSide++;
  } else if ((control & 0x03) === 0x03) tally.other++;
  else {
    tally.numbered++;
    // I frames are commands; supervisory ones may be either.
    if ((control & 0x01) === 0 && !command) tally.wrongSide++;
  }
}
