import { fail, ok, type Result } from '../kernel/result.ts';
import { convert, encode } from './g711.ts';
import { RATE } from './tones.ts';

/** What it is of a file that it can't be played for. */
export interface WavFault {
  readonly what: string;
  readonly mend: string;
}

/** The format tags that are read (RFC 2361), and what says that the true one stands further on. */
const FORMATS: Readonly<Record<number, 'linear' | 'alaw' | 'ulaw'>> = { 1: 'linear', 6: 'alaw', 7: 'ulaw' };
const EXTENSIBLE = 0xfffe;

const MEND = 'save it as WAV with one channel, 8000 Hz, and 16 bits or G.711';

const fault = (what: string, mend = MEND): Result<never, WavFault> => fail({ what, mend });

/** The sound of a WAV file of one channel at 8000 Hz, 16 bits linear or G.711, as octets of µ-law that threads may share. */
export function parseWav(file: Uint8Array, mostSeconds: number): Result<Uint8Array, WavFault> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const name = (at: number): string => String.fromCharCode(...file.subarray(at, at + 4));
  if (file.length < 12 || name(0) !== 'RIFF' || name(8) !== 'WAVE') return fault('is no WAV file');
  let coding: Coding | undefined;
  // A chunk is a name, a length, and octets up to an even count.
  for (let at = 12; at + 8 <= file.length; ) {
    const [chunk, length] = [name(at), view.getUint32(at + 4, true)];
    at += 8;
    if (length > file.length - at) return fault(`is cut off in its part "${chunk.trim()}"`, 'copy it once more');
    if (chunk === 'fmt ') {
      const read = codingOf(view, at, length);
      if (!read.ok) return read;
      coding = read.value;
    }
    if (chunk === 'data') {
      if (coding === undefined) return fault('does not say how its sound is coded');
      return sound(file.subarray(at, at + length), coding, mostSeconds);
    }
    at += length + (length & 1);
  }
  return fault('holds no sound');
}

type Coding = 'linear' | 'alaw' | 'ulaw';

function codingOf(view: DataView, at: number, length: number): Result<Coding, WavFault> {
  if (length < 16) return fault('does not say how its sound is coded');
  const tag = view.getUint16(at, true);
  const coding = FORMATS[tag === EXTENSIBLE && length >= 40 ? view.getUint16(at + 24, true) : tag];
  const channels = view.getUint16(at + 2, true);
  const rate = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  if (coding === undefined) return fault(`has sound of a kind that is not read here (format tag ${tag})`);
  if (channels !== 1) return fault(`has ${channels} channels`);
  if (rate !== RATE) return fault(`is sampled at ${rate} Hz`);
  if (bits !== (coding === 'linear' ? 16 : 8)) return fault(`has samples of ${bits} bits`);
  return ok(coding);
}

function sound(data: Uint8Array, coding: Coding, mostSeconds: number): Result<Uint8Array, WavFault> {
  const count = coding === 'linear' ? data.length >> 1 : data.length;
  if (count === 0) return fault('holds no sound');
  if (count > mostSeconds * RATE) {
    return fault(`is ${Math.ceil(count / RATE)} s long`, `keep it to ${mostSeconds} s`);
  }
  const octets = new Uint8Array(new SharedArrayBuffer(count));
  if (coding === 'linear') {
    const view = new DataView(data.buffer, data.byteOffset);
    encode(
      'ulaw',
      Int16Array.from({ length: count }, (_, i) => view.getInt16(2 * i, true)),
      0,
      octets,
      0,
      count,
    );
  } else if (coding === 'ulaw') octets.set(data);
  else convert('alaw', data, 0, 'ulaw', octets, 0, count);
  return ok(octets);
}
