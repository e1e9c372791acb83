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

/** Who has to act. `carrier`: whoever has the far end, which may be a PBX; `wiring`: the cable between the box and his jack. */
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

/** Who is at the far end, as the words have it. */
export type FarEnd = 'carrier' | 'PBX';

export interface Verdict {
  readonly span: string;
  readonly farEnd: FarEnd;
  /** The gravest first; a healthy span has exactly `well`. */
  readonly diagnoses: readonly Diagnosis[];
  /** What may be sent to the far end as it stands; undefined where it has nothing to do. */
  readonly letter: string | undefined;
}
