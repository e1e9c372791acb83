/** The main thread's side of the capturing process: it only takes what comes in pieces of some 64 KiB, and keeps it as it is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Keeper, type Packets, type Tap } from './keeper.ts';
import type { CaptureEnd } from './recorder.ts';
import { EXIT_CODES, SAYS, type SniffOrder } from './sniff-order.ts';

const SNIFFER = fileURLToPath(new URL('./sniffer.ts', import.meta.url));

/** How long it may take to open the interfaces, and to end, in milliseconds; after that it is killed. */
const OPEN_WITHIN = 10_000;
const END_WITHIN = 3_000;

/** What is kept of its standard error, in characters. */
const SAID = 4_096;

export interface SniffState {
  readonly taps: readonly Tap[];
  readonly packets: number;
  readonly octets: number;
  readonly dropped: number;
  /** Undefined while it runs. */
  readonly ended: CaptureEnd | 'failed' | undefined;
  /** What went wrong, also while it runs. */
  readonly why: string | undefined;
}

/** One capture of packets. */
export class Sniffing {
  /** Comes when packets are taken, or when it is over already. */
  readonly ready: Promise<void>;
  readonly #order: SniffOrder;
  readonly #keeper: Keeper;
  readonly #child: ChildProcess;
  readonly #over = Promise.withResolvers<void>();
  #ended: SniffState['ended'];
  #fault: string | undefined;
  #said = '';

  /** @param program The entry of the capturing process. */
  constructor(order: SniffOrder, program: string = SNIFFER) {
    this.#order = order;
    this.#keeper = new Keeper(order.taps, order.octets);
    // Nothing of our environment, where there may be a token.
    const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: 'pipe', env: {} });
    this.#child = child;
    const open = Promise.withResolvers<void>();
    // It has no pipes where the system could not start it.
    child.stdout?.on('data', (chunk: Buffer) => {
      if (this.#fault !== undefined) return;
      const fault = this.#keeper.feed(chunk);
      if (fault !== undefined) this.#kill(`the capturing process is not to be believed: ${fault}`);
      else if (this.#keeper.open) open.resolve();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-SAID);
    });
    // Its end is told by `close`.
    child.stdin?.on('error', () => {});
    child.on('error', (error) => {
      this.#fault ??= `the capturing process does not start: ${error.message}`;
      this.#finish(undefined);
    });
    child.on('close', (code, signal) => this.#finish(code ?? undefined, signal ?? undefined));
    this.ready = Promise.race([open.promise, this.#over.promise]);
    this.#killAfter(OPEN_WITHIN, open.promise, 'begin');
    this.#killAfter(1000 * order.seconds + OPEN_WITHIN + END_WITHIN, this.#over.promise, 'end');
  }

  get state(): SniffState {
    const { packets, octets, dropped } = this.#keeper;
    const { taps } = this.#order;
    return { taps, packets, octets, dropped, ended: this.#ended, why: this.#fault ?? this.#complaint() };
  }

  /** What is kept until now. */
  packets(): Packets {
    return this.#keeper.snapshot();
  }

  /** Ends it, what is under way included. */
  async end(): Promise<void> {
    this.#child.stdin?.end();
    this.#killAfter(END_WITHIN, this.#over.promise, 'end');
    await this.#over.promise;
  }

  #complaint(): string | undefined {
    const lines = this.#said.split('\n').filter((line) => line.startsWith(SAYS));
    // Without what would move the cursor of who reads it.
    return lines.at(-1)?.slice(SAYS.length).replaceAll(/\p{C}/gu, '');
  }

  #killAfter(wait: number, unless: Promise<void>, what: 'begin' | 'end'): void {
    const timer = setTimeout(() => this.#kill(`the capturing process did not ${what} in time`), wait);
    void Promise.race([unless, this.#over.promise]).then(() => clearTimeout(timer));
  }

  #kill(why: string): void {
    this.#fault ??= why;
    this.#child.kill('SIGKILL');
  }

  #finish(code: number | undefined, signal?: NodeJS.Signals): void {
    const end = (['asked', 'time', 'full'] as const).find((one) => EXIT_CODES[one] === code);
    this.#ended ??= this.#fault === undefined && end !== undefined ? end : 'failed';
    if (this.#ended === 'failed' && this.#complaint() === undefined)
      this.#fault ??= `the capturing process ended${signal === undefined ? ` with ${code}` : ` by ${signal}`}`;
    this.#over.resolve();
  }
}
