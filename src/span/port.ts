/**
 * A span as the rest of the house sees it. A span has two halves: the D-channel and the line's state on the main thread
 * (this file), and the B-channels inside the media worker (a `SpanMedia`, named by its driver and parameters, since samples
 * never cross the main thread).
 */

/** Layer-1 alarms of a DS1, T1.231: what we receive (red causes) and what the far end tells us (yellow). */
export type LineAlarm = 'LOS' | 'LOF' | 'AIS' | 'RAI';

export type SpanEvent =
  /** One LAPD frame from the D-channel: address to information field, without flags and FCS. */
  | { readonly type: 'frame'; readonly frame: Uint8Array }
  | { readonly type: 'alarm'; readonly alarm: LineAlarm; readonly raised: boolean }
  /** What stands in the way of the span, as a sentence for the operator; it stays true until the next of these, or until it is mended. */
  | { readonly type: 'failed'; readonly why: string }
  | { readonly type: 'mended' };

/** A loopback that we make: towards ourselves, or of what the line brings, with its framing or without (T1.403). */
export type Loopback = 'local' | 'line' | 'payload';

/**
 * One look at a line, taken once a second: what the framer finds at this moment, before any integration, and what it has counted.
 * Counters only run up, from any origin; one that falls has begun anew.
 */
export interface LineReading {
  readonly alarms: readonly LineAlarm[];
  readonly counters: LineCounters;
  /** What the far end has reported of its receiver: performance reports (T1.403), E bits; undefined where nothing tells. */
  readonly far: FarCounters | undefined;
  /** A loopback that is in force, ours or the far end's. */
  readonly loopback: Loopback | 'remote' | undefined;
  /** Timeslots, the D-channel's own left out, in which HDLC flags stand; undefined where nobody looks. */
  readonly flagsIn?: readonly number[];
}

/** Anomalies that the receiver has counted, T1.231. A driver leaves at 0 what its line has not. */
export interface LineCounters {
  /** Line code violations: bipolar violations and excessive zeros. */
  readonly lineCode: number;
  /** Path code violations: CRC-6 (CRC-4) errors; without CRC the errors of framing bits. On TDM over Ethernet: frames lost. */
  readonly pathCode: number;
  /** Times that frame alignment was lost (SEF/OOF). */
  readonly outOfFrame: number;
  /** Controlled slips of what is received. */
  readonly slips: number;
}

export type FarCounters = Omit<LineCounters, 'lineCode'>;

export interface SpanPort {
  readonly id: string;
  /** Sends one LAPD frame, without flags and FCS. Never throws: a frame that can't go is lost, as on a line. */
  send(frame: Uint8Array): void;
  /** How the line is right now. It must not block. Undefined where it can't be asked at the moment. */
  read?(): LineReading | undefined;
  /** Makes a loopback, or takes it away with undefined; answers why it can't, or undefined when it is done. */
  loop?(loopback: Loopback | undefined): string | undefined;
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
    }
  /** TDM over Ethernet, D-channel included: its frames of LAPD come and go between worker and main thread. */
  | {
      readonly driver: 'tdmoe';
      readonly id: string;
      readonly slots: number;
      /** The slot whose octets are the D-channel; undefined where there is none (NFAS). */
      readonly dSlot: number | undefined;
      /** The Ethernet interface, the peer's address on it (`02:00:00:00:00:01`), and the sub-address, in a multi-frame the span's place. */
      readonly interface: string;
      readonly peer: string;
      readonly subAddress: number;
      readonly variant: 'single' | 'multi';
    }
  /** A span that the kernel's DAHDI driver has; the main thread opens its channels and hands them over when they are there. */
  | { readonly driver: 'dahdi'; readonly id: string; readonly slots: number };

/** What the simulated carrier's end of a B-channel does with its audio. Level in dBm0, frequency in Hz. */
export type FarAudio =
  | { readonly type: 'idle' }
  | { readonly type: 'tone'; readonly frequency: number; readonly level: number }
  | { readonly type: 'ringback' | 'busy' | 'reorder' }
  | { readonly type: 'echo'; readonly delay: number }
  | { readonly type: 'digits'; readonly digits: string };
