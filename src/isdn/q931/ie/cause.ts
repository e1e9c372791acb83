/** Cause: Q.850 §2, used by Q.931 §4.5.12. */
import { concat } from '../../../kernel/bytes.ts';
import { type ElementCodec, last, readOnce } from './codec.ts';
import { type CauseLocation, locations } from './location.ts';

export interface CauseElement {
  /** 1–127. */
  readonly cause: number;
  readonly location: CauseLocation;
  /** Octets 5 on: identifiers of elements, a message type, a timer's number in IA5 …, as heard. */
  readonly diagnostics: Uint8Array | undefined;
}

export const causeElement: ElementCodec<CauseElement> = readOnce({
  codeset: 0,
  id: 0x08,
  decode(contents) {
    const octet3 = contents[0];
    if (octet3 === undefined) return undefined;
    // Octet 3a names the recommendation; the causes of all of them are Q.850's.
    const at = last(octet3) ? 1 : 2;
    const octet4 = contents[at];
    if (octet4 === undefined || !last(octet4) || (octet4 & 0x7f) === 0) return undefined;
    const diagnostics = contents.length > at + 1 ? contents.slice(at + 1) : undefined;
    return { cause: octet4 & 0x7f, location: locations.word(octet3 & 15) ?? 'beyond', diagnostics };
  },
  encode({ cause, location, diagnostics }) {
    const head = Uint8Array.of(0x80 | locations.code(location), 0x80 | (cause & 0x7f));
    return diagnostics === undefined ? head : concat(head, diagnostics);
  },
});

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
