/** The directory file on disk: written whole or not at all, refused when a byte of it has changed. */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '../kernel/result.ts';
import { buildDirectory, type Directory } from '../routing/directory.ts';
import { DIRECTORY_FORMAT, type DirectoryFile } from '../routing/directory-file.ts';
import { revisionOf } from './compile.ts';
import { compilePattern } from './pattern.ts';

/** Puts the file in place atomically: a crash leaves the old one or the new one. Throws what the file system throws. */
export async function writeDirectory(path: string, file: DirectoryFile): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    // 0600: it holds digest hashes.
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(JSON.stringify(file));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  // The rename itself must be on the disk before we say that it is done.
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Reads and indexes a directory file; the error says in a sentence why it can't be used. */
export async function loadDirectory(path: string): Promise<Result<Directory, string>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return fail(`${path} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const file = parseDirectory(text);
  if (!file.ok) return fail(`${path} ${file.error}`);
  const built = indexDirectory(file.value);
  return built.ok ? built : fail(`${path} has patterns that don't compile: ${built.error.join('; ')}`);
}

/** The directory in memory, with the engine of this box for its patterns. */
export const indexDirectory = (file: DirectoryFile): Result<Directory, readonly string[]> =>
  buildDirectory(file, compilePattern);

function parseDirectory(text: string): Result<DirectoryFile, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail('is not JSON');
  }
  if (typeof value !== 'object' || value === null || !('format' in value) || !('revision' in value)) {
    return fail('is not a directory file');
  }
  if (value.format !== DIRECTORY_FORMAT)
    return fail(`has format ${String(value.format)}, and we read ${DIRECTORY_FORMAT}`);
  const { format, revision, ...contents } = value as DirectoryFile;
  // What has the right hash was written by compileDirectory, so its shape needs no second look.
  if (revisionOf(contents) !== revision) return fail('was changed after it was written: its revision is not its hash');
  return ok({ format, revision, ...contents });
}
