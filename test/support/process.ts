/** Programs that tests run beside the gateway: started, waited for, and always ended. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Finished {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Seconds that an event is waited for: so long only where it never comes, or where everything takes long. */
export const PATIENCE = 30;

/** The most of a program's output that is kept, in characters. */
const KEPT = 1_000_000;

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const CHRT = '/usr/bin/chrt';
let permitted: boolean | undefined;

/** A program that keeps its time on a busy machine, under SCHED_FIFO where that is permitted: a peer whose sound is judged. */
export function punctual(command: string, args: readonly string[], options: ProgramOptions = {}): Program {
  permitted ??= spawnSync(CHRT, ['-f', '10', 'true']).status === 0;
  return permitted ? new Program(CHRT, ['-f', '10', command, ...args], options) : new Program(command, args, options);
}

/** One running program with its output. */
export class Program {
  readonly finished: Promise<Finished>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #listeners: (() => void)[] = [];
  #ended = false;

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    const env = { ...process.env, ...options.env };
    const cwd = options.cwd === undefined ? {} : { cwd: options.cwd };
    this.#child = spawn(command, args, { ...cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout = (this.#stdout + chunk.toString('latin1')).slice(-KEPT);
      this.#notify();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('latin1')).slice(-KEPT);
      this.#notify();
    });
    this.#child.stdin?.on('error', () => {});
    this.finished = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code) => {
        this.#ended = true;
        this.#notify();
        resolve({ code: code ?? undefined, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
    // Who does not wait for the end is told by the next `until`.
    this.finished.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Standard output and error so far. */
  get said(): string {
    return this.#stdout + this.#stderr;
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits until the program has said something that matches, and answers the match. */
  async until(pattern: RegExp, seconds = PATIENCE): Promise<RegExpExecArray> {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const match = pattern.exec(this.said);
      if (match !== null) return match;
      const left = deadline - performance.now();
      if (this.#ended || left <= 0) throw new Error(`${this.#child.spawnfile} never said ${pattern}:\n${this.said}`);
      await Promise.race([
        new Promise<void>((resolve) => this.#listeners.push(resolve)),
        sleep(left, undefined, { ref: false }),
      ]);
    }
  }

  signal(name: NodeJS.Signals): void {
    if (!this.#ended) this.#child.kill(name);
  }

  /** Asks it to end, insists after `seconds`, and waits until it is gone. */
  async stop(name: NodeJS.Signals = 'SIGTERM', seconds = 5): Promise<Finished> {
    this.signal(name);
    const insist = setTimeout(() => this.signal('SIGKILL'), seconds * 1000);
    try {
      return await this.finished;
    } finally {
      clearTimeout(insist);
    }
  }

  #notify(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** Waits for `condition`, looking every 20 ms. */
export async function eventually(what: string, condition: () => boolean, seconds = PATIENCE): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(20);
  }
}

/** Whether some process has this port of IPv4 bound (UDP) or listens on it (TCP). */
export function portTaken(protocol: 'udp' | 'tcp', port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const listening = protocol === 'udp' ? '' : '0A';
  return readFileSync(`/proc/net/${protocol}`, 'latin1')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .some(([, local, , state]) => local?.endsWith(`:${hex}`) && (listening === '' || state === listening));
}
