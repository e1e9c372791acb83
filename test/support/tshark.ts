/** tshark as an independent judge of everything that we send. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program } from './process.ts';

export interface Verdict {
  readonly packets: number;
  /** Lines of packets that tshark calls malformed, or to which it gives an expert note of the severity error. */
  readonly faults: readonly string[];
  /** RTP streams: loss in per cent and largest jitter in milliseconds. */
  readonly streams: readonly {
    readonly from: string;
    readonly to: string;
    readonly loss: number;
    readonly jitter: number;
  }[];
}

/** How ports are to be decoded: `udp.port==5062,sip`. */
export type DecodeAs = readonly string[];

/** Captures what passes on loopback and fits the filter. */
export class Capture {
  readonly file: string;
  readonly #program: Program;

  private constructor(file: string, program: Program) {
    this.file = file;
    this.#program = program;
  }

  /** `filter` is a capture filter: `udp portrange 26000-26999`. Resolves when packets are being taken. */
  static async start(file: string, filter: string): Promise<Capture> {
    const program = new Program('dumpcap', ['-q', '-i', 'lo', '-f', filter, '-w', file, '-P']);
    await program.until(/File: /, 10);
    return new Capture(file, program);
  }

  async stop(): Promise<void> {
    // It empties the kernel's buffer every 250 ms, but not when it is told to end.
    await sleep(400);
    await this.#program.stop('SIGINT');
  }

  /** Takes the capture away. */
  remove(): void {
    rmSync(this.file, { force: true });
  }
}

/** What tshark finds in a capture. It knows RTP by the SDP before it, so the capture has to begin before the call. */
export async function judge(file: string, decodeAs: DecodeAs = []): Promise<Verdict> {
  const options = ['-r', file, ...decodeAs.flatMap((rule) => ['-d', rule])];
  const run = async (...more: string[]): Promise<string> => {
    const { code, stdout, stderr } = await new Program('tshark', [...options, ...more]).finished;
    if (code !== 0) throw new Error(`tshark ${more.join(' ')}: ${stderr}`);
    return stdout;
  };
  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  // Checksums are the kernel's business on loopback, and a refused port's ICMP is not ours.
  const faults = '(_ws.malformed || _ws.expert.severity == 8388608) && !icmp';
  const [all, bad, streams] = [
    await run('-T', 'fields', '-e', 'frame.number'),
    await run('-Y', faults, '-T', 'fields', '-e', 'frame.number', '-e', '_ws.col.Protocol', '-e', '_ws.expert.message'),
    await run('-q', '-z', 'rtp,streams'),
  ];
  return { packets: lines(all).length, faults: lines(bad), streams: lines(streams).flatMap(streamOf) };
}

/** A row of `rtp,streams`: from, port, to, port, SSRC, payload, packets, lost (per cent), deltas, jitters. */
function streamOf(line: string): Verdict['streams'] {
  const row = /^\s*[\d.]+\s+[\d.]+\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s+0x[0-9A-Fa-f]+\s+.*\((-?[\d.]+)%\)\s+(.*)$/.exec(
    line,
  );
  if (row === null) return [];
  const [, fromAddress, fromPort, toAddress, toPort, loss, rest = ''] = row;
  // Minimum, mean and largest delta, then the same of the jitter.
  const jitter = Number(rest.trim().split(/\s+/)[5] ?? Number.NaN);
  return [{ from: `${fromAddress}:${fromPort}`, to: `${toAddress}:${toPort}`, loss: Number(loss), jitter }];
}

/** One field of every packet that fits a display filter, as tshark prints it. */
export async function fieldsOf(
  file: string,
  filter: string,
  fields: readonly string[],
  decodeAs: DecodeAs = [],
): Promise<string[][]> {
  const args = ['-r', file, ...decodeAs.flatMap((rule) => ['-d', rule]), '-Y', filter, '-T', 'fields'];
  const { stdout } = await new Program('tshark', [...args, ...fields.flatMap((name) => ['-e', name])]).finished;
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}
