/** Announcements in a whole branch: a caller from outside hears one, and those who are to know of an emergency are called with one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { Simulation } from '../../support/simulation.ts';
import { DEMO, type Settings, siteOf } from '../../support/sites.ts';

const SECOND = 1000;
const ELIN = '+12145550290';
const CLOSED = '+12145550299';

async function branch(): Promise<Simulation> {
  const demo = parse(DEMO) as Settings;
  const simulation = new Simulation(7, { loss: 0, delay: 5 });
  await simulation.start(
    siteOf({
      ...demo,
      announcements: [
        { id: 'help', file: 'help.wav' },
        { id: 'closed', file: 'closed.wav', answers: true, cause: 16 },
      ],
      dids: [{ number: CLOSED, to: { announcement: 'closed' } }],
      emergency: {
        locations: [{ id: 'hq', elins: [ELIN], users: ['201'], notify: ['202', '203'], announcement: 'help' }],
      },
      tests: [],
    }),
  );
  return simulation;
}

test('an emergency call goes out, its guard answers and hears what it is about, and who does not answer is reported', async () => {
  const simulation = await branch();
  const [caller, guard, away] = ['201', '202', '203'].map((id) => simulation.phones.get(id));
  assert.ok(caller !== undefined && guard !== undefined && away !== undefined);
  guard.manners = () => ({ type: 'answer', after: SECOND, talk: 60 * SECOND });
  // The simulated answering point calls back.
  caller.manners = () => ({ type: 'refuse', cause: 17 });
  away.manners = () => ({ type: 'refuse', cause: 17 });
  simulation.agenda.at(2 * SECOND, () => caller.call('911', 60 * SECOND, 20 * SECOND));
  await simulation.agenda.run(60 * SECOND);
  const all = simulation.records.map(({ linkedId, hops, cause, answered, releasedBy }) => ({
    linkedId,
    hop: String(hops[0]).split(' at ')[0],
    cause,
    talked: answered !== undefined,
    releasedBy,
  }));
  const emergency = all.find(({ hop }) => hop === 'span-group pstn');
  assert.ok(emergency !== undefined, JSON.stringify(all));
  const of = (user: string) => all.find(({ hop }) => hop === `user ${user}`);
  assert.deepEqual(of('202'), {
    linkedId: emergency.linkedId,
    hop: 'user 202',
    cause: 16,
    talked: true,
    releasedBy: 'caller',
  });
  assert.deepEqual([of('203')?.cause, of('203')?.talked, of('203')?.linkedId], [17, false, emergency.linkedId]);
  assert.equal(simulation.gateway.desk.counts['emergency.not-told'], 1);
  assert.equal(simulation.gateway.desk.counts['emergency.call'], 1);
  assert.deepEqual([simulation.gateway.path.live.size, simulation.endpoints.size], [0, 0]);
});

test('a caller from outside is answered by the announcement, and released when it is over', async () => {
  const simulation = await branch();
  simulation.agenda.at(2 * SECOND, () =>
    simulation.spans[0]?.carrier?.place({ called: CLOSED.slice(2), calling: '9725550123' }),
  );
  await simulation.agenda.run(30 * SECOND);
  const [record, ...more] = simulation.records;
  assert.deepEqual(more, []);
  assert.deepEqual([record?.hops, record?.cause, record?.releasedBy], [['announcement closed'], 16, 'called']);
  assert.ok(record?.answered !== undefined);
  assert.deepEqual([simulation.gateway.path.live.size, simulation.endpoints.size], [0, 0]);
});
