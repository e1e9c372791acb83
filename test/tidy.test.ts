/** The manners of the house. Each failure says what to do instead. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { layerTable, ROOT, roomOf, type SourceFile, sourceFiles, trackedFiles } from './support/tree.ts';

const table = layerTable();
const src = sourceFiles('src/');
const ours = [...src, ...sourceFiles('scripts/'), ...sourceFiles('test/')];
const pure = src.filter(({ path }) => roomOf(path, table)?.pure === true);

/** The lines of a file where `pattern` is found, as `path:line`. */
function places({ path, code }: SourceFile, pattern: RegExp): string[] {
  return code.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}`] : []));
}

function none(found: readonly string[], instead: string): void {
  assert.ok(found.length === 0, `${instead}\n  ${found.join('\n  ')}`);
}

function packageOf(module: string): string {
  return module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/');
}

const isBuiltin = (module: string): boolean => module.startsWith('node:') || builtinModules.includes(packageOf(module));

test('every file of src is in a room of the layer table', () => {
  assert.ok(table.length > 5, 'the layer table of src/README.md was not found: keep its columns');
  const homeless = src.filter(({ path }) => roomOf(path, table) === undefined).map(({ path }) => path);
  none(
    homeless,
    'Give the folder a row in the layer table of src/README.md, or move the file to the room it belongs to:',
  );
  const empty = table.filter(({ name }) => !existsSync(join(ROOT, 'src', name))).map(({ name }) => name);
  none(empty, 'A room is made when its first line is written: take the row out of the layer table until then:');
});

test('a room imports only the rooms that the layer table grants it', () => {
  const found = src.flatMap(({ path, imports }) => {
    const room = roomOf(path, table);
    return imports.flatMap(({ path: target }) => {
      if (target === undefined) return [];
      const other = roomOf(target, table);
      if (room === undefined || other === room || room.rooms.includes('*')) return [];
      return other !== undefined && room.rooms.includes(other.name) ? [] : [`${path} imports ${target}`];
    });
  });
  none(
    found,
    'Hand the thing in as a value or an effect, or move it down to a room both may import (see src/README.md):',
  );
});

test('the layer table has no cycle', () => {
  const found = cycle(new Map(table.map(({ name, rooms }) => [name, rooms.filter((room) => room !== '*')])));
  none(
    found === undefined ? [] : [found.join(' → ')],
    'One of these rooms must not know the other: put what they share below both:',
  );
});

test('no file imports itself in a circle', () => {
  const found = cycle(
    new Map(
      src.map(({ path, imports }) => [
        path,
        imports.flatMap(({ path: target }) => (target === undefined ? [] : [target])),
      ]),
    ),
  );
  none(
    found === undefined ? [] : [found.join(' → ')],
    'Put the words that these files share into a file of their own:',
  );
});

/** One cycle of a graph, as the path from a node back to itself. */
function cycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): readonly string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const found = visit(next);
      if (found !== undefined) return found;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const found = visit(node);
    if (found !== undefined) return found;
  }
  return undefined;
}

test('each npm package is imported from the one room that the layer table names', () => {
  const found = src.flatMap(({ path, imports }) =>
    imports
      .filter(({ module }) => !module.startsWith('.') && !isBuiltin(module))
      .filter(({ module }) => !roomOf(path, table)?.packages.includes(packageOf(module)))
      .map(({ module }) => `${path} imports ${module}`),
  );
  none(found, 'Use the room that wraps this package; a new package needs a row in src/README.md and a reason:');
  const listed = table.flatMap(({ packages }) => packages);
  none(
    listed.filter((name, i) => listed.indexOf(name) !== i),
    'A package has one home: let the other rooms use what that one exports:',
  );
});

test('a pure room imports nothing from Node or npm', () => {
  const found = pure.flatMap(({ path, imports }) =>
    imports.filter(({ module }) => !module.startsWith('.')).map(({ module }) => `${path} imports ${module}`),
  );
  none(found, 'Take it as a value: the composition root hands in hashes, random octets and compiled patterns:');
});

test('a pure room has no clock, no timer, no randomness and no I/O of its own', () => {
  const forbidden =
    /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bperformance\b|\bprocess\.|\bconsole\.|\bcrypto\.|\bfetch\(|\bBuffer\b/;
  none(
    pure.flatMap((file) => places(file, forbidden)),
    'Take `now: Instant`, a `Timers` table, a `Random` or a `Log` as an argument; deal in Uint8Array:',
  );
});

test('time and chance enter the shells as values too', () => {
  none(
    src
      .filter(({ path }) => path !== 'src/main.ts')
      .flatMap((file) => places(file, /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b/)),
    'Take a `Clock` or a `Random` from main.ts, so that a whole branch can run in one test from a seed:',
  );
});

test('nothing is exported by default or passed on by another file', () => {
  none(
    ours.flatMap((file) => places(file, /^export default\b/)),
    'Export it by its name, so that it is called the same everywhere:',
  );
  none(
    ours.flatMap((file) => places(file, /^export (type )?(\*|\{.*\}) (as \w+ )?from\b/)),
    'Import it from the file that says it; a file that passes things on hides where they live:',
  );
});

test('what a pure room exports says what it is', () => {
  const found = pure.flatMap(({ path, text }) => {
    const lines = text.split('\n');
    const undocumented = (pattern: RegExp): number[] =>
      lines.flatMap((line, i) => (pattern.test(line) && !(lines[i - 1] ?? '').endsWith('*/') ? [i] : []));
    // A function of a few lines may speak for itself, and a file of one class or function says it at its head.
    const doer = /^export (async )?(function|class)\b/;
    const lone = text.startsWith('/**') && lines.filter((line) => doer.test(line)).length === 1;
    const long = undocumented(doer).filter((i) => !lone && lines.indexOf('}', i) - i > 5);
    const words = text.startsWith('/**') ? [] : undocumented(/^export (interface|type)\b/);
    const first = lines.findIndex((line) => line.startsWith('export '));
    return [...long, ...words.filter((i) => i === first)].map(
      (i) => `${path}:${i + 1}: ${(lines[i] ?? '').slice(0, 60)}`,
    );
  });
  none(found, 'Write a docstring: what it is, shapes and units, errors, and the clause it comes from:');
});

test('files are named in kebab-case', () => {
  const names = ours.map(({ path }) => path).filter((path) => !path.startsWith('test/kit/'));
  none(
    names.filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(basename(path))),
    'Rename the file to words in lower case with hyphens between them:',
  );
});

test('no file is longer than 500 lines', (t) => {
  const lengths = ours.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }));
  const say = (most: number): string[] =>
    lengths.filter(({ lines }) => lines > most).map(({ path, lines }) => `${path} has ${lines} lines`);
  for (const line of say(300)) t.diagnostic(`${line}: a second concept may want a file of its own`);
  none(say(500), 'Find the second concept in the file and give it a file of its own:');
});

test('nothing is left for later in the source', () => {
  none(
    ours.flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, i) => (/\b(TO[D]O|FI[X]ME|X[X]X|HA[C]K)\b/.test(line) ? [`${path}:${i + 1}`] : [])),
    ),
    'Do it now, or write an issue and take the note out:',
  );
});

test('no file knows the machine on which it was written', () => {
  const text = trackedFiles().filter((path) => /\.(ts|sh|md|json|sql|c|h|yaml|yml|py)$|^scripts\/|^\.ci\//.test(path));
  const found = text.flatMap((path) =>
    readFileSync(join(ROOT, path), 'utf8')
      .split('\n')
      .flatMap((line, i) => (/(^|[\s'"`(=:])\/(work|home|root|Users)\/[\w.]/.test(line) ? [`${path}:${i + 1}`] : [])),
  );
  none(found, 'Build the path from import.meta.url, the working directory, os.tmpdir() or a setting:');
});

test('the map of the source points at files that are there', () => {
  const map = readFileSync(join(ROOT, 'src/README.md'), 'utf8');
  const named = [...map.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path ?? '');
  none(
    named.filter((path) => !existsSync(join(ROOT, 'src', path))),
    'Mend the link in src/README.md:',
  );
});
