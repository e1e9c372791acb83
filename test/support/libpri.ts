/** libpri as an independent PRI peer: builds `kit/libpri-peer/pripeer.c` once, runs it, reads its events, tells it what to do. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PATIENCE } from './process.ts';

const SOURCE = fileURLToPath(new URL('../kit/libpri-peer/pripeer.c', import.meta.url));
const BUILD = fileURLToPath(new URL('../../build/libpri-peer/', import.meta.url));

export type LibpriSwitch = 'ni2' | '4ess' | 'dms100' | '5ess' | 'euro' | 'eurot1' | 'ni1' | 'qsig';

export interface LibpriOptions {
  /** Which side libpri is. */
  readonly side: 'net' | 'cpe';
  readonly switch?: LibpriSwitch;
  /** Its port on 127.0.0.1, and ours. */
  readonly listen: number;
  readonly peer: number;
  /** It ends by itself after so long, should its test end without it. Default ten minutes. */
  readonly seconds?: number;
  /** Further arguments, see the head comment of the source: `['-a', 'busy']`, `['-x', '100']` … */
  readonly args?: readonly string[];
  /** The program, where it can't be built. */
  readonly program?: string;
}

/** One JSON event of the peer: `t` in seconds from its start, `ev` its name, the rest as the source prints it. */
export interface LibpriEvent {
  readonly t: number;
  readonly ev: string;
  readonly [field: string]: string | number | boolean | undefined;
}

type Wanted = Readonly<Record<string, string | number | boolean>>;

const fits = (event: LibpriEvent, ev: string, fields: Wanted): boolean =>
  event.ev === ev && Object.entries(fields).every(([name, value]) => event[name] === value);

let program: Promise<string> | undefined;

/** The path of the program, built where this source was not built yet. Needs cc and libpri-dev. */
export function libpriProgram(): Promise<string> {
  // Once for all tests of a process that begin at the same time.
  program ??= built();
  return program;
}

async function built(): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 12);
  const path = `${BUILD}pripeer-${digest}`;
  if (existsSync(path)) return path;
  mkdirSync(BUILD, { recursive: true });
  // Test files may run at the same time: each builds under its own name, and the last rename wins.
  const own = `${path}.${process.pid}`;
  await promisify(execFile)('cc', ['-O2', '-o', own, SOURCE, '-lpri']);
  renameSync(own, path);
  return path;
}

/** Starts libpri; end it with `stop`. */
export async function startLibpri(options: LibpriOptions): Promise<Libpri> {
  const { side, switch: kind = 'ni2', listen, peer, seconds = 600, args = [] } = options;
  const line = ['-n', side, '-s', kind, '-l', `127.0.0.1:${listen}`, '-r', `127.0.0.1:${peer}`, '-t', String(seconds)];
  return new Libpri(
    spawn(options.program ?? (await libpriProgram()), [...line, '-i', ...args], { stdio: ['pipe', 'pipe', 'pipe'] }),
  );
}

export class Libpri {
  /** All events so far. */
  readonly events: LibpriEvent[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  #stderr = '';
  #listeners: (() => void)[] = [];
  #ended = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.events.push(JSON.parse(line) as LibpriEvent);
        this.#notify();
      });
    }
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('latin1')).slice(-100_000);
    });
    child.stdin?.on('error', () => {});
    this.#closed = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => {
        this.#ended = true;
        this.#notify();
        resolve();
      });
    });
    this.#closed.catch(() => {});
  }

  /** libpri's own words: its trace with `-d`, errors always. */
  get stderr(): string {
    return this.#stderr;
  }

  count(ev: string, fields: Wanted = {}): number {
    return this.events.filter((event) => fits(event, ev, fields)).length;
  }

  /**
   * Waits for an event of this name and with these fields, also one that has come already, and answers it. `after`: only events
   * behind so many first ones, as `events.length` was.
   */
  async waitFor(
    ev: string,
    {
      fields = {},
      seconds = PATIENCE,
      after = 0,
    }: { readonly fields?: Wanted; readonly seconds?: number; readonly after?: number } = {},
  ): Promise<LibpriEvent> {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const found = this.events.slice(after).find((event) => fits(event, ev, fields));
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0 || this.#ended) throw new Error(`libpri never said ${ev}:\n${this.#account()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#listeners.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  call(number: string, calling?: string): void {
    this.#say(calling === undefined ? `call ${number}` : `call ${number} ${calling}`);
  }

  /** `cref`: as its events name the call. */
  hangup(cref: number, cause: number): void {
    this.#say(`hangup ${cref} ${cause}`);
  }

  /** Sends these digits one by one (overlap). */
  information(cref: number, digits: string): void {
    this.#say(`info ${cref} ${digits}`);
  }

  restart(channel: number): void {
    this.#say(`restart ${channel}`);
  }

  /** Silences the D-channel, both ways. */
  down(seconds: number): void {
    this.#say(`down ${seconds}`);
  }

  /** Silences one of its two D-channels, both ways: 0 the primary, 1 the backup. */
  cut(dChannel: 0 | 1, seconds: number): void {
    this.#say(`cut ${dChannel} ${seconds}`);
  }

  /** Its next calls are on the span of this interface identifier. */
  on(face: number): void {
    this.#say(`on ${face}`);
  }

  /** Ends it, and answers the summary that it leaves. */
  async stop(): Promise<LibpriEvent | undefined> {
    this.#say('quit');
    const insist = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await this.#closed;
    clearTimeout(insist);
    return this.events.findLast(({ ev }) => ev === 'summary');
  }

  #say(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  #notify(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }

  #account(): string {
    return [...this.events.slice(-50).map((event) => JSON.stringify(event)), this.#stderr.slice(-2000)].join('\n');
  }
}
