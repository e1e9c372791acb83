/** Cause: Q.850 §2, used by Q.931 §4.5.12. */
import type { ElementCodec } from '../element.ts';
import { last } from './codec.ts';
import { type CauseLocation, locations } from './location.ts';

export interface CauseElement {
  /** 1–127. */
  readonly cause: number;
  readonly location: CauseLocation;
  /** Octets 5 on: identifiers of elements, a message type, a timer's number in IA5 …, as heard. */
  readonly diagnostics: Uint8Array | undefined;
}

export const causeElement: ElementCodec<CauseElement> = {
  codeset: 0,
  id: 0x08,
  decode(octets, at = 0, end = octets.length) {
    if (at >= end) return undefined;
    const octet3 = octets[at] ?? 0;
    // Octet 3a names the recommendation; the causes of all of them are Q.850's.
    const next = at + (last(octet3) ? 1 : 2);
    if (next >= end) return undefined;
    const octet4 = octets[next] ?? 0;
    if (!last(octet4) || (octet4 & 0x7f) === 0) return undefined;
    const diagnostics = next + 1 < end ? octets.slice(next + 1, end) : undefined;
    return { cause: octet4 & 0x7f, location: locations.word(octet3 & 15) ?? 'beyond', diagnostics };
  },
  encode({ cause, location, diagnostics }) {
    const head = [0x80 | locations.code(location), 0x80 | (cause & 0x7f)];
    return diagnostics === undefined ? head : [...head, ...diagnostics];
  },
};

/** The causes of the protocol's own errors and of losing a call; the rest are the users' business. */
export const CAUSES = {
  noUserResponding: 18,
  noAnswer: 19,
  destinationOutOfOrder: 27,
  responseToEnquiry: 30,
  normalUnspecified: 31,
  noChannel: 34,
  temporaryFailure: 41,
  congestion: 42,
  channelUnavailable: 44,
  bearerNotImplemented: 65,
  invalidCallReference: 81,
  noSuchChannel: 82,
  mandatoryMissing: 96,
  messageNotImplemented: 97,
  elementNotImplemented: 99,
  invalidElement: 100,
  messageNotCompatible: 101,
  timerExpiry: 102,
} as const;
