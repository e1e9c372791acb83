/** What a peer may send us at most. Larger messages are refused with 513, longer headers with 400. */
export const LIMITS = {
  /** Octets in a message, headers and body: what a UDP datagram can hold (RFC 3261 §18.1.1 asks to take 65 535). */
  message: 65_535,
  /** Header lines. */
  headers: 200,
  /** Octets in one header line, folds included. */
  line: 8_192,
  /** Octets from the start line to the empty line. */
  head: 49_152,
} as const;
