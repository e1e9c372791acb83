/** The text to send to the carrier: what we see at our end, in the words that its test desk uses. */
import type { Diagnosis } from './diagnosis.ts';
import type { SpanEvidence } from './evidence.ts';

/** Undefined where the carrier has nothing to do. A matter of settings is a question to the carrier, so it has its letter too. */
export function letterTo(evidence: SpanEvidence, diagnoses: readonly Diagnosis[]): string | undefined {
  const theirs = diagnoses.filter(({ party }) => party !== 'nobody' && party !== 'ours');
  if (theirs.length === 0) return undefined;
  const { span, line, framing, side, variant, dSlot, near, seconds } = evidence;
  return [
    `Trouble on our ${line.toUpperCase()} PRI, span ${span} (please add the circuit id).`,
    '',
    ...theirs.map(({ what }) => what),
    '',
    'What we see at our end:',
    ...theirs.flatMap(({ because }) => because.map((fact) => `- ${fact}`)),
    `- in the last ${timeOf(seconds)}: ES ${near.es}, SES ${near.ses}, SEFS ${near.sefs}, UAS ${near.uas}, CSS ${near.css}, LCV ${near.lcv}, PCV ${near.pcv}`,
    '',
    `Our settings: ${framing.toUpperCase()}, ${side} side, ${variant.toUpperCase()}, ${dSlot === undefined ? 'D-channel on another line' : `D-channel in timeslot ${dSlot}`}.`,
    'Please compare them with the line record, test toward our jack, and tell us what you receive from us.',
  ].join('\n');
}

const timeOf = (seconds: number): string =>
  seconds < 120 ? `${Math.round(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`;
