/** The line of a whole simulated branch: what is counted, raised, busied out and diagnosed when the carrier's end goes wrong. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { loadSite } from '../../../src/config/load.ts';
import type { SpanSetting } from '../../../src/config/schema.ts';
import type { LineState } from '../../../src/gateway/line-watch.ts';
import { spanDesk } from '../../../src/gateway/span-desk.ts';
import type { DiagnosisId, Party, Verdict } from '../../../src/line/diagnosis.ts';
import type { VirtualSpan } from '../../../src/span/virtual/span.ts';
import { Simulation } from '../../support/simulation.ts';

const DEMO = readFileSync(new URL('../../../scripts/demo/site.yaml', import.meta.url), 'utf8');
const SECOND = 1000;
const CALM = { pathCode: 0, outOfFrame: 0, slips: 0 };

interface Branch {
  readonly sim: Simulation;
  readonly span: VirtualSpan;
  readonly id: string;
  state(): LineState;
  verdict(): Verdict;
  /** Lets so many seconds pass. */
  pass(seconds: number): Promise<void>;
}

async function branch(over: Pick<SpanSetting, 'side'> = { side: 'user' }): Promise<Branch> {
  const loaded = loadSite(DEMO, 'demo');
  assert.ok(loaded.ok);
  const [setting] = loaded.value.spans;
  assert.ok(setting?.driver === 'virtual');
  const sim = new Simulation(1, { loss: 0, delay: 1 });
  await sim.start({ ...loaded.value, spans: [{ ...setting, ...over }] });
  const [span] = sim.spans;
  const [watched] = sim.gateway.spans.all;
  assert.ok(span !== undefined && watched !== undefined);
  const desk = spanDesk(sim.gateway, sim.clock);
  return {
    sim,
    span,
    id: setting.id,
    state: () => watched.watch.state(),
    verdict() {
      const [verdict] = desk.diagnose(setting.id) ?? [];
      assert.ok(verdict !== undefined);
      return verdict;
    },
    pass: (seconds) => sim.agenda.run(sim.agenda.now + seconds * SECOND),
  };
}

describe('the doctor finds every fault that the simulator can make', () => {
  interface Fault {
    readonly name: string;
    readonly setting?: Pick<SpanSetting, 'side'>;
    readonly make: (branch: Branch) => void;
    readonly id: DiagnosisId;
    readonly party: Party;
    /** In the letter or, where there is none, in what was seen. */
    readonly says: RegExp;
    /** How long it lasts before the doctor comes, in seconds. */
    readonly lasts?: number;
  }
  const call =
    (digits: string, times: number) =>
    ({ sim }: Branch): void => {
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
      says: /the clocks are 1[23] parts per million apart/,
    },
    {
      name: 'slips of what we receive only',
      lasts: 1200,
      make: ({ span }) => span.suffer({ near: { ...CALM, lineCode: 0, slips: 0.1 } }),
      id: 'slips-one-way',
      party: 'carrier',
      says: /what we receive: 3\d\d slips an hour/,
    },
    {
      name: 'slips of what they receive only',
      lasts: 1200,
      make: ({ span }) => span.suffer({ far: { ...CALM, slips: 0.1 } }),
      id: 'slips-one-way',
      party: 'ours',
      says: /what the far end receives: 3\d\d slips an hour/,
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
      const one = await branch(setting);
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

  test('who asks in the first second is not told that the port is silent', async () => {
    const one = await branch();
    await one.pass(0.5);
    assert.doesNotMatch(JSON.stringify(one.verdict()), /port-silent/);
  });

  test('a refused call or two of another kind does not make it suspect the switch type', async () => {
    const one = await branch();
    await one.pass(10);
    call('5559034', 5)(one);
    await one.pass(60);
    assert.deepEqual(one.verdict().diagnoses[0]?.id, 'well');
  });
});

describe('the line of a branch', () => {
  test('a lost signal is one alarm, cleared ten seconds after it came back, with its seconds unavailable', async () => {
    const one = await branch();
    await one.pass(60);
    one.span.alarm('LOS', true);
    await one.pass(20);
    assert.deepEqual(
      one.state().alarms.map(({ id }) => id),
      ['line-los'],
    );
    one.span.alarm('LOS', false);
    await one.pass(9);
    assert.equal(one.state().alarms.length, 1);
    await one.pass(3);
    const { alarms, performance } = one.state();
    assert.deepEqual(alarms, []);
    const { uas, es } = performance.near.current.counts;
    // A reading is taken once a second, so an alarm covers up to one more than it lasted.
    assert.ok(uas >= 20 && uas <= 21, String(uas));
    assert.deepEqual([es, performance.near.available], [0, true]);
  });

  test('red that turns to yellow without an event is seen within a second', async () => {
    const one = await branch();
    await one.pass(30);
    one.span.alarm('LOS', true);
    await one.pass(30);
    one.span.alarm('LOS', false, false);
    one.span.alarm('RAI', true, false);
    await one.pass(15);
    assert.deepEqual(
      one.state().alarms.map(({ id }) => id),
      ['line-rai'],
    );
    assert.equal(one.sim.gateway.spans.all[0]?.dChannel.up, true);
  });

  test('a whole quarter hour is counted to the second', async () => {
    const one = await branch();
    one.span.suffer({ near: { ...CALM, lineCode: 0, pathCode: 2 } });
    await one.pass(40 * 60);
    const [last, before] = one.state().performance.near.past;
    assert.deepEqual([last?.seconds, last?.valid, last?.counts.es], [900, true, 900]);
    assert.deepEqual([before?.valid, before?.start], [false, Math.floor(1e12 / 900_000) * 900_000]);
    assert.deepEqual(last?.crossed, ['es']);
  });

  test('busied out: the call in progress goes on to its end, no other begins, and then nothing is left', async () => {
    const one = await branch();
    const { gateway } = one.sim;
    const desk = spanDesk(gateway, one.sim.clock);
    const [phone] = one.sim.phones.values();
    await one.pass(20);
    phone?.call('5551004', 60 * SECOND, 20 * SECOND);
    await one.pass(5);
    assert.equal(gateway.path.live.size, 1);
    assert.equal(desk.serve(one.id, undefined, false).type, 'done');
    assert.equal(one.state().service, 'draining');
    phone?.call('5551005', 5 * SECOND, SECOND);
    await one.pass(5);
    assert.equal(gateway.path.live.size, 1, 'the first call is still there, and no other');
    assert.deepEqual([...gateway.spans.unavailable.values()], ['it is taken out of service']);
    assert.equal(
      gateway.health().problems.some(({ what }) => what.includes('it is taken out of service')),
      true,
    );
    await one.pass(40);
    const states = () => new Set(gateway.spans.all[0]?.group.channelStates().map(({ state }) => state));
    assert.deepEqual([one.state().service, [...states()]], ['out-of-service', ['out-of-service']]);
    assert.equal(one.sim.records.find(({ answered }) => answered !== undefined)?.cause, 16);
    desk.serve(one.id, undefined, true);
    await one.pass(5);
    assert.deepEqual([one.state().service, [...states()]], ['in-service', ['idle']]);
    phone?.call('5551004', 60 * SECOND, 20 * SECOND);
    await one.pass(5);
    assert.equal(gateway.path.live.size, 1);
  });

  test('a bit error rate test is refused where a call is, rests its channels, and gives them back at its end', async () => {
    const one = await branch();
    const { gateway } = one.sim;
    const desk = spanDesk(gateway, one.sim.clock);
    const [phone] = one.sim.phones.values();
    await one.pass(20);
    assert.deepEqual(await desk.bert(one.id), { type: 'refused', why: 'no test has been made on it' });
    phone?.call('5551004', 60 * SECOND, 30 * SECOND);
    await one.pass(5);
    const states = (): readonly string[] => gateway.spans.all[0]?.group.channelStates().map(({ state }) => state) ?? [];
    const [busy] = states().flatMap((state, i) => (state === 'busy' ? [i + 1] : []));
    const refused = await desk.startBert(one.id, undefined, 'qrss', 60);
    assert.deepEqual(refused, {
      type: 'refused',
      why: `timeslot ${busy} has a call: name others, or busy them out first`,
    });
    assert.deepEqual(await desk.startBert(one.id, [24], 'qrss', 60), {
      type: 'refused',
      why: `timeslot 24 is no B-channel of span ${one.id}`,
    });
    assert.equal(gateway.path.live.size, 1);
    const begun = await desk.startBert(one.id, [4, 5], 'qrss', 60);
    assert.ok(begun.type === 'done' && begun.bert.running);
    await one.pass(2);
    assert.deepEqual([states()[3], states()[4], states()[5]], ['out-of-service', 'out-of-service', 'idle']);
    const again = await desk.startBert(one.id, [6], 'qrss', 60);
    assert.match(again.type === 'refused' ? again.why : '', /^a test runs on it until /);
    desk.serve(one.id, [5], false);
    await one.pass(70);
    const over = await desk.bert(one.id);
    assert.ok(over.type === 'done' && !over.bert.running);
    assert.deepEqual([states()[3], states()[4]], ['idle', 'out-of-service'], 'the operator’s own wish stays');
    assert.deepEqual(await desk.injectErrors(one.id, 1), { type: 'refused', why: 'no test runs on it' });
    assert.deepEqual((await desk.startBert('t9', undefined, 'qrss', 60)).type, 'unknown');
  });

  test('a slot that is no B-channel can not be busied out', async () => {
    const one = await branch();
    const answer = spanDesk(one.sim.gateway, one.sim.clock).serve(one.id, [24], false);
    assert.deepEqual(answer, { type: 'refused', why: `timeslot 24 is no B-channel of span ${one.id}` });
  });

  test('a loopback ends by itself, takes the D-channel down while it lasts, and no call is tried on it', async () => {
    const one = await branch();
    const { gateway } = one.sim;
    await one.pass(20);
    assert.equal(spanDesk(gateway, one.sim.clock).loop(one.id, 'line', 120).type, 'done');
    await one.pass(60);
    assert.equal(gateway.spans.all[0]?.dChannel.up, false);
    assert.equal(one.state().loopback?.type, 'line');
    await one.pass(90);
    assert.deepEqual([one.state().loopback, gateway.spans.all[0]?.dChannel.up], [undefined, true]);
  });
});
