/** What the doctor says of a D-channel on a line that is good. */
import type { Diagnosis } from './diagnosis.ts';
import { farEndOf, type SpanEvidence } from './evidence.ts';

/** A D-channel that is younger than this is still being called up. */
const PATIENCE = 10;

/** Why the D-channel is down, or does not stay up. */
export function dChannelFault(evidence: SpanEvidence): Diagnosis | undefined {
  const { dChannel, dSlot, flagsIn = [] } = evidence;
  // Another span's D-channel serves it, and that span has its own diagnosis.
  if (dSlot === undefined) return undefined;
  if (dChannel.up) return dChannel.losses > 1 ? unsteady(evidence) : undefined;
  if (dChannel.seconds < PATIENCE) return undefined;
  const { heard } = dChannel;
  const because = tallies(evidence);
  const all = heard.SABME + heard.UA + heard.DM + heard.DISC + heard.numbered + heard.other;
  if (all === 0 && flagsIn.length > 0) {
    const where = flagsIn.join(' and ');
    return {
      id: 'd-channel-wrong-slot',
      party: 'settings',
      what: `The line is good, but the far end has its D-channel in timeslot ${where}, and we have ours in ${dSlot}.`,
      checks: [
        `Ask the ${farEndOf(evidence)} for the timeslot of the D-channel; if it is ${where}, set dChannel to it.`,
      ],
      because: [...because, `HDLC flags in timeslot ${where}`],
    };
  }
  if (all === 0) {
    return {
      id: 'd-channel-silent',
      party: 'carrier',
      what: `The line is good, but nothing is heard in timeslot ${dSlot}, where the D-channel should be.`,
      checks: [
        `Ask the ${farEndOf(evidence)} whether the D-channel is in service, and in which timeslot.`,
        'Is it a PRI at all? A channelised line with robbed-bit signalling has no D-channel.',
      ],
      because,
    };
  }
  if (heard.wrongSide > 0 && heard.wrongSide >= all / 2) return wrongSide(evidence, because);
  return refused(evidence, because) ?? garbled(evidence, because);
}

function wrongSide(evidence: SpanEvidence, because: readonly string[]): Diagnosis {
  const { side } = evidence;
  const other = side === 'user' ? 'network' : 'user';
  return {
    id: 'd-channel-wrong-side',
    party: 'settings',
    what: `Both ends take themselves for the ${side} side of the D-channel.`,
    checks: [
      `Toward a carrier we are the user side, toward a PBX the network side: set side to ${other}, or have the far end change.`,
      `If the sides are right, a loopback is still in the line, and we hear ourselves: ask the ${farEndOf(evidence)}.`,
    ],
    because: [...because, 'their frames carry our own command/response bit'],
  };
}

function refused(evidence: SpanEvidence, because: readonly string[]): Diagnosis | undefined {
  const { heard } = evidence.dChannel;
  const far = farEndOf(evidence);
  if (heard.DM > 0 && heard.DM >= heard.SABME) {
    return {
      id: 'd-channel-refused',
      party: 'carrier',
      what: 'The far end hears us and refuses to bring the D-channel up.',
      checks: [`Ask the ${far} to put the D-channel into service.`],
      because,
    };
  }
  if (heard.SABME > 1) {
    return {
      id: 'd-channel-one-way',
      party: 'carrier',
      what: 'The far end calls the D-channel up again and again: it does not hear our answers.',
      checks: [
        'Check the transmit pair, and that the D-channel’s timeslot is the same in both directions.',
        `Ask the ${far} whether it receives our UA.`,
      ],
      because,
    };
  }
  return undefined;
}

const garbled = (evidence: SpanEvidence, because: readonly string[]): Diagnosis => ({
  id: 'd-channel-garbled',
  party: 'settings',
  what: 'Something is heard on the D-channel, but it makes no data link.',
  checks: [
    `Ask the ${farEndOf(evidence)} whether the D-channel is inverted, or runs at 56 kbit/s.`,
    'Ask which switch type the line is set to.',
  ],
  because,
});

function unsteady(evidence: SpanEvidence): Diagnosis {
  return {
    id: 'd-channel-unsteady',
    party: 'carrier',
    what: 'The D-channel goes down and comes up again, on a line without an alarm.',
    checks: [
      'See whether the line slips or errs.',
      `Ask the ${farEndOf(evidence)} for its Q.921 timers, and whether it resets the link.`,
    ],
    because: [`${evidence.dChannel.losses} losses in the last quarter hour`, ...tallies(evidence)],
  };
}

/** So often a peer may fail to understand us before it is held against the switch type. */
const MISUNDERSTOOD = 2;

/** Whether the far end speaks another switch type than we do. */
export function layer3Fault(evidence: SpanEvidence): Diagnosis | undefined {
  const { dChannel, layer3, variant } = evidence;
  if (!dChannel.up) return undefined;
  const causes = Object.entries(layer3.causes).filter(([, count]) => count > 0);
  const problems = Object.entries(layer3.problems).filter(([, count]) => count > 0);
  const times = [...causes, ...problems].reduce((all, [, count]) => all + count, 0);
  if (times < MISUNDERSTOOD) return undefined;
  return {
    id: 'switch-type',
    party: 'settings',
    what: `The D-channel is up, but the far end does not speak ${variant.toUpperCase()} as we do.`,
    checks: [`Ask the ${farEndOf(evidence)} for the switch type (NI-2, 4ESS, 5ESS, DMS-100 …), and set variant to it.`],
    because: [
      ...causes.map(([cause, count]) => `cause ${cause} from the far end, ${count} times`),
      ...problems.map(([id, count]) => `messages that we could not take (${id}), ${count} times`),
    ],
  };
}

/** What was heard and sent on the D-channel, as evidence. */
export function tallies({ dChannel }: SpanEvidence): readonly string[] {
  const { heard, sent, errors: codes, up, seconds } = dChannel;
  const text = (tally: typeof heard): string =>
    Object.entries(tally)
      .filter(([name, count]) => count > 0 && name !== 'wrongSide')
      .map(([name, count]) => `${count} ${name}`)
      .join(', ') || 'nothing';
  const named = Object.entries(codes).filter(([, count]) => count > 0);
  return [
    `D-channel ${up ? 'up' : 'down'} for ${Math.round(seconds)} s: heard ${text(heard)}; sent ${text(sent)}`,
    ...(named.length === 0 ? [] : [`Q.921 errors: ${named.map(([code, count]) => `${code} × ${count}`).join(', ')}`]),
  ];
}
