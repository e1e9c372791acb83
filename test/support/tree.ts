/** The source tree as tests about the tree see it: files, what they import, and the layer table of src/README.md. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The tree's root, with a slash at its end. */
export const ROOT = new URL('../../', import.meta.url).pathname;

export interface SourceFile {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
  /** The text without comments and without what stands in quotes. */
  readonly code: string;
  /** Modules as written, and for those of the tree their path relative to the root. */
  readonly imports: readonly { readonly module: string; readonly path: string | undefined }[];
}

/** A row of the layer table: a folder of src (or a file of it), and what it may import. */
export interface Room {
  readonly name: string;
  readonly pure: boolean;
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
}

/** Every file that belongs to the project: what git knows and what it would take. */
export function trackedFiles(): readonly string[] {
  const out = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  return out
    .toString()
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

/** The TypeScript files under `folder` (`src/`). */
export function sourceFiles(folder: string): readonly SourceFile[] {
  const paths = trackedFiles().filter((path) => path.startsWith(folder) && path.endsWith('.ts'));
  return paths.map((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return { path, text, code: withoutProse(text), imports: importsOf(path, text) };
  });
}

function importsOf(path: string, text: string): SourceFile['imports'] {
  const pattern = /^(?:import|export)\b[^;'"]*?\bfrom\s*'([^']+)'|^import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;
  return [...text.matchAll(pattern)].map(([, from, bare, dynamic]) => {
    const module = from ?? bare ?? dynamic ?? '';
    return { module, path: module.startsWith('.') ? normalize(join(dirname(path), module)) : undefined };
  });
}

function withoutProse(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, (found) =>
    found.replace(/[^\n]/g, ' '),
  );
}

/** The table under the heading "Who may import whom": `| folder | half | may import | npm packages | … |`. */
export function layerTable(): readonly Room[] {
  const map = readFileSync(join(ROOT, 'src/README.md'), 'utf8');
  const words = (cell: string | undefined): string[] =>
    [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? '');
  return map
    .split('\n')
    .map((line) => line.split('|').slice(1, -1))
    .filter(([, half]) => /^ (pure|shell) $/.test(half ?? ''))
    .map(([name, half, rooms, packages]) => ({
      name: words(name)[0] ?? '',
      pure: half?.trim() === 'pure',
      rooms: words(rooms),
      packages: words(packages),
    }));
}

/** The room that a file of src is in: the longest name of the table that leads to it. */
export function roomOf(path: string, table: readonly Room[]): Room | undefined {
  const inSrc = path.replace(/^src\//, '');
  return table
    .filter(({ name }) => inSrc === name || inSrc.startsWith(`${name}/`))
    .sort((a, b) => b.name.length - a.name.length)[0];
}
