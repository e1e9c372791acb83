/** A box as an operator runs it: `branchline run` in a process of its own, with configuration and state in a folder of its own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallView, SpanView, StatusView } from '../../src/console/views.ts';
import { type Finished, PATIENCE, Program } from './process.ts';
import type { Settings } from './sites.ts';
import { ROOT } from './tree.ts';

const COMMAND = `${ROOT}scripts/branchline`;

/** Until HTTP answers, which comes last. */
const START_WITHIN = 60;

export interface Place {
  readonly sip: number;
  readonly http: number;
  /** `61000-61099`. */
  readonly media: string;
}

/** What every box of these tests has: loopback listeners, a dial plan of the North American kind, everything routed to `pstn`. */
export function settingsOf({ sip, http, media }: Place, more: Settings): Settings {
  return {
    site: { name: 'Test branch', domain: DOMAIN, profile: 'branch' },
    sip: {
      listen: [
        { transport: 'udp', address: '127.0.0.1', port: sip },
        { transport: 'tcp', address: '127.0.0.1', port: sip },
      ],
    },
    http: { port: http },
    media: { ports: media },
    log: { level: 'warn' },
    profiles: [
      {
        id: 'branch',
        rules: [
          { pattern: '^(2\\d\\d)$', translation: '$1' },
          { pattern: '^(\\d{7})$', translation: '+1214$1' },
          { pattern: '^1?(\\d{10})$', translation: '+1$1' },
        ],
      },
    ],
    routes: [{ id: 'everywhere', prefixes: ['+'], gateways: ['pstn'] }],
    emergency: { gateways: ['pstn'] },
    ...more,
  };
}

export const DOMAIN = 'branch.example';

/** A user of these boxes: the password is `pw-` and the id; MD5, since SIPp and baresip know no other. */
export const userOf = (id: string, number?: string): Settings => ({
  id,
  name: `User ${id}`,
  password: `pw-${id}`,
  digest: ['MD5'],
  ...(number === undefined ? {} : { number }),
});

/** A folder with a configuration, and the box that runs from it; a box that was killed can be started again in it. */
export class BoxProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'branchline-box-'));
  readonly file = join(this.folder, 'site.yaml');
  readonly url: string;
  #program: Program | undefined;

  constructor(settings: Settings) {
    this.url = `http://127.0.0.1:${(settings.http as { port: number }).port}`;
    this.write({ store: { directory: join(this.folder, 'state') }, ...settings });
  }

  static async started(settings: Settings, flags: readonly string[] = []): Promise<BoxProcess> {
    const box = new BoxProcess(settings);
    try {
      await box.start(flags);
      return box;
    } catch (error) {
      await box.remove();
      throw error;
    }
  }

  /** The configuration as it is on the disk now. */
  read(): string {
    return readFileSync(this.file, 'utf8');
  }

  write(settings: Settings): void {
    writeFileSync(this.file, JSON.stringify(settings));
  }

  /** Starts it, and waits until it answers. `flags` are Node's own, for a profile; `under` is a program that runs it, as `setpriv …`. */
  async start(flags: readonly string[] = [], under: readonly string[] = []): Promise<void> {
    if (await this.answers()) throw new Error(`another box answers at ${this.url}`);
    const env = flags.length === 0 ? {} : { env: { NODE_OPTIONS: flags.join(' ') } };
    const [command = COMMAND, ...words] = [...under, COMMAND, 'run', '-c', this.file];
    const program = new Program(command, words, { cwd: this.folder, ...env });
    this.#program = program;
    let over = false;
    const mark = (): void => {
      over = true;
    };
    void program.finished.then(mark, mark);
    await this.until('the box answers', async () => over || (await this.answers()), START_WITHIN);
    if (over) throw new Error(`the box ended: ${program.said}`);
  }

  async answers(): Promise<boolean> {
    return fetch(`${this.url}/healthz`).then(
      () => true,
      () => false,
    );
  }

  /** The process that runs; it has ended once the box was killed. */
  get program(): Program {
    if (this.#program === undefined) throw new Error('the box was never started');
    return this.#program;
  }

  /** What it has logged at `warn` and above. */
  get said(): string {
    return this.program.said;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.program.stop('SIGKILL');
  }

  /** Ends it in order, and takes its folder away. */
  async remove(): Promise<Finished | undefined> {
    const finished = await this.#program?.stop('SIGTERM', 15);
    rmSync(this.folder, { recursive: true, force: true });
    return finished;
  }

  async json<View>(path: string): Promise<View> {
    const answer = await fetch(`${this.url}${path}`);
    return (await answer.json()) as View;
  }

  status(): Promise<StatusView> {
    return this.json('/api/v1/status');
  }

  calls(): Promise<readonly CallView[]> {
    return this.json('/api/v1/calls');
  }

  spans(): Promise<readonly SpanView[]> {
    return this.json('/api/v1/spans');
  }

  async health(): Promise<number> {
    return (await fetch(`${this.url}/healthz`)).status;
  }

  /** The sum of all samples of a metric, by its name without labels. */
  async metric(name: string): Promise<number> {
    return sumOf(await this.metrics(), name);
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.url}/metrics`)).text();
  }

  /** Looks ten times a second. */
  async until(what: string, condition: () => Promise<boolean>, seconds = PATIENCE): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    while (!(await condition())) {
      if (performance.now() > deadline)
        throw new Error(`not within ${seconds} s: ${what}\n${this.#program?.said ?? ''}`);
      await sleep(100);
    }
  }

  /** Every D-channel is up and every B-channel idle. */
  async ready(seconds = PATIENCE): Promise<void> {
    await this.until('every span is up and idle', async () => (await this.spans()).every(isIdle), seconds);
  }

  /** Nothing of any call is left: no call, no channel, no port, no transaction. Timers J and I take up to 32 s (RFC 3261 §17). */
  async quiet(seconds = 60): Promise<void> {
    await this.until('the box is quiet', async () => (await this.leftovers()).length === 0, seconds).catch(
      async (error: unknown) => {
        throw new Error(`${error}\nleft: ${(await this.leftovers()).join(', ')}`);
      },
    );
  }

  async leftovers(): Promise<readonly string[]> {
    const text = await this.metrics();
    const left = ['calls_in_progress', 'sip_transactions', 'sip_dialogs', 'media_endpoints', 'media_ports']
      .map((name) => [name, sumOf(text, `branchline_${name}`)] as const)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${count} ${name}`);
    const spans = await this.spans();
    const busy = spans.flatMap(({ id, channels }) =>
      channels.filter(({ state }) => state !== 'idle').map(({ slot, state }) => `${id}/${slot} ${state}`),
    );
    return [...left, ...busy];
  }
}

const isIdle = ({ dChannel, channels }: SpanView): boolean =>
  dChannel.up && channels.every(({ state }) => state === 'idle');

function sumOf(metrics: string, name: string): number {
  let sum = 0;
  for (const line of metrics.split('\n')) {
    if (line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}

/** Runs the `branchline` command to its end. */
export const branchline = (...args: readonly string[]): Promise<Finished> => new Program(COMMAND, args).finished;
