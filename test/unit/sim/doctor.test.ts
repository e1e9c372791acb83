/** The doctor of a whole simulated branch: what he says when the carrier's end goes wrong, and when it is well again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SpanSetting } from '../../../src/config/schema.ts';
import { spanDesk } from '../../../src/gateway/span-desk.ts';
import type { DiagnosisId, Party } from '../../../src/line/diagnosis.ts';
import { CALM, type LineBranch, lineBranch } from '../../support/line-branch.ts';

const SECOND = 1000;

describe('the doctor finds every fault that the simulator can make', () => {
  interface Fault {
    readonly name: string;
    readonly setting?: Pick<SpanSetting, 'side'>;
    readonly make: (branch: LineBranch) => void;
    readonly id: DiagnosisId;
    readonly party: Party;
    /** In the letter or, where there is none, in what was seen. */
    readonly says: RegExp;
    /** How long it lasts before the doctor comes, in seconds. */
    readonly lasts?: number;
  }
  const call =
    (digits: string, times: number) =>
    ({ sim }: LineBranch): void => {
      const [phone] = sim.phones.values();
      for (let n = 0; n < times; n++)
        sim.agenda.at(sim.agenda.now + (n + 1) * SECOND, () => phone?.call(digits, 5000, 0));
    };
  const faults: readonly Fault[] = [
    { name: 'nothing', make: () => {}, id: 'well', party: 'nobody', says: /D-channel up/ },
    {
      name: 'the wire is cut',
      make: ({ span }) => span.alarm('LOS', true),
      id: 'no-signal',
      party: 'wiring',
      says: /loss of signal/,
    },
    {
      name: 'AIS',
      make: ({ span }) => span.alarm('AIS', true),
      id: 'alarm-from-carrier',
      party: 'carrier',
      says: /all ones/,
    },
    {
      name: 'no framing',
      make: ({ span }) => span.alarm('LOF', true),
      id: 'no-framing',
      party: 'settings',
      says: /Our settings: ESF/,
    },
    { name: 'RAI only', make: ({ span }) => span.alarm('RAI', true), id: 'not-heard', party: 'wiring', says: /yellow/ },
    {
      name: 'RAI that makes no event',
      make: ({ span }) => span.alarm('RAI', true, false),
      id: 'not-heard',
      party: 'wiring',
      says: /yellow/,
    },
    {
      name: 'the clocks differ',
      lasts: 1200,
      make: ({ span }) => span.suffer({ near: { ...CALM, lineCode: 0, slips: 0.1 }, far: { ...CALM, slips: 0.1 } }),
      id: 'clock-differs',
      party: 'settings',
      says: /what the far end receives: 3\d\d seconds with a slip in an hour/,
    },
    {
      name: 'slips of what we receive only',
      lasts: 1200,
      make: ({ span }) => span.suffer({ near: { ...CALM, lineCode: 0, slips: 0.1 } }),
      id: 'slips-one-way',
      party: 'carrier',
      says: /what we receive: 3\d\d seconds with a slip in an hour/,
    },
    {
      name: 'slips of what they receive only',
      lasts: 1200,
      make: ({ span }) => span.suffer({ far: { ...CALM, slips: 0.1 } }),
      id: 'slips-one-way',
      party: 'ours',
      says: /what the far end receives: 3\d\d seconds with a slip in an hour/,
    },
    {
      name: 'a bad cable',
      make: ({ span }) => span.suffer({ near: { ...CALM, lineCode: 20, pathCode: 3 } }),
      id: 'line-errors',
      party: 'wiring',
      says: /line code/,
    },
    {
      name: 'errors from further in',
      make: ({ span }) => span.suffer({ near: { ...CALM, lineCode: 0, pathCode: 3 } }),
      id: 'line-errors',
      party: 'carrier',
      says: /0 line code and \d+ path code/,
    },
    {
      name: 'the D-channel is in another timeslot',
      make: ({ span }) => span.suffer({ dChannelIn: 1 }),
      id: 'd-channel-wrong-slot',
      party: 'settings',
      says: /timeslot 1, and we have ours in 24/,
    },
    {
      name: 'both ends are the network',
      setting: { side: 'network' },
      make: ({ span }) => span.carrier?.configure({ callsUp: true }),
      id: 'd-channel-wrong-side',
      party: 'settings',
      says: /network side/,
    },
    {
      name: 'another switch type',
      make: (one) => {
        one.span.carrier?.configure({ notUnderstood: 100 });
        call('5551004', 5)(one);
      },
      id: 'switch-type',
      party: 'settings',
      says: /cause 100 from the far end/,
    },
    {
      name: 'a loopback left in by us',
      make: ({ sim }) =>
        void spanDesk(sim.gateway, sim.clock).loop(sim.gateway.spans.all[0]?.setting.id ?? '', 'local', 3600),
      id: 'loopback',
      party: 'ours',
      says: /loopback: local/,
    },
  ];
  for (const { name, setting, make, id, party, says, lasts = 120 } of faults) {
    test(name, async () => {
      const one = await lineBranch(setting);
      await one.pass(70);
      make(one);
      await one.pass(lasts);
      const { diagnoses, letter } = one.verdict();
      assert.deepEqual(
        diagnoses.map((found) => [found.id, found.party]),
        [[id, party]],
      );
      assert.match(letter ?? diagnoses.flatMap(({ because }) => because).join('\n'), says);
      assert.equal(letter === undefined, party === 'nobody' || party === 'ours');
      if (id !== 'well') assert.ok(diagnoses.every(({ checks }) => checks.length > 0));
    });
  }

  describe('with the noise of another fault beside it', () => {
    const noisy: readonly [string, (branch: LineBranch) => void, readonly DiagnosisId[], number?][] = [
      [
        'RAI, and slips both ways',
        ({ span }) => {
          span.suffer({ near: { ...CALM, lineCode: 0, slips: 0.1 }, far: { ...CALM, slips: 0.1 } });
          span.alarm('RAI', true);
        },
        ['not-heard'],
      ],
      [
        'RAI, and a cable that makes errors',
        ({ span }) => {
          span.suffer({ near: { ...CALM, lineCode: 20, pathCode: 3 } });
          span.alarm('RAI', true);
        },
        ['not-heard'],
      ],
      [
        'AIS, and RAI with it',
        ({ span }) => {
          span.alarm('RAI', true);
          span.alarm('AIS', true);
        },
        ['alarm-from-carrier'],
      ],
      [
        'the D-channel in another timeslot, and slips of what we receive',
        ({ span }) => span.suffer({ dChannelIn: 1, near: { ...CALM, lineCode: 0, slips: 0.1 } }),
        ['d-channel-wrong-slot', 'slips-one-way'],
        1200,
      ],
      [
        'the D-channel in another timeslot, and a bad cable',
        ({ span }) => span.suffer({ dChannelIn: 1, near: { ...CALM, lineCode: 20, pathCode: 3 } }),
        ['d-channel-wrong-slot', 'line-errors'],
      ],
      [
        'another switch type, and slips both ways',
        (one) => {
          one.span.suffer({ near: { ...CALM, lineCode: 0, slips: 0.1 }, far: { ...CALM, slips: 0.1 } });
          one.span.carrier?.configure({ notUnderstood: 100 });
          call('5551004', 5)(one);
        },
        ['switch-type', 'clock-differs'],
      ],
    ];
    for (const [name, make, ids, lasts = 120] of noisy) {
      test(name, async () => {
        const one = await lineBranch();
        await one.pass(70);
        make(one);
        await one.pass(lasts);
        assert.deepEqual(
          one.verdict().diagnoses.map(({ id }) => id),
          ids,
        );
      });
    }

    test('both ends are the network, and slips both ways', async () => {
      const one = await lineBranch({ side: 'network' });
      one.span.carrier?.configure({ callsUp: true });
      one.span.suffer({ near: { ...CALM, lineCode: 0, slips: 0.1 }, far: { ...CALM, slips: 0.1 } });
      await one.pass(300);
      assert.deepEqual(
        one.verdict().diagnoses.map(({ id }) => id),
        ['d-channel-wrong-side', 'clock-differs'],
      );
    });
  });

  describe('a fault that is mended is not held against the line', () => {
    const found = (one: LineBranch): readonly DiagnosisId[] => one.verdict().diagnoses.map(({ id }) => id);
    for (const alarm of ['LOS', 'LOF', 'AIS', 'RAI'] as const) {
      test(`${alarm}, twice`, async () => {
        const one = await lineBranch();
        await one.pass(70);
        for (let n = 0; n < 2; n++) {
          one.span.alarm(alarm, true);
          await one.pass(40);
          one.span.alarm(alarm, false);
          await one.pass(40);
        }
        assert.deepEqual(found(one), ['well']);
      });
    }

    test('a box that was held up once: every call of it slipped in one second', async () => {
      const one = await lineBranch();
      await one.pass(70);
      one.span.suffer({ near: { ...CALM, lineCode: 0, slips: 46 }, far: undefined });
      await one.pass(1);
      one.span.suffer({ far: undefined });
      await one.pass(60);
      assert.deepEqual(found(one), ['well']);
    });

    test('a bad cable that was changed', async () => {
      const one = await lineBranch();
      one.span.suffer({ near: { ...CALM, lineCode: 20, pathCode: 3 } });
      await one.pass(300);
      assert.deepEqual(found(one), ['line-errors']);
      one.span.alarm('LOS', true);
      one.span.suffer({});
      await one.pass(30);
      one.span.alarm('LOS', false);
      await one.pass(20);
      assert.deepEqual(found(one), ['well']);
    });

    for (const type of ['local', 'line'] as const) {
      test(`a ${type} loopback that was made twice and released: what was heard in it was not the far end`, async () => {
        const one = await lineBranch();
        const desk = spanDesk(one.sim.gateway, one.sim.clock);
        await one.pass(70);
        for (let n = 0; n < 2; n++) {
          desk.loop(one.id, type, 3600);
          await one.pass(60);
          assert.deepEqual(found(one), ['loopback']);
          desk.loop(one.id, 'off', 0);
          assert.deepEqual(found(one), ['well']);
          await one.pass(30);
        }
        assert.deepEqual(found(one), ['well']);
      });
    }
  });

  test('who asks in the first second is not told that the port is silent', async () => {
    const one = await lineBranch();
    await one.pass(0.5);
    assert.doesNotMatch(JSON.stringify(one.verdict()), /port-silent/);
  });

  test('a refused call or two of another kind does not make it suspect the switch type', async () => {
    const one = await lineBranch();
    await one.pass(10);
    call('5559034', 5)(one);
    await one.pass(60);
    assert.deepEqual(one.verdict().diagnoses[0]?.id, 'well');
  });
});
