/** Verdicts on what a simulator's line does not show, and what the doctor must not say. Those it shows are tested on a whole branch. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DiagnosisId } from '../../../src/line/diagnosis.ts';
import { diagnose } from '../../../src/line/doctor.ts';
import type { FrameTally, SpanEvidence } from '../../../src/line/evidence.ts';
import { NOTHING } from '../../../src/line/second.ts';

const SILENCE: FrameTally = { SABME: 0, UA: 0, DM: 0, DISC: 0, numbered: 0, other: 0, wrongSide: 0 };

const WELL: SpanEvidence = {
  span: 't1',
  line: 't1',
  framing: 'esf',
  medium: 'wires',
  side: 'user',
  variant: 'ni2',
  dSlot: 24,
  port: true,
  trouble: undefined,
  alarms: [],
  loopback: undefined,
  near: NOTHING,
  far: NOTHING,
  seconds: 900,
  slips: { near: 0, far: 0, seconds: 900 },
  flagsIn: undefined,
  dChannel: { up: true, seconds: 900, heard: SILENCE, sent: SILENCE, losses: 0, errors: {} },
  layer3: { causes: {}, problems: {} },
};

const down = (heard: Partial<FrameTally>, seconds = 60): Partial<SpanEvidence> => ({
  dChannel: {
    ...WELL.dChannel,
    up: false,
    seconds,
    heard: { ...SILENCE, ...heard },
    sent: { ...SILENCE, SABME: 60 },
    errors: { G: 20 },
  },
});

describe('the doctor', () => {
  const rows: readonly [string, Partial<SpanEvidence>, DiagnosisId[]][] = [
    [
      'what the driver says stands in the way is repeated, and hides all else',
      { trouble: 'channel 5 is in use by another program', port: false, alarms: ['LOS'] },
      ['port-trouble'],
    ],
    ['a card that does not answer hides all else', { port: false, alarms: ['LOS'] }, ['port-silent']],
    ['nothing in the D-channel’s timeslot', down({}), ['d-channel-silent']],
    ['a D-channel that is being called up is not yet a fault', down({}, 5), ['well']],
    ['refused with DM', down({ DM: 60 }), ['d-channel-refused']],
    ['called again and again: they do not hear us', down({ SABME: 30 }), ['d-channel-one-way']],
    ['something that is no LAPD', down({ other: 12 }), ['d-channel-garbled']],
    ['one frame of the wrong side among many is no verdict', down({ SABME: 30, wrongSide: 1 }), ['d-channel-one-way']],
    ['a D-channel that was lost twice', { dChannel: { ...WELL.dChannel, losses: 2 } }, ['d-channel-unsteady']],
    ['one loss is no verdict', { dChannel: { ...WELL.dChannel, losses: 1 } }, ['well']],
    ['a loopback of the carrier', { loopback: 'remote', ...down({ SABME: 5 }) }, ['loopback']],
    ['clocks that nearly agree: four in an hour', { slips: { near: 4, far: 4, seconds: 3600 } }, ['clock-differs']],
    ['messages that we can not take', { layer3: { causes: {}, problems: { 'bad-element': 3 } } }, ['switch-type']],
    ['a single upset of the clock', { slips: { near: 1, far: 0, seconds: 60 } }, ['well']],
    [
      'slips where the far end reports nothing',
      { slips: { near: 9, far: undefined, seconds: 900 } },
      ['clock-differs'],
    ],
    ['a CRC error that the far end reports', { far: { ...NOTHING, es: 1, pcv: 1 } }, ['well']],
    ['errors that only the far end has', { far: { ...NOTHING, es: 9, pcv: 30 } }, ['line-errors']],
    ['a line of four errored seconds', { near: { ...NOTHING, es: 4, pcv: 4 } }, ['well']],
    [
      'slips and a D-channel down are two matters',
      { ...down({}), slips: { near: 90, far: 90, seconds: 900 } },
      ['d-channel-silent', 'clock-differs'],
    ],
    [
      'slipped seconds are not held against the cable',
      { slips: { near: 90, far: 90, seconds: 900 }, near: { ...NOTHING, es: 90, css: 90 } },
      ['clock-differs'],
    ],
    [
      'an alarm explains errors and the D-channel',
      { alarms: ['LOS', 'LOF'], near: { ...NOTHING, uas: 60 }, ...down({}) },
      ['no-signal'],
    ],
  ];
  for (const [name, evidence, ids] of rows) {
    test(name, () =>
      assert.deepEqual(
        diagnose({ ...WELL, ...evidence }).diagnoses.map(({ id }) => id),
        ids,
      ),
    );
  }

  test('toward a PBX no carrier is asked, whatever ails the line', () => {
    const pbx: SpanEvidence = { ...WELL, side: 'network' };
    const ills: readonly Partial<SpanEvidence>[] = [
      ...(['LOS', 'AIS', 'LOF', 'RAI'] as const).map((alarm) => ({ alarms: [alarm] })),
      { loopback: 'remote' },
      ...[down({}), down({ DM: 60 }), down({ SABME: 30 }), down({ other: 12 }), down({ SABME: 30, wrongSide: 30 })],
      { flagsIn: [1], ...down({}) },
      { dChannel: { ...WELL.dChannel, losses: 2 } },
      { layer3: { causes: {}, problems: { 'bad-element': 3 } } },
      ...[
        { near: 9, far: 0, seconds: 900 },
        { near: 0, far: 9, seconds: 900 },
      ].map((slips) => ({ slips })),
      ...[0, 300].map((lcv) => ({ near: { ...NOTHING, es: 60, les: 60, lcv, pcv: 300 } })),
    ];
    for (const ill of ills) {
      const { farEnd, diagnoses, letter } = diagnose({ ...pbx, ...ill });
      const said = [...diagnoses.flatMap(({ what, checks }) => [what, ...checks]), letter ?? ''].join('\n');
      assert.equal(farEnd, 'PBX');
      // What holds of carriers in general may be said.
      assert.doesNotMatch(said.replaceAll(/Toward a carrier|only the carrier’s may/g, ''), /carrier/, said);
    }
    assert.equal(diagnose({ ...WELL, variant: 'qsig' }).farEnd, 'PBX');
  });

  test('an Ethernet in place of the wires has no pins, and loses frames', () => {
    const ethernet: SpanEvidence = { ...WELL, medium: 'ethernet' };
    const ills: readonly Partial<SpanEvidence>[] = [
      { alarms: ['LOS'] },
      { alarms: ['RAI'] },
      { near: { ...NOTHING, es: 60, pcv: 300 } },
    ];
    const found = ills.flatMap((ill) => diagnose({ ...ethernet, ...ill }).diagnoses);
    assert.deepEqual(
      found.map(({ id, party }) => [id, party]),
      [
        ['no-signal', 'wiring'],
        ['not-heard', 'wiring'],
        ['line-errors', 'wiring'],
      ],
    );
    for (const { what, checks } of found)
      assert.doesNotMatch([what, ...checks].join(' '), /pins|pair|build-out|carrier/);
    assert.match(found[2]?.because.join(' ') ?? '', /300 frames lost/);
  });

  test('a letter speaks to whom it is sent', () => {
    for (const alarm of ['AIS', 'RAI', 'LOS'] as const) {
      const { letter = '' } = diagnose({ ...WELL, alarms: [alarm] });
      assert.doesNotMatch(letter, /carrier/);
      assert.match(letter, /you/);
    }
  });

  test('the way out of a loopback is a command that there is', () => {
    const [found] = diagnose({ ...WELL, loopback: 'line' }).diagnoses;
    assert.match(found?.checks[0] ?? '', /branchline spans --loopback t1 --type off\./);
  });

  test('the letter names what we see and how we are set, and is there only when the carrier has something to do', () => {
    const { letter = '' } = diagnose({ ...WELL, ...down({ DM: 60 }) });
    assert.match(letter, /span t1 .*circuit id/);
    assert.match(letter, /heard 60 DM; sent 60 SABME/);
    assert.match(letter, /Q\.921 errors: G × 20/);
    assert.match(letter, /in the last 15 minutes: ES 0/);
    assert.match(letter, /ESF, user side, NI2, D-channel in timeslot 24/);
    assert.equal(diagnose(WELL).letter, undefined);
    assert.equal(diagnose({ ...WELL, loopback: 'local' }).letter, undefined);
  });
});
