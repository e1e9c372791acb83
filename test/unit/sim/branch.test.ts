import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadSite } from '../../../src/config/load.ts';
import type { Site } from '../../../src/config/schema.ts';
import { type Manners, Simulation } from '../../support/simulation.ts';

const DEMO = new URL('../../../scripts/demo/site.yaml', import.meta.url);

/** The demonstration branch with more users and a line that loses frames. */
function branch(): Site {
  const text = readFileSync(DEMO, 'utf8');
  const loaded = loadSite(text, 'demo');
  assert.ok(loaded.ok);
  const [user] = loaded.value.users;
  const [span] = loaded.value.spans;
  assert.ok(user !== undefined && span?.driver === 'virtual');
  const users = Array.from({ length: 12 }, (_, i) => ({
    ...user,
    id: `${201 + i}`,
    number: `+1214555${String(201 + i).padStart(4, '0')}`,
    password: `secret-${i}`,
  }));
  const dids = users.map(({ id, number }) => ({ number: { from: number, to: number }, to: { user: id }, backups: [] }));
  return { ...loaded.value, users, dids, spans: [{ ...span, knobs: { ...span.knobs, delay: 10, loss: 0.02 } }] };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** What a day in a branch brings, a little denser: who calls whom, and how it goes. */
function bustle(sim: Simulation): void {
  const numbers = [
    '5551004',
    '5551005',
    '5551006',
    '5551007',
    '5551008',
    '5551009',
    '5551010',
    '5559034',
    '5559041',
    '5558016',
    '5558102',
    '911',
    '9911',
    '12',
    '99999999999',
    '2145550203',
  ];
  const users = [...sim.phones.keys()];
  const manners = (): Manners => {
    const kind = sim.pick(1, 10);
    if (kind <= 6) {
      return { type: 'answer', after: sim.pick(0, 12) * SECOND, talk: sim.pick(0, 40) * SECOND + sim.pick(0, 999) };
    }
    return kind <= 8 ? { type: 'refuse', cause: sim.choose([17, 21, 41]) } : { type: 'ignore' };
  };
  for (const phone of sim.phones.values()) phone.manners = manners;
  for (let at = 2 * SECOND; at < 5 * MINUTE; at += sim.pick(50, 1500)) {
    sim.agenda.at(at, () => {
      const phone = sim.phones.get(sim.choose(users));
      const digits = sim.random.next() < 0.4 ? sim.choose(users) : sim.choose(numbers);
      // Small patience and talk: CANCEL and BYE must race with what the other side does.
      phone?.call(digits, sim.pick(0, 20) * SECOND + sim.pick(0, 300), sim.pick(0, 30) * SECOND + sim.pick(0, 300));
    });
  }
  for (let at = 3 * SECOND; at < 5 * MINUTE; at += sim.pick(1, 8) * SECOND) {
    sim.agenda.at(at, () =>
      sim.spans[0]?.carrier?.place({
        called: `214555${sim.pick(201, 214).toString().padStart(4, '0')}`,
        calling: '2145550100',
      }),
    );
  }
}

for (const seed of [1, 2, 3, 4]) {
  test(`five busy minutes leave nothing behind: no call, channel, dialog, transaction or endpoint (seed ${seed})`, async () => {
    const sim = new Simulation(seed, { loss: 0.03, delay: 40 });
    await sim.start(branch());
    bustle(sim);
    // The line goes twice, once for less than T309 and once for more (Q.931 §9.1: 90 s).
    const [span] = sim.spans;
    sim.agenda.at(60 * SECOND, () => span?.alarm('LOS', true));
    sim.agenda.at(70 * SECOND, () => span?.alarm('LOS', false));
    sim.agenda.at(150 * SECOND, () => span?.alarm('AIS', true));
    sim.agenda.at(260 * SECOND, () => span?.alarm('AIS', false));
    await sim.agenda.run(5 * MINUTE);
    assert.ok(sim.gateway.path.live.size > 0, 'the bustle was still going on');
    await sim.agenda.run(15 * MINUTE);

    const { gateway } = sim;
    assert.equal(gateway.supervisor.faults, 0);
    assert.deepEqual([...gateway.path.live.keys()], []);
    assert.deepEqual([...sim.endpoints], []);
    const states = gateway.spans.all.flatMap(({ group }) => group.channelStates());
    assert.deepEqual(
      states.filter(({ state }) => state !== 'idle'),
      [],
    );
    assert.deepEqual(gateway.edge.load, { clients: 0, servers: 0, dialogs: 0 });
    for (const phone of sim.phones.values()) {
      assert.equal(phone.faults, 0);
      assert.equal(phone.calls, 0, `phone ${phone.user} hangs in a call`);
      assert.deepEqual(phone.load, { clients: 0, servers: 0, dialogs: 0 });
    }
    const begun = sim.stages.filter((stage) => stage === 'heardSetup').length;
    assert.equal(sim.records.length, begun);
    assert.equal(new Set(sim.records.map(({ callId }) => callId)).size, begun);
    assert.ok(sim.records.filter(({ answered }) => answered !== undefined).length > begun / 8, 'calls do get through');
    assert.equal(gateway.spans.all[0]?.dChannel.up, true);
  });
}

test('the same seed gives the same run', async () => {
  const run = async () => {
    const sim = new Simulation(7, { loss: 0.05, delay: 30 });
    await sim.start(branch());
    bustle(sim);
    await sim.agenda.run(MINUTE);
    return sim.stages.join(' ');
  };
  assert.equal(await run(), await run());
});
