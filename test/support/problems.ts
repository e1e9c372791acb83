import { loadSite } from '../../src/config/load.ts';
import type { Problem } from '../../src/config/problem.ts';

/** What `check` finds wrong in these settings. */
export function problemsOf(settings: Readonly<Record<string, unknown>>): readonly Problem[] {
  const loaded = loadSite(JSON.stringify(settings), 'site.yaml');
  return loaded.ok ? [] : loaded.error;
}
