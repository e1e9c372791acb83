import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Simulation } from '../../support/simulation.ts';
import { DEMO, siteOf } from '../../support/sites.ts';

test('a file that is missing keeps no branch from calling: the box starts, and goes back to it, but takes no new configuration with it', async () => {
  const simulation = new Simulation(1, { loss: 0, delay: 1 });
  simulation.unplayable = ['announcements[0].file: closed.wav is no WAV file: save it as WAV'];
  const site = siteOf(DEMO);
  await simulation.start(site);
  assert.deepEqual(await simulation.gateway.become(site), { ok: false, error: simulation.unplayable[0] });
  assert.equal((await simulation.gateway.become(site, true)).ok, true);
});
