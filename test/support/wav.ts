/** WAV files of 8 kHz, 16 bits, one channel: what the phones of tests say and hear. */
import { readFileSync, writeFileSync } from 'node:fs';

const RATE = 8000;

export function writeWav(path: string, samples: Int16Array): void {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + 2 * samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(2 * RATE, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(2 * samples.length, 40);
  writeFileSync(path, Buffer.concat([header, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]));
}

/** The samples of a file of this very form; anything else throws. */
export function readWav(path: string): Int16Array {
  const file = readFileSync(path);
  let at = 12;
  while (at + 8 <= file.length) {
    const [name, length] = [file.toString('latin1', at, at + 4), file.readUInt32LE(at + 4)];
    const form =
      name === 'fmt ' ? [file.readUInt16LE(at + 10), file.readUInt32LE(at + 12), file.readUInt16LE(at + 22)] : [];
    if (name === 'fmt ' && form.join() !== `1,${RATE},16`)
      throw new Error(`${path}: not mono, 8 kHz, 16 bits: ${form}`);
    if (name === 'data') return Int16Array.from({ length: length / 2 }, (_, i) => file.readInt16LE(at + 8 + 2 * i));
    at += 8 + length;
  }
  throw new Error(`${path}: no samples`);
}
