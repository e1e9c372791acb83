/** The dial plan's own tests: a configuration whose tests fail is not taken into force. */
import type { WallTime } from '../kernel/time.ts';
import { explainDecision, meets, outcomeOf } from '../routing/explain.ts';
import { compileDirectory } from './compile.ts';
import { indexDirectory } from './directory-file.ts';
import type { Finding } from './problem.ts';
import { rehearse } from './rehearse.ts';
import type { Site } from './schema.ts';

/** A fixed moment, so that a test that passes today passes tomorrow: a Monday at noon, UTC. */
const NOON = Date.UTC(2024, 0, 8, 12) as WallTime;

/** Runs the tests of a site that is right in everything else. */
export function dialTests(site: Site): readonly Finding[] {
  if (site.tests.length === 0) return [];
  const directory = indexDirectory(compileDirectory(site));
  if (!directory.ok) return [];
  return site.tests.flatMap((test, i): readonly Finding[] => {
    const decision = rehearse(site, directory.value, { ...test, at: NOON });
    if (meets(decision, test.expect)) return [];
    const reason = explainDecision(decision).findLast((text) => text !== '' && !text.startsWith('→')) ?? '';
    const what = `${test.from} dials ${test.dial}: expected ${test.expect}, got ${outcomeOf(decision)} (${reason.trim()})`;
    const mend = `mend the plan, or the test; "branchline explain --from ${test.from} --dial ${test.dial}" says it all`;
    return [{ path: ['tests', i, 'expect'], what, mend, needs: [] }];
  });
}
