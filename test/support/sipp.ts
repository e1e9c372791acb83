/** SIPp as an independent SIP peer: runs a scenario, reads its statistics. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, Program, portTaken, punctual } from './process.ts';

export interface SippOptions {
  /** The path of a scenario file, or the name of a built-in one (`uac`, `uas`). */
  readonly scenario: string;
  /** Left out by a scenario that waits for calls. */
  readonly remote?: { readonly address: string; readonly port: number };
  readonly local: { readonly address: string; readonly port: number };
  readonly transport?: 'udp' | 'tcp';
  /** The first of the media ports; an answering side with `echo` sends back what comes to it. */
  readonly mediaPort?: number;
  readonly echo?: boolean;
  /** Its echo is judged: it keeps its time on a busy machine. */
  readonly isPunctual?: boolean;
  /** Ends after so many calls. */
  readonly calls?: number;
  /** Calls per second. */
  readonly rate?: number;
  /** How many calls may be up at once. */
  readonly atOnce?: number;
  /** `[service]` of the scenario: the number to call. */
  readonly service?: string;
  /** Lines of the injection file: `[field0]`, `[field1]` …, one array per call, used in turn. */
  readonly inject?: readonly (readonly string[])[];
  /** How long a call of the scenario's default pause lasts, in milliseconds. */
  readonly holdMs?: number;
  /** The whole run’s limit. Default 180 s. */
  readonly seconds?: number;
  readonly extra?: readonly string[];
}

export interface SippResult {
  /** 0: all calls went as the scenario says. */
  readonly code: number | undefined;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** Seconds from the first to the last line of the statistics. */
  readonly seconds: number;
  /** The last line of the statistics, by SIPp's own column names. */
  readonly statistics: Readonly<Record<string, string>>;
  /** Unexpected messages, as SIPp tells them. */
  readonly errors: string;
}

/** A SIPp that runs. */
export class Sipp {
  readonly done: Promise<SippResult>;
  readonly #program: Program;
  readonly #directory: string;

  private constructor(program: Program, directory: string) {
    this.#program = program;
    this.#directory = directory;
    this.done = program.finished.then(({ code }) => this.#result(code));
  }

  /** Resolves when its port is bound. */
  static async start(options: SippOptions): Promise<Sipp> {
    const directory = mkdtempSync(join(tmpdir(), 'branchline-sipp-'));
    const args = argumentsOf(options, directory);
    const program =
      options.isPunctual === true
        ? punctual('sipp', args, { cwd: directory })
        : new Program('sipp', args, { cwd: directory });
    const sipp = new Sipp(program, directory);
    let over = false;
    void program.finished.then(
      () => {
        over = true;
      },
      () => {
        over = true;
      },
    );
    const { transport = 'udp', local, remote } = options;
    // A TCP caller listens nowhere.
    if (transport === 'udp' || remote === undefined) {
      await eventually('SIPp binds its port', () => over || portTaken(transport, local.port));
    }
    return sipp;
  }

  /** Ends a scenario that waits for calls; those that are up may finish first. */
  async stop(): Promise<SippResult> {
    this.#program.signal('SIGUSR1');
    await this.#program.stop('SIGUSR1', 10);
    return this.done;
  }

  /** It dies without a word to anybody. */
  async kill(): Promise<void> {
    await this.#program.stop('SIGKILL');
    await this.done;
  }

  #result(code: number | undefined): SippResult {
    const read = (name: string): string => {
      try {
        return readFileSync(join(this.#directory, name), 'latin1');
      } catch {
        return '';
      }
    };
    const [head = '', ...lines] = read('statistics.csv').trim().split('\n');
    const last = lines.at(-1)?.split(';') ?? [];
    const statistics = Object.fromEntries(head.split(';').map((name, i) => [name, last[i] ?? '']));
    const errors = read('errors.log') || (lines.length === 0 ? this.#program.said : '');
    rmSync(this.#directory, { recursive: true, force: true });
    const number = (name: string): number => Number(statistics[name] ?? Number.NaN);
    return {
      code,
      successful: number('SuccessfulCall(C)'),
      failed: number('FailedCall(C)'),
      retransmissions: number('Retransmissions(C)'),
      seconds: secondsOf(statistics['ElapsedTime(C)'] ?? ''),
      statistics,
      errors,
    };
  }
}

/** Runs a scenario to its end. */
export async function sipp(options: SippOptions): Promise<SippResult> {
  return (await Sipp.start(options)).done;
}

/** The `[authentication …]` field of the scenarios that inject it. */
export const credentials = (username: string, password: string): string =>
  `[authentication username=${username} password=${password}]`;

function argumentsOf(options: SippOptions, directory: string): string[] {
  const { scenario, remote, local, transport = 'udp', mediaPort, echo = false, inject, seconds = 180 } = options;
  const args = scenario.endsWith('.xml') ? ['-sf', scenario] : ['-sn', scenario];
  args.push(
    '-i',
    local.address,
    '-p',
    String(local.port),
    '-mi',
    local.address,
    '-t',
    transport === 'udp' ? 'u1' : 't1',
  );
  args.push('-nostdin', '-timeout', `${seconds}s`, '-timeout_error');
  args.push('-trace_stat', '-stf', 'statistics.csv', '-fd', '1', '-trace_err', '-error_file', 'errors.log');
  const given: readonly (readonly [string, number | string | undefined])[] = [
    ['-mp', mediaPort],
    ['-m', options.calls],
    ['-r', options.rate],
    ['-l', options.atOnce],
    ['-s', options.service],
    ['-d', options.holdMs],
  ];
  for (const [flag, value] of given) if (value !== undefined) args.push(flag, String(value));
  if (echo) args.push('-rtp_echo');
  if (inject !== undefined) {
    const file = join(directory, 'inject.csv');
    writeFileSync(file, ['SEQUENTIAL', ...inject.map((fields) => fields.join(';')), ''].join('\n'));
    args.push('-inf', file);
  }
  args.push(...(options.extra ?? []));
  if (remote !== undefined) args.push(`${remote.address}:${remote.port}`);
  return args;
}

/** `00:01:02` or `00:01:02:345678` → 62. */
function secondsOf(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
  return 3600 * hours + 60 * minutes + seconds;
}
