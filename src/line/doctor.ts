/**
 * The T1 doctor: from the evidence to what is wrong, on whose side, and what to do. A pure table from the wire upwards: what a
 * lower layer explains, the layers above are not asked about.
 */
import type { Diagnosis, Verdict } from './diagnosis.ts';
import { dChannelFault, layer3Fault, tallies } from './doctor-d-channel.ts';
import type { SpanEvidence } from './evidence.ts';
import { letterTo } from './letter.ts';
import type { Counts } from './second.ts';

export function diagnose(evidence: SpanEvidence): Verdict {
  const broken = lineFault(evidence);
  const diagnoses = broken === undefined ? aboveTheWire(evidence) : [broken];
  const found = diagnoses.length === 0 ? [well(evidence)] : diagnoses;
  return { span: evidence.span, diagnoses: found, letter: letterTo(evidence, found) };
}

function aboveTheWire(evidence: SpanEvidence): readonly Diagnosis[] {
  const found = [dChannelFault(evidence), layer3Fault(evidence), clockFault(evidence), errors(evidence)];
  return found.filter((one) => one !== undefined);
}

function lineFault(evidence: SpanEvidence): Diagnosis | undefined {
  const { port, trouble, alarms, loopback, framing } = evidence;
  if (trouble !== undefined) {
    return {
      id: 'port-trouble',
      party: 'ours',
      what: `The span can’t be driven: ${trouble}.`,
      checks: ['Mend what it says: the span is tried again every two seconds, and no restart is needed.'],
      because: [trouble],
    };
  }
  if (!port) {
    return {
      id: 'port-silent',
      party: 'ours',
      what: 'The card or its driver does not answer, so nothing is known of the line.',
      checks: ['Is the card seated and its driver loaded?', 'Does another program hold the span?'],
      because: ['the port can’t be read'],
    };
  }
  if (loopback !== undefined) return looped(evidence.span, loopback);
  if (alarms.includes('LOS')) {
    return {
      id: 'no-signal',
      party: 'wiring',
      what: 'Nothing at all is received: the line is dead on the pair that we listen on.',
      checks: [
        'Is the cable in, at the box and at the carrier’s jack?',
        'Check the receive pair: pins 1 and 2 at the box; a straight cable to a carrier’s jack, a crossed one to a PBX.',
        'Put a loopback plug into the box: if the alarm goes, the fault is in the cable or beyond it.',
        'If the cable is good, the carrier must look whether its equipment sends.',
      ],
      because: ['loss of signal'],
    };
  }
  if (alarms.includes('AIS')) {
    return {
      id: 'alarm-from-carrier',
      party: 'carrier',
      what: 'The carrier’s own equipment sends the alarm signal: the line is cut further in, beyond the jack.',
      checks: ['Nothing can be mended here: open a ticket with the carrier.'],
      because: ['alarm indication signal: all ones without framing'],
    };
  }
  if (alarms.includes('LOF')) {
    return {
      id: 'no-framing',
      party: 'settings',
      what: 'A signal comes in, but no frames can be found in it.',
      checks: [
        `Ask the carrier for framing and line code; this span is set to ${framing.toUpperCase()}.`,
        'If they agree, the signal is too weak or too strong: check the build-out and the length of the cable.',
      ],
      because: ['loss of frame, with a signal'],
    };
  }
  if (alarms.includes('RAI')) {
    return {
      id: 'not-heard',
      party: 'wiring',
      what: 'We hear the carrier well, but the carrier does not hear us.',
      checks: [
        'Check the transmit pair: pins 4 and 5 at the box.',
        'Check that framing and line code are those that the carrier expects of us.',
        'If the cable is good, ask the carrier what it receives.',
      ],
      because: ['remote alarm indication (yellow) and no alarm of our own'],
    };
  }
  return undefined;
}

function looped(span: string, loopback: NonNullable<SpanEvidence['loopback']>): Diagnosis {
  const ours = loopback !== 'remote';
  return {
    id: 'loopback',
    party: ours ? 'ours' : 'carrier',
    what: ours
      ? `The span is in a ${loopback} loopback that was made here, so it carries no calls.`
      : 'The carrier has looped the line back, so we only hear ourselves.',
    checks: [
      ours
        ? `Release it: branchline spans --loopback ${span} --type off. By itself it ends at its time.`
        : 'Ask the carrier to take its loopback down.',
    ],
    because: [`loopback: ${loopback}`],
  };
}

/** An hour's slips from which the clocks are at fault, and not a single upset. */
const SLIPS_PER_HOUR = 4;
const HOUR = 3600;

function clockFault({ slips, seconds }: SpanEvidence): Diagnosis | undefined {
  if (seconds === 0) return undefined;
  const rate = (count: number): number => (count * HOUR) / seconds;
  const near = rate(slips.near);
  const far = slips.far === undefined ? undefined : rate(slips.far);
  const nearSlips = slips.near > 1 && near >= SLIPS_PER_HOUR;
  const farSlips = slips.far !== undefined && slips.far > 1 && far !== undefined && far >= SLIPS_PER_HOUR;
  if (!nearSlips && !farSlips) return undefined;
  const text = (name: string, perHour: number): string => `${name}: ${Math.round(perHour)} slips an hour`;
  const because = [
    text('what we receive', near),
    ...(far === undefined ? [] : [text('what the far end receives', far)]),
  ];
  const oneWay = far !== undefined && nearSlips !== farSlips;
  if (!oneWay) {
    // One slip is 125 µs of an hour's 3.6 thousand million.
    const ppm = Math.max(near, far ?? 0) / 28.8;
    return {
      id: 'clock-differs',
      party: 'settings',
      what: 'The two ends do not run on one clock: calls click, and faxes and modems fail.',
      checks: [
        'A line from a carrier must be the clock that we follow (clock: line); toward a PBX it is ours.',
        'With several spans, only the carrier’s may be the reference, in the order of clockPriority.',
        'If that is so already, the carrier must look to its clock.',
      ],
      because: [...because, `the clocks are ${ppm < 1 ? ppm.toPrecision(2) : Math.round(ppm)} parts per million apart`],
    };
  }
  return {
    id: 'slips-one-way',
    party: nearSlips ? 'carrier' : 'ours',
    what: nearSlips
      ? 'Only what we receive slips: the carrier sends on another clock than the one that it takes from us.'
      : 'Only what the carrier receives slips: we send on another clock than the one that we receive.',
    checks: nearSlips
      ? ['Ask the carrier where the sending direction of this line takes its clock from.']
      : ['Check that this span follows the line (clock: line) and that the card really uses it as its reference.'],
    because,
  };
}

/** Errored seconds from which a line is bad: a good one has none for days. Seconds that only slipped are the clock's matter. */
const ERRORED = 5;

const isBad = ({ es, css, les, uas }: Counts): boolean => es - css >= ERRORED || les >= ERRORED || uas > 0;

function errors({ near, far }: SpanEvidence): Diagnosis | undefined {
  if (!isBad(near) && !isBad(far)) return undefined;
  const because = [
    `what we receive: ${near.es} errored and ${near.ses} severely errored seconds, ${near.uas} unavailable`,
    `${near.lcv} line code and ${near.pcv} path code violations`,
    ...(isBad(far)
      ? [`what the far end receives: ${far.es} errored and ${far.ses} severely errored seconds, ${far.uas} unavailable`]
      : []),
  ];
  const what = 'The line makes errors: sound is spoilt, and calls may fail.';
  if (near.pcv > 0 && near.lcv === 0) {
    const checks = ['Our own cable is good: the errors come from further in. Open a ticket with the carrier.'];
    return { id: 'line-errors', party: 'carrier', what, checks, because };
  }
  const checks = [
    'Change the cable between the box and the jack; keep it away from power lines.',
    'Check the build-out, and that both ends use the same line code (B8ZS, not AMI).',
    'If errors stay, ask the carrier to test the line to the jack.',
  ];
  return { id: 'line-errors', party: 'wiring', what, checks, because };
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
