import { open } from 'node:fs/promises';
import { fail, type Result } from '../kernel/result.ts';
import { parseWav, type WavFault } from '../rtp/wav.ts';

/** Three times that, with what is tried before it, stays below the time that a call may take to be answered (T301). */
const MOST_SECONDS = 45;

/** Sixteen bits for that long, with room for what editors write beside the sound. */
const MOST_OCTETS = 2 * 8000 * MOST_SECONDS + 65_536;

/** A file that can't be played: which one of the list, what it is, and what would mend it. */
export interface RecordingFault extends WavFault {
  readonly place: number;
}

/** WAV files read, as octets of µ-law by their names, and everything that is wrong with the others. */
export interface Recordings {
  readonly recordings: ReadonlyMap<string, Uint8Array>;
  readonly faults: readonly RecordingFault[];
}

/** Reads WAV files of one channel at 8000 Hz, 16 bits or G.711, of 45 s at most. */
export async function readRecordings(
  files: readonly { readonly id: string; readonly file: string }[],
): Promise<Recordings> {
  const recordings = new Map<string, Uint8Array>();
  const faults: RecordingFault[] = [];
  for (const [place, { id, file }] of files.entries()) {
    const read = await readRecording(file);
    if (read.ok) recordings.set(id, read.value);
    else faults.push({ ...read.error, place });
  }
  return { recordings, faults };
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
