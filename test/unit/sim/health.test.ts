import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { loadSite } from '../../../src/config/load.ts';
import { Simulation } from '../../support/simulation.ts';

const DEMO = new URL('../../../scripts/demo/site.yaml', import.meta.url);

test('a box whose only way out is a trunk that does not answer is not fit, and says why', async () => {
  const { users, site, sip, http, media, profiles, dids } = parse(readFileSync(DEMO, 'utf8'));
  const trunk = { id: 'core', address: '192.0.2.1' };
  const routes = [{ id: 'out', prefixes: ['+1'], gateways: ['core'] }];
  const text = stringify({ site, sip, http, media, users, profiles, dids, routes, sipTrunks: [trunk] });
  const loaded = loadSite(text, 'trunk only');
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const sim = new Simulation(1, { loss: 0, delay: 0 });
  await sim.start(loaded.value);
  assert.equal(sim.gateway.unfit(), undefined, 'nobody has been asked often enough');
  await sim.agenda.run(60_000);
  const { verdict, problems } = sim.gateway.health();
  assert.equal(verdict, 'down');
  assert.match(problems[0]?.what ?? '', /^core: has left \d OPTIONS in a row unanswered$/);
  assert.equal(problems[1]?.id, 'no-gateway');
});

test('a box that stops begins no more calls, and no phone is left in one that it can not end', async () => {
  const loaded = loadSite(readFileSync(DEMO, 'utf8'), 'demo');
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const sim = new Simulation(1, { loss: 0, delay: 20 });
  await sim.start(loaded.value);
  const [first, second, third] = [...sim.phones.values()];
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  second.manners = () => ({ type: 'answer', after: 10, talk: 600_000 });
  first.call(second.user, 60_000, 600_000);
  await sim.agenda.run(5000);
  const begun = sim.stages.filter((stage) => stage === 'heardSetup').length;
  const stopped = sim.gateway.stop();
  third.call(second.user, 60_000, 600_000);
  await sim.agenda.run(40_000);
  await stopped;
  assert.equal(sim.stages.filter((stage) => stage === 'heardSetup').length, begun);
  assert.deepEqual([first.calls, second.calls, third.calls], [0, 0, 0]);
});
