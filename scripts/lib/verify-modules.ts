/** Whether what npm put into node_modules is what the lock file says: each package, its version and its integrity. */
import { readFileSync } from 'node:fs';

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly integrity?: string }>>;
}

const read = (path: string): LockFile['packages'] => (JSON.parse(readFileSync(path, 'utf8')) as LockFile).packages;

const locked = read('package-lock.json');
const strangers = Object.entries(read('node_modules/.package-lock.json')).filter(
  ([path, { version, integrity }]) => locked[path]?.version !== version || locked[path]?.integrity !== integrity,
);
for (const [path, { version }] of strangers) console.error(`${path} ${version} is not what package-lock.json says`);
process.exitCode = strangers.length === 0 ? 0 : 1;
