/** The text to send to who has the far end: what we see at ours, in the words that a test desk uses. */
import type { Diagnosis, DiagnosisId } from './diagnosis.ts';
import type { SpanEvidence } from './evidence.ts';

/** What is said otherwise to him whom it is about. */
const TO_THEM: Readonly<Partial<Record<DiagnosisId, string>>> = {
  'no-signal': 'We receive no signal from you.',
  'alarm-from-carrier': 'We receive AIS from you: the line is cut further in, on your side.',
  'not-heard': 'We receive your signal, and RAI (yellow) in it: you do not receive ours.',
  'slips-one-way': 'Only our receiver slips: you send on another clock than the one that you receive from us.',
  loopback: 'You have looped the line back, so we only hear ourselves. Please take the loopback down.',
};

/** Undefined where the far end has nothing to do. A matter of settings is a question to it, so it has its letter too. */
export function letterTo(evidence: SpanEvidence, diagnoses: readonly Diagnosis[]): string | undefined {
  const theirs = diagnoses.filter(({ party }) => party !== 'nobody' && party !== 'ours');
  if (theirs.length === 0) return undefined;
  const { span, line, framing, side, variant, dSlot, near, seconds } = evidence;
  return [
    `Trouble on our ${line.toUpperCase()} PRI, span ${span} (please add the circuit id).`,
    '',
    ...theirs.map(({ id, what }) => TO_THEM[id] ?? what),
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
