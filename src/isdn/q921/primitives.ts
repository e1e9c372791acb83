import { type Millis, seconds } from '../../kernel/time.ts';

/** Which end of the D-channel this is: it decides the command/response bit of every frame (Q.921 §3.3.2). */
export type LinkSide = 'user' | 'network';

/** System parameters of a point-to-point data link, Q.921 §5.9. */
export interface LinkSettings {
  readonly side: LinkSide;
  /** How long an answer is waited for. */
  readonly t200: Millis;
  /** How long an established link may be idle before the peer is asked whether it is there. */
  readonly t203: Millis;
  /** How often an unanswered frame is sent again. */
  readonly n200: number;
  /** Octets in an information field, at most. */
  readonly n201: number;
  /** I frames that may be under way without an acknowledgement: 1–127. */
  readonly k: number;
  /** Messages that may wait, the unacknowledged ones included; more are refused. */
  readonly queueLimit: number;
}

/** The defaults of Q.921 §5.9 for a primary rate access. */
export const LINK_DEFAULTS: Omit<LinkSettings, 'side'> = {
  t200: seconds(1),
  t203: seconds(10),
  n200: 3,
  n201: 260,
  k: 7,
  queueLimit: 512,
};

/** The states 4 to 8 of Q.921 Annex B, under their names. */
export type LinkState =
  | 'tei-assigned'
  | 'awaiting-establishment'
  | 'awaiting-release'
  | 'multiple-frame-established'
  | 'timer-recovery';

/**
 * The error codes of MDL-ERROR indication, Q.921 Table II.1: A unsolicited F=1 · B DM F=1 · C UA F=1 · D UA F=0 ·
 * E DM F=0 · F the peer re-established · G no answer to SABME · H no answer to DISC · I no answer to an enquiry ·
 * J impossible N(R) · K FRMR · L undefined frame · M information not permitted · N wrong size · O information too long.
 */
export type MdlErrorCode = 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M' | 'N' | 'O';

export type LinkEvent =
  /** A frame from the line: address to information field, without flags and FCS. */
  | { readonly type: 'frame'; readonly frame: Uint8Array }
  /**
   * DL-ESTABLISH request. It stands until `dl-release`: a link that is lost, refused or released by the peer is reported
   * once as `dl-released` and tried again for ever.
   */
  | { readonly type: 'dl-establish' }
  /** DL-RELEASE request: answered by `dl-released` with `confirm`. */
  | { readonly type: 'dl-release' }
  /**
   * DL-DATA request: one layer 3 message, which begins at `at`. Behind room for the head of its I frame (`I_HEAD`) it is not
   * copied: the head is written before it, and the array belongs to the line from here on.
   */
  | { readonly type: 'dl-data'; readonly message: Uint8Array; readonly at: number }
  /** Layer 3 cannot take more for now, or can again: the peer is told RNR or RR (§5.6.5). */
  | { readonly type: 'own-busy'; readonly busy: boolean }
  /** PH-DEACTIVATE and PH-ACTIVATE indication: the line has gone (an alarm), or is back. It counts as active at first. */
  | { readonly type: 'line'; readonly active: boolean };

export type LinkEffect =
  | { readonly type: 'frame'; readonly frame: Uint8Array }
  /** DL-ESTABLISH: a confirm of our request, or an indication. While established it says that messages may have been lost. */
  | { readonly type: 'dl-established'; readonly confirm: boolean }
  /** DL-RELEASE: a confirm of our request, or an indication. Nothing that waited has been kept. */
  | { readonly type: 'dl-released'; readonly confirm: boolean }
  /** DL-DATA indication: the message, which begins at `at` in the frame that brought it. */
  | { readonly type: 'dl-data'; readonly message: Uint8Array; readonly at: number }
  /** This DL-DATA request goes nowhere: there is no link, the queue is full, or the message is longer than N201. */
  | {
      readonly type: 'dl-refused';
      readonly message: Uint8Array;
      readonly why: 'no-link' | 'queue-full' | 'too-long';
    }
  | { readonly type: 'mdl-error'; readonly code: MdlErrorCode };
