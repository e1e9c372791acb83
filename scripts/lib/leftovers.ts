/** Processes that a test started and did not end: they inherit a mark in their environment, by which they are found. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The environment variable of the mark. */
export const MARK = 'BRANCHLINE_TEST';

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** What still runs with this mark. A process that is just ending gets a second to do so. */
export async function leftovers(mark: string): Promise<readonly Leftover[]> {
  for (let i = 0; i < 10 && marked(mark).length > 0; i++) await sleep(100);
  return marked(mark);
}

export async function endLeftovers(mark: string): Promise<void> {
  for (const { pid } of marked(mark)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended in the meantime.
    }
  }
}

function marked(mark: string): readonly Leftover[] {
  const found: Leftover[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environment = `\0${read(`/proc/${pid}/environ`)}`;
    if (!environment.includes(`\0${MARK}=${mark}\0`)) continue;
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    // A zombie has no command line: it is its parent's to reap.
    if (command !== '') found.push({ pid, command });
  }
  return found;
}

/** The text of a file of /proc; empty where the process is gone or another user's. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
