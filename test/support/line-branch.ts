/** The demo branch, simulated with one span, whose line a test spoils and looks at. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { loadSite } from '../../src/config/load.ts';
import type { SpanSetting } from '../../src/config/schema.ts';
import type { LineState } from '../../src/gateway/line-watch.ts';
import { spanDesk } from '../../src/gateway/span-desk.ts';
import type { Verdict } from '../../src/line/diagnosis.ts';
import type { VirtualSpan } from '../../src/span/virtual/span.ts';
import { Simulation } from './simulation.ts';

const DEMO = readFileSync(new URL('../../scripts/demo/site.yaml', import.meta.url), 'utf8');
const SECOND = 1000;
export const CALM = { pathCode: 0, outOfFrame: 0, slips: 0 };

export interface LineBranch {
  readonly sim: Simulation;
  readonly span: VirtualSpan;
  readonly id: string;
  state(): LineState;
  verdict(): Verdict;
  /** Lets so many seconds pass. */
  pass(seconds: number): Promise<void>;
}

export async function lineBranch(over: Pick<SpanSetting, 'side'> = { side: 'user' }): Promise<LineBranch> {
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
