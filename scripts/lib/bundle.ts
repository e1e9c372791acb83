/**
 * Bundles a program with the workers it starts and the files it reads at run time, so that nothing but the runtime stands beside it.
 * `bundle.ts [ENTRY [FOLDER]]`: by default the product itself into build/bundle. The entry becomes main.js.
 */
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const ROOT = new URL('../../', import.meta.url).pathname;

/** What `new URL(…, import.meta.url)` names in the source, and what stands beside the bundle in its place. */
const BESIDE: Readonly<
  Record<string, { readonly name: string; readonly from: string; readonly as: 'bundle' | 'copy' }>
> = {
  './worker.ts': { name: 'worker.js', from: 'src/media/worker.ts', as: 'bundle' },
  './sniffer.ts': { name: 'sniffer.js', from: 'src/capture/sniffer.ts', as: 'bundle' },
  './writer.ts': { name: 'writer.js', from: 'src/store/writer.ts', as: 'bundle' },
  './migrations/': { name: 'migrations/', from: 'src/store/migrations', as: 'copy' },
  '../../build/native/branchline.node': { name: 'branchline.node', from: 'build/native/branchline.node', as: 'copy' },
  '../../build/native/cap.node': { name: 'cap.node', from: 'build/native/cap.node', as: 'copy' },
  '../../scripts/demo/site.yaml': { name: 'site.yaml', from: 'scripts/demo/site.yaml', as: 'copy' },
};

const REFERENCE = /new URL\(\s*'([^']+)',\s*import\.meta\.url\s*\)/g;

const beside: Plugin = {
  name: 'beside',
  setup(one) {
    one.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8').replace(REFERENCE, (_, name: string) => {
        const known = BESIDE[name];
        if (known === undefined) throw new Error(`${path} reads ${name} at run time: name it in scripts/lib/bundle.ts`);
        return `new URL('./${known.name}', import.meta.url)`;
      });
      return { contents, loader: 'ts' };
    });
    // The package's entry for one platform names its binary, so the bundle can take it along.
    one.onResolve({ filter: /^better-sqlite3$/ }, ({ resolveDir, kind }) =>
      one.resolve(`better-sqlite3/linux-${process.arch}`, { resolveDir, kind }),
    );
    one.onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => {
      copyFileSync(join(resolveDir, path), join(folder, basename(path)));
      return { path: `./${basename(path)}`, external: true };
    });
  },
};

const [entry = 'src/main.ts', to = 'build/bundle'] = process.argv.slice(2);
const folder = resolve(ROOT, to);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const files = Object.values(BESIDE);
const bundled = files.filter(({ as }) => as === 'bundle');
await build({
  absWorkingDir: ROOT,
  entryPoints: [
    { in: entry, out: 'main' },
    ...bundled.map(({ from, name }) => ({ in: from, out: name.replace(/\.js$/, '') })),
  ],
  outdir: folder,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Packages of the older kind call require, which a module has not.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [beside],
});
for (const { from, name, as } of files)
  if (as === 'copy') cpSync(join(ROOT, from), join(folder, name), { recursive: true });
