/** Progress indicator: Q.931 §4.5.23. */
import type { ElementCodec } from '../element.ts';
import { last } from './codec.ts';
import { type CauseLocation, locations } from './location.ts';

export interface Progress {
  readonly location: CauseLocation;
  /** 1 not end-to-end ISDN, 2 destination not ISDN, 3 origination not ISDN, 4 back in the ISDN, 8 in-band information. */
  readonly description: number;
}

export const progressIndicator: ElementCodec<Progress> = {
  codeset: 0,
  id: 0x1e,
  decode(octets, at = 0, end = octets.length) {
    if (end - at < 2) return undefined;
    const octet3 = octets[at] ?? 0;
    const octet4 = octets[at + 1] ?? 0;
    if (!last(octet3) || !last(octet4)) return undefined;
    return { location: locations.word(octet3 & 15) ?? 'beyond', description: octet4 & 0x7f };
  },
  encode: ({ location, description }) => [0x80 | locations.code(location), 0x80 | description],
};

/** Whether one of these says that there is something to hear: 1 or 8. */
export const inBand = (progress: readonly Progress[]): boolean =>
  progress.some((p) => p.description === 8 || p.description === 1);
