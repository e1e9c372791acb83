/** What the doctor is told of a span: plain facts, gathered since its D-channel last went up or down, or over the last quarter hour. */
import type { LineAlarm, Loopback } from '../span/port.ts';
import type { FarEnd } from './diagnosis.ts';
import type { Counts, Framing } from './second.ts';

/** Frames of the D-channel, one direction. */
export interface FrameTally {
  readonly SABME: number;
  readonly UA: number;
  readonly DM: number;
  readonly DISC: number;
  /** I frames and the supervisory ones. */
  readonly numbered: number;
  /** Anything else that came whole. */
  readonly other: number;
  /** Of all these: with the command/response bit of the other side, so that the frame can't be what it is (Q.921 §3.3.2). */
  readonly wrongSide: number;
}

/**
 * Seconds with a controlled slip, of our receiver and, where it tells, of the far end. Slips themselves are not to be compared: what
 * slips is a frame in a framer, and a block of 20 ms of each call in our own buffers.
 */
export interface SlipFacts {
  readonly near: number;
  readonly far: number | undefined;
  /** Over so many, the last hour at most: clocks that nearly agree slip seldom. */
  readonly seconds: number;
}

export interface SpanEvidence {
  readonly span: string;
  readonly line: 't1' | 'e1';
  readonly framing: Framing;
  /** What there is between us and the far end: a line's wires, or an Ethernet (TDM over Ethernet). */
  readonly medium: 'wires' | 'ethernet';
  readonly side: 'user' | 'network';
  readonly variant: string;
  /** Undefined where another span carries the D-channel (NFAS). */
  readonly dSlot: number | undefined;
  /** False while the port doesn't answer: no card, no driver. */
  readonly port: boolean;
  /** What the driver says stands in the way: a sentence. */
  readonly trouble: string | undefined;
  /** At this moment, and those whose alarm still stands. */
  readonly alarms: readonly LineAlarm[];
  readonly loopback: Loopback | 'remote' | undefined;
  /**
   * What is looked back on here: at most the last quarter hour, and nothing from before the line's last alarm was cleared. What a
   * cut cable has cost is no trouble of a line that is whole again.
   */
  readonly seconds: number;
  readonly near: Counts;
  readonly far: Counts;
  readonly slips: SlipFacts;
  /** Timeslots other than the D-channel's in which HDLC flags stand; undefined where nobody looks. */
  readonly flagsIn: readonly number[] | undefined;
  readonly dChannel: {
    readonly up: boolean;
    /** For how many seconds it has been so. */
    readonly seconds: number;
    readonly heard: FrameTally;
    readonly sent: FrameTally;
    /** Times that it went down in the last quarter hour. */
    readonly losses: number;
    /** The error codes of Q.921 Table II.1 with their counts. */
    readonly errors: Readonly<Record<string, number>>;
  };
  /** In the last quarter hour. */
  readonly layer3: {
    /** Release and STATUS causes by which a peer says that it doesn't understand us (Q.850 classes 5 and 6), with their counts. */
    readonly causes: Readonly<Record<number, number>>;
    /** Messages of the peer that we could not take, by the id of the problem. */
    readonly problems: Readonly<Record<string, number>>;
  };
}

/** A user's far end is the carrier; a network's, and that of QSIG on either side, is a PBX. */
export const farEndOf = ({ side, variant }: Pick<SpanEvidence, 'side' | 'variant'>): FarEnd =>
  side === 'user' && variant !== 'qsig' ? 'carrier' : 'PBX';
