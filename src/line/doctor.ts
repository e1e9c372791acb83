/**
 * The T1 doctor: from the evidence to what is wrong, on whose side, and what to do. A pure table from the wire upwards: what a
 * lower layer explains, the layers above are not asked about.
 */
import type { Diagnosis, Verdict } from './diagnosis.ts';
import { dChannelFault, layer3Fault, tallies } from './doctor-d-channel.ts';
import { clockFault, errorsFault } from './doctor-quality.ts';
import { signalFault } from './doctor-signal.ts';
import { farEndOf, type SpanEvidence } from './evidence.ts';
import { letterTo } from './letter.ts';

export function diagnose(evidence: SpanEvidence): Verdict {
  const broken = portFault(evidence) ?? loopedFault(evidence) ?? signalFault(evidence);
  const diagnoses = broken === undefined ? aboveTheWire(evidence) : [broken];
  const found = diagnoses.length === 0 ? [well(evidence)] : diagnoses;
  return { span: evidence.span, farEnd: farEndOf(evidence), diagnoses: found, letter: letterTo(evidence, found) };
}

function aboveTheWire(evidence: SpanEvidence): readonly Diagnosis[] {
  const found = [dChannelFault(evidence), layer3Fault(evidence), clockFault(evidence), errorsFault(evidence)];
  return found.filter((one) => one !== undefined);
}

function portFault({ port, trouble }: SpanEvidence): Diagnosis | undefined {
  if (trouble !== undefined) {
    return {
      id: 'port-trouble',
      party: 'ours',
      what: `The span can’t be driven: ${trouble}.`,
      checks: ['Mend what it says: the span is tried again every two seconds, and no restart is needed.'],
      because: [trouble],
    };
  }
  if (port) return undefined;
  return {
    id: 'port-silent',
    party: 'ours',
    what: 'The card or its driver does not answer, so nothing is known of the line.',
    checks: ['Is the card seated and its driver loaded?', 'Does another program hold the span?'],
    because: ['the port can’t be read'],
  };
}

function loopedFault(evidence: SpanEvidence): Diagnosis | undefined {
  const { span, loopback } = evidence;
  if (loopback === undefined) return undefined;
  const because = [`loopback: ${loopback}`];
  if (loopback === 'remote') {
    const far = farEndOf(evidence);
    return {
      id: 'loopback',
      party: 'carrier',
      what: `The ${far} has looped the line back, so we only hear ourselves.`,
      checks: [`Ask the ${far} to take its loopback down.`],
      because,
    };
  }
  return {
    id: 'loopback',
    party: 'ours',
    what: `The span is in a ${loopback} loopback that was made here, so it carries no calls.`,
    checks: [`Release it: branchline spans --loopback ${span} --type off. Otherwise it ends at its time.`],
    because,
  };
}

const well = (evidence: SpanEvidence): Diagnosis => ({
  id: 'well',
  party: 'nobody',
  what: evidence.dChannel.up
    ? 'The span is well: no alarm, no slips, and the D-channel is up.'
    : 'The line is good, and the D-channel is being called up.',
  checks: [],
  because: tallies(evidence),
});
