/** What the doctor says of a line that shows an alarm: of its wires, or of an Ethernet in their place. */
import type { Diagnosis } from './diagnosis.ts';
import { farEndOf, type SpanEvidence } from './evidence.ts';

/** The gravest alarm, and nothing else: it explains the others. */
export function signalFault(evidence: SpanEvidence): Diagnosis | undefined {
  const { alarms, medium } = evidence;
  if (alarms.includes('LOS')) return medium === 'ethernet' ? noFrames() : noSignal(evidence);
  if (alarms.includes('AIS')) return alarmFromFar(evidence);
  if (alarms.includes('LOF')) return noFraming(evidence);
  if (alarms.includes('RAI')) return medium === 'ethernet' ? framesNotHeard() : notHeard(evidence);
  return undefined;
}

function noSignal(evidence: SpanEvidence): Diagnosis {
  const far = farEndOf(evidence);
  const cable = far === 'carrier' ? 'straight' : 'crossed';
  return {
    id: 'no-signal',
    party: 'wiring',
    what: 'Nothing at all is received: the line is dead on the pair that we listen on.',
    checks: [
      `Is the cable in, at the box and at the ${far}’s jack?`,
      `Check the receive pair, pins 1 and 2 at the box; to a ${far} the cable is ${cable}.`,
      'Put a loopback plug into the box: if the alarm goes, the fault is in the cable or beyond it.',
      `If the cable is good, ask the ${far} whether its equipment sends.`,
    ],
    because: ['loss of signal'],
  };
}

const noFrames = (): Diagnosis => ({
  id: 'no-signal',
  party: 'wiring',
  what: 'No frame of this span comes in over the Ethernet.',
  checks: [
    'Is the device at the other end on, and are its network cable and ours in?',
    'Compare its address and sub-address with peer and subAddress of this span.',
    'Is the switch between them set to let Ethernet frames of type D00D through, in one VLAN?',
  ],
  because: ['no frame for a second (red)'],
});

function alarmFromFar(evidence: SpanEvidence): Diagnosis {
  const far = farEndOf(evidence);
  return {
    id: 'alarm-from-carrier',
    party: 'carrier',
    what: `The ${far}’s own equipment sends the alarm signal: the line is cut further in, beyond the jack.`,
    checks: [
      `Nothing can be mended here: ${far === 'carrier' ? 'open a ticket with the carrier' : 'look at the PBX'}.`,
    ],
    because: ['alarm indication signal: all ones without framing'],
  };
}

function noFraming(evidence: SpanEvidence): Diagnosis {
  const far = farEndOf(evidence);
  return {
    id: 'no-framing',
    party: 'settings',
    what: 'A signal comes in, but no frames can be found in it.',
    checks: [
      `Ask the ${far} for framing and line code; this span is set to ${evidence.framing.toUpperCase()}.`,
      'If they agree, the signal is too weak or too strong: check the build-out and the length of the cable.',
    ],
    because: ['loss of frame, with a signal'],
  };
}

function notHeard(evidence: SpanEvidence): Diagnosis {
  const far = farEndOf(evidence);
  return {
    id: 'not-heard',
    party: 'wiring',
    what: `We hear the ${far} well, but the ${far} does not hear us.`,
    checks: [
      'Check the transmit pair: pins 4 and 5 at the box.',
      `Check that framing and line code are those that the ${far} expects of us.`,
      `If the cable is good, ask the ${far} what it receives.`,
    ],
    because: ['remote alarm indication (yellow) and no alarm of our own'],
  };
}

const framesNotHeard = (): Diagnosis => ({
  id: 'not-heard',
  party: 'wiring',
  what: 'We hear the device at the other end, but it does not get our frames.',
  checks: [
    'Compare the address and sub-address that it expects with those of this box and span.',
    'Is the switch between them set to let Ethernet frames of type D00D through in both directions?',
  ],
  because: ['its frames say yellow, and no alarm of our own'],
});
