/** What the doctor says of a line that carries frames, and spoils some: of its clock, and of its errors. */
import type { Diagnosis } from './diagnosis.ts';
import { farEndOf, type SpanEvidence } from './evidence.ts';
import type { Counts } from './second.ts';

/** Slipped seconds of an hour from which the clocks are at fault, and not a single upset. */
const SLIPS_PER_HOUR = 4;
const HOUR = 3600;

/** Two clocks on one line slip, in both directions where both ends keep their own, in one where an end listens to two. */
export function clockFault(evidence: SpanEvidence): Diagnosis | undefined {
  const { near, far, seconds } = evidence.slips;
  const perHour = (count: number): number => (seconds === 0 ? 0 : (count * HOUR) / seconds);
  const slips = (count: number): boolean => count > 1 && perHour(count) >= SLIPS_PER_HOUR;
  const nearSlips = slips(near);
  const farSlips = far !== undefined && slips(far);
  if (!nearSlips && !farSlips) return undefined;
  const text = (name: string, count: number): string =>
    `${name}: ${Math.round(perHour(count))} seconds with a slip in an hour`;
  const because = [
    text('what we receive', near),
    ...(far === undefined ? [] : [text('what the far end receives', far)]),
  ];
  const oneWay = far !== undefined && nearSlips !== farSlips;
  if (oneWay) return oneWaySlips(evidence, nearSlips, because);
  return {
    id: 'clock-differs',
    party: 'settings',
    what: 'The two ends do not run on one clock: calls click, and faxes and modems fail.',
    checks: [
      'A line from a carrier must be the clock that we follow (clock: line); toward a PBX it is ours.',
      'With several spans, only the carrier’s may be the reference, in the order of clockPriority.',
      `If that is so already, the ${farEndOf(evidence)} must look to its clock.`,
    ],
    because,
  };
}

function oneWaySlips(evidence: SpanEvidence, isNear: boolean, because: readonly string[]): Diagnosis {
  const far = farEndOf(evidence);
  if (isNear) {
    return {
      id: 'slips-one-way',
      party: 'carrier',
      what: `Only what we receive slips: the ${far} sends on another clock than the one that it takes from us.`,
      checks: [`Ask the ${far} where the sending direction of this line takes its clock from.`],
      because,
    };
  }
  return {
    id: 'slips-one-way',
    party: 'ours',
    what: `Only what the ${far} receives slips: we send on another clock than the one that we receive.`,
    checks: [
      far === 'carrier'
        ? 'Check that this span follows the line (clock: line) and that the card really uses it as its reference.'
        : 'Check that the PBX takes its clock from this line, or that this span follows the PBX (clock: line).',
    ],
    because,
  };
}

/** Errored seconds from which a line is bad: a good one has none for days. Seconds that only slipped are the clock's matter. */
const ERRORED = 5;

const isBad = ({ es, css, les, uas }: Counts): boolean => es - css >= ERRORED || les >= ERRORED || uas > 0;

/** Errors of either direction; without an alarm nothing else tells of them. */
export function errorsFault(evidence: SpanEvidence): Diagnosis | undefined {
  const { near, far, medium } = evidence;
  if (!isBad(near) && !isBad(far)) return undefined;
  const because = [
    `what we receive: ${near.es} errored and ${near.ses} severely errored seconds, ${near.uas} unavailable`,
    medium === 'ethernet' ? `${near.pcv} frames lost` : `${near.lcv} line code and ${near.pcv} path code violations`,
    ...(isBad(far)
      ? [`what the far end receives: ${far.es} errored and ${far.ses} severely errored seconds, ${far.uas} unavailable`]
      : []),
  ];
  if (medium === 'ethernet') return framesLost(because);
  return near.pcv > 0 && near.lcv === 0 ? fromFurtherIn(evidence, because) : badCable(evidence, because);
}

const ERRORS = 'The line makes errors: sound is spoilt, and calls may fail.';

const framesLost = (because: readonly string[]): Diagnosis => ({
  id: 'line-errors',
  party: 'wiring',
  what: 'Frames of this span are lost on the Ethernet: sound is spoilt, and calls may fail.',
  checks: [
    'Join the box and the device with a cable of their own, or through a switch that carries nothing else.',
    'Look at the switch’s counters of both ports, and that speed and duplex are the same at both ends.',
  ],
  because,
});

/** A cable that spoils bits spoils the line code too; equipment further in has made that anew. */
function fromFurtherIn(evidence: SpanEvidence, because: readonly string[]): Diagnosis {
  const who = farEndOf(evidence) === 'carrier' ? 'Open a ticket with the carrier.' : 'Look at the PBX.';
  const checks = [`Our own cable is good: the errors come from further in. ${who}`];
  return { id: 'line-errors', party: 'carrier', what: ERRORS, checks, because };
}

function badCable(evidence: SpanEvidence, because: readonly string[]): Diagnosis {
  const checks = [
    'Change the cable between the box and the jack; keep it away from power lines.',
    `Check the build-out, and that both ends use the same line code (${evidence.line === 't1' ? 'B8ZS' : 'HDB3'}, not AMI).`,
    `If errors stay, ask the ${farEndOf(evidence)} to test the line to the jack.`,
  ];
  return { id: 'line-errors', party: 'wiring', what: ERRORS, checks, because };
}
