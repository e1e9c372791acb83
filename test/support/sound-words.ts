/** What the tests' main thread and the thread of their far ends say to each other. */

/** Sockets at once. */
export const MOST_ENDS = 128;

/** An end's record: whole numbers, and behind them the octets that it heard. */
export const CELL = {
  length: 0,
  packets: 1,
  expected: 2,
  /** What was heard when the first block of the latest play went out. */
  playedAt: 3,
  count: 4,
} as const;

/** Where an end sends, as octets of a B-channel or as RTP. */
export interface Aim {
  readonly address: string;
  readonly port: number;
  /** Whether it says anything now. */
  readonly says: boolean;
  readonly rtp?: { readonly payloadType: number; readonly telephoneEvent: number | undefined };
}

export type DeskWord =
  | {
      readonly type: 'open';
      readonly tag: number;
      readonly address: string;
      readonly port: number;
      readonly record: SharedArrayBuffer;
      /** The octet of silence. */
      readonly rest: number;
    }
  | { readonly type: 'aim'; readonly tag: number; readonly aim: Aim }
  | {
      readonly type: 'play';
      readonly tag: number;
      /** Said once or again and again; then silence. */
      readonly octets: Uint8Array;
      readonly repeats: boolean;
      /** Each block goes back as it came. */
      readonly loops: boolean;
    }
  | { readonly type: 'close'; readonly tag: number };

export type DeskAnswer =
  | { readonly type: 'opened'; readonly tag: number; readonly error: string | undefined }
  | { readonly type: 'closed'; readonly tag: number };
