import { open } from 'node:fs/promises';
import { fail, ok, type Result } from '../kernel/result.ts';
import { parseWav, type WavFault } from '../rtp/wav.ts';

const MOST_SECONDS = 60;

/** Sixteen bits for that long, with room for what editors write beside the sound. */
const MOST_OCTETS = 2 * 8000 * MOST_SECONDS + 65_536;

/** A file that can't be played: which one of the list, what it is, and what would mend it. */
export interface RecordingFault extends WavFault {
  readonly place: number;
}

/** Reads WAV files, as octets of µ-law by their names; else everything that is wrong with them. */
export async function readRecordings(
  files: readonly { readonly id: string; readonly file: string }[],
): Promise<Result<ReadonlyMap<string, Uint8Array>, readonly RecordingFault[]>> {
  const recordings = new Map<string, Uint8Array>();
  const faults: RecordingFault[] = [];
  for (const [place, { id, file }] of files.entries()) {
    const read = await readRecording(file);
    if (read.ok) recordings.set(id, read.value);
    else faults.push({ ...read.error, place });
  }
  return faults.length === 0 ? ok(recordings) : fail(faults);
}

async function readRecording(path: string): Promise<Result<Uint8Array, WavFault>> {
  try {
    const file = await open(path);
    try {
      const about = await file.stat();
      if (!about.isFile()) return fail({ what: `${path} is no file`, mend: 'name a WAV file' });
      if (about.size > MOST_OCTETS) {
        const mend = `keep it to ${MOST_SECONDS} s of one channel at 8000 Hz`;
        return fail({ what: `${path} is larger than ${MOST_OCTETS >> 10} KiB`, mend });
      }
      const wav = parseWav(await file.readFile(), MOST_SECONDS);
      return wav.ok ? wav : fail({ ...wav.error, what: `${path} ${wav.error.what}` });
    } finally {
      await file.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail({ what: `${path} can’t be read: ${why}`, mend: 'put the recording there, readable for the gateway' });
  }
}
