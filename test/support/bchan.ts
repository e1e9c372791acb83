/** Sound through a B-channel and back: the far end of a channel, and how well a recording matches its reference. */
import { Program, punctual } from './process.ts';
import { ROOT } from './tree.ts';

/** The path of a file of the kit. */
export const kit = (path: string): string => `${ROOT}test/kit/${path}`;

export interface BChannelEnd {
  /** Our port, and the span's: base + slot on both sides. */
  readonly local: number;
  readonly remote: number;
  /** WAV files: what is said, where to record. */
  readonly play?: string;
  readonly record?: string;
  readonly seconds: number;
}

export interface BChannelReport {
  readonly tx: number;
  readonly rx: number;
  readonly gap_ms_max: number;
  readonly rate_ppm: number | null;
}

/** Runs the far end of one B-channel for its time. */
export async function bChannel(end: BChannelEnd): Promise<BChannelReport> {
  const args = [
    '--local',
    `127.0.0.1:${end.local}`,
    '--remote',
    `127.0.0.1:${end.remote}`,
    '--seconds',
    `${end.seconds}`,
  ];
  if (end.play !== undefined) args.push('--in', end.play);
  if (end.record !== undefined) args.push('--out', end.record);
  const { code, stdout, stderr } = await punctual('python3', [kit('bin/bchan.py'), ...args]).finished;
  if (code !== 0) throw new Error(`bchan.py: ${stderr}`);
  return JSON.parse(stdout) as BChannelReport;
}

export interface Correlation {
  /** 0–1 at the best place. */
  readonly peak: number;
  readonly lag_ms: number;
  /** The share of 200 ms windows that match. */
  readonly coverage: number;
  readonly gap_ms_max: number;
}

/** How well the recording holds the reference, both WAV files. */
export async function correlate(reference: string, recording: string): Promise<Correlation> {
  const { stdout, stderr } = await new Program('python3', [kit('bin/wavcorr.py'), reference, recording]).finished;
  if (stdout === '') throw new Error(`wavcorr.py: ${stderr}`);
  return { lag_ms: 0, coverage: 0, gap_ms_max: 0, ...(JSON.parse(stdout) as Partial<Correlation>) } as Correlation;
}
