/** The doctor's words. */

/** Stable ids of what can be wrong. */
export type DiagnosisId =
  | 'well'
  | 'port-trouble'
  | 'port-silent'
  | 'loopback'
  | 'no-signal'
  | 'alarm-from-carrier'
  | 'no-framing'
  | 'not-heard'
  | 'clock-differs'
  | 'slips-one-way'
  | 'line-errors'
  | 'd-channel-wrong-slot'
  | 'd-channel-silent'
  | 'd-channel-wrong-side'
  | 'd-channel-refused'
  | 'd-channel-one-way'
  | 'd-channel-garbled'
  | 'd-channel-unsteady'
  | 'switch-type';

/** Who has to act. `wiring`: the cable between the box and the carrier's jack. */
export type Party = 'nobody' | 'wiring' | 'carrier' | 'ours' | 'settings';

export interface Diagnosis {
  readonly id: DiagnosisId;
  readonly party: Party;
  /** One sentence for who is not of the trade. */
  readonly what: string;
  /** What to do, in this order. */
  readonly checks: readonly string[];
  /** The facts that it was concluded from. */
  readonly because: readonly string[];
}

export interface Verdict {
  readonly span: string;
  /** The gravest first; a healthy span has exactly `well`. */
  readonly diagnoses: readonly Diagnosis[];
  /** What may be sent to the carrier as it stands; undefined where the carrier has nothing to do. */
  readonly letter: string | undefined;
}
