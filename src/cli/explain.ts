/** Where would this call go, and why? Asked of a configuration file with no box running, or of a running box. */
import { compileDirectory } from '../config/compile.ts';
import { indexDirectory } from '../config/directory-file.ts';
import { type Rehearsal, rehearse } from '../config/rehearse.ts';
import type { Site } from '../config/schema.ts';
import { assert } from '../kernel/machine.ts';
import type { Decision } from '../routing/decision.ts';

export function explain(site: Site, question: Rehearsal): Decision {
  const directory = indexDirectory(compileDirectory(site));
  assert(directory.ok, 'a checked site has only patterns that compile');
  return rehearse(site, directory.value, question);
}
