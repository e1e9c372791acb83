/**
 * A span as the rest of the house sees it. A span has two halves: the D-channel and the line's state on the main thread
 * (this file), and the B-channels inside the media worker (a `SpanMedia`, named by its driver and parameters, since samples
 * never cross the main thread).
 */

/** Layer-1 alarms of a DS1, T1.231 §6: what we receive (red causes) and what the far end tells us (yellow). */
export type LineAlarm = 'LOS' | 'LOF' | 'AIS' | 'RAI';

export type SpanEvent =
  /** One LAPD frame from the D-channel: address to information field, without flags and FCS. */
  | { readonly type: 'frame'; readonly frame: Uint8Array }
  | { readonly type: 'alarm'; readonly alarm: LineAlarm; readonly raised: boolean }
  | { readonly type: 'failed'; readonly why: string };

export interface SpanPort {
  readonly id: string;
  /** Sends one LAPD frame, without flags and FCS. Never throws: a frame that can't go is lost, as on a line. */
  send(frame: Uint8Array): void;
  close(): Promise<void>;
}

/** How the worker reaches this span's B-channels: plain data, handed to it at start. */
export type SpanMediaSpec =
  /** The in-process carrier: the far end's audio is made in the worker, told by `FarAudio` commands. */
  | {
      readonly driver: 'carrier';
      readonly id: string;
      readonly slots: number;
      /** How far its clock runs ahead of ours, in parts per million; 0 unless told. */
      readonly ppm?: number;
    }
  /** One datagram of 160 G.711 octets per 20 ms: B-channel n on base + n, both sides. */
  | {
      readonly driver: 'udp';
      readonly id: string;
      readonly slots: number;
      readonly listen: { readonly address: string; readonly port: number };
      readonly peer: { readonly address: string; readonly port: number };
    };

/** What the simulated carrier's end of a B-channel does with its audio. Level in dBm0, frequency in Hz. */
export type FarAudio =
  | { readonly type: 'idle' }
  | { readonly type: 'tone'; readonly frequency: number; readonly level: number }
  | { readonly type: 'ringback' | 'busy' | 'reorder' }
  | { readonly type: 'echo'; readonly delay: number }
  | { readonly type: 'digits'; readonly digits: string };
