declare const cause: unique symbol;

/** A cause value of Q.850, 1–127. */
export type Cause = number & { readonly [cause]: true };

/** Where the cause was generated, Q.850 §2.2.2. */
export type Location =
  | 'user'
  | 'private-local'
  | 'public-local'
  | 'transit'
  | 'public-remote'
  | 'private-remote'
  | 'international'
  | 'beyond';

/** Any octet becomes a cause: what is out of range is 127, interworking unspecified (Q.850 §2.2.7.2.7). */
export const causeOf = (value: number): Cause => (value >= 1 && value <= 127 ? value : 127) as Cause;

/** The causes that the code names; the rest pass through as numbers. */
export const CAUSE = {
  unallocated: 1,
  noRouteToDestination: 3,
  normalClearing: 16,
  userBusy: 17,
  noUserResponding: 18,
  noAnswer: 19,
  rejected: 21,
  numberChanged: 22,
  destinationOutOfOrder: 27,
  invalidNumber: 28,
  normalUnspecified: 31,
  noChannel: 34,
  networkOutOfOrder: 38,
  temporaryFailure: 41,
  congestion: 42,
  channelUnavailable: 44,
  bearerNotAuthorized: 57,
  bearerNotImplemented: 65,
  invalidCallReference: 81,
  incompatibleDestination: 88,
  mandatoryMissing: 96,
  messageNotImplemented: 97,
  invalidElement: 100,
  messageNotCompatible: 101,
  timerExpiry: 102,
  protocolError: 111,
  interworking: 127,
} as const satisfies Record<string, number> as unknown as Readonly<Record<CauseName, Cause>>;

export type CauseName =
  | 'unallocated'
  | 'noRouteToDestination'
  | 'normalClearing'
  | 'userBusy'
  | 'noUserResponding'
  | 'noAnswer'
  | 'rejected'
  | 'numberChanged'
  | 'destinationOutOfOrder'
  | 'invalidNumber'
  | 'normalUnspecified'
  | 'noChannel'
  | 'networkOutOfOrder'
  | 'temporaryFailure'
  | 'congestion'
  | 'channelUnavailable'
  | 'bearerNotAuthorized'
  | 'bearerNotImplemented'
  | 'invalidCallReference'
  | 'incompatibleDestination'
  | 'mandatoryMissing'
  | 'messageNotImplemented'
  | 'invalidElement'
  | 'messageNotCompatible'
  | 'timerExpiry'
  | 'protocolError'
  | 'interworking';
