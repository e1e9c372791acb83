/**
 * ELINs: numbers that belong to a place (emergency location identification numbers). The answering point (PSAP) sees one as the
 * caller's number, knows the place by it, and calls it back.
 */
import type { CallerNumber } from '../call/number.ts';
import type { DirectoryLocation } from './location.ts';

/** An ELIN in use: who called under it, so that a call back finds him. */
export interface HeldElin {
  /** E.164. */
  readonly elin: string;
  readonly location: string;
  /** The same for all calls of one caller: he keeps his ELIN. */
  readonly holder: string;
  /** Undefined for a caller whom we don't know. */
  readonly aor: string | undefined;
  /** The trunk by which the call came, as from a PBX behind us, and the caller's own number there. */
  readonly gateway: string | undefined;
  readonly caller: string | undefined;
}

/** Held ELINs by number, the one that was taken longest ago first. */
export type HeldElins = ReadonlyMap<string, HeldElin>;

/**
 * The ELIN for a caller at this place: the one that he has already, else one that nobody has, else the one that was taken
 * longest ago, since an emergency is never refused. Undefined where the place has none.
 */
export function chooseElin(location: DirectoryLocation, holder: string, held: HeldElins): string | undefined {
  const own = location.elins.find((elin) => held.get(elin)?.holder === holder);
  const free = own ?? location.elins.find((elin) => !held.has(elin));
  return free ?? [...held.keys()].find((elin) => location.elins.includes(elin));
}

/** The ELIN as a caller's number, vouched for by us and never hidden. */
export const elinNumber = (elin: string): CallerNumber => ({
  digits: elin.slice(1),
  type: 'international',
  plan: 'isdn',
  presentation: 'allowed',
  screening: 'passed',
});

/**
 * The held ELIN that a call from a trunk is for. Carriers may deliver a number's last digits only, so where no number is known
 * to be whole, an ELIN that alone ends with at least four of the same digits is meant.
 */
export function heldElinOf(called: string, held: HeldElins): HeldElin | undefined {
  const exact = held.get(called);
  if (exact !== undefined || called.startsWith('+') || !/^\d{4,}$/.test(called)) return exact;
  const ending = [...held.values()].filter(({ elin }) => elin.endsWith(called));
  return ending.length === 1 ? ending[0] : undefined;
}
