/** baresip as an independent SIP phone: configured by files, driven over its control connection. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, PATIENCE, type Program, portTaken, punctual } from './process.ts';

const MODULES = '/usr/lib/baresip/modules';

export interface BaresipOptions {
  readonly user: string;
  readonly password: string;
  readonly domain: string;
  readonly proxy: { readonly address: string; readonly port: number };
  readonly transport?: 'udp' | 'tcp';
  readonly sipPort: number;
  /** Its RTP ports: an even one and 10 more. */
  readonly rtpPort: number;
  /** A WAV file (8 kHz, mono, 16 bits) that it says from the answer on; it must last longer than the call. Default: silence. */
  readonly play?: string;
  /** `0`: never registers. Default 600 s. */
  readonly expires?: number;
  readonly codecs?: string;
  /** Answers what comes in by itself. Default: waits for `accept`. */
  readonly autoAnswer?: boolean;
}

/** An event of baresip: `CALL_RINGING`, `CALL_PROGRESS`, `CALL_ESTABLISHED`, `CALL_CLOSED` … */
export interface BaresipEvent {
  readonly type: string;
  readonly class: string;
  readonly param: string | undefined;
  readonly peeruri: string | undefined;
  readonly id: string | undefined;
}

export class Baresip {
  readonly events: BaresipEvent[] = [];
  readonly #program: Program;
  readonly #control: Socket;
  readonly #directory: string;
  #input = '';

  private constructor(program: Program, control: Socket, directory: string) {
    this.#program = program;
    this.#control = control;
    this.#directory = directory;
    control.setEncoding('latin1');
    control.on('data', (text: string) => this.#hear(text));
    control.on('error', () => {});
  }

  /** Resolves when it can be driven. */
  static async start(options: BaresipOptions): Promise<Baresip> {
    const directory = mkdtempSync(join(tmpdir(), 'branchline-baresip-'));
    const controlPort = await freePort();
    writeFileSync(join(directory, 'config'), configOf(options, directory, controlPort));
    writeFileSync(join(directory, 'accounts'), accountOf(options));
    writeFileSync(join(directory, 'contacts'), '');
    const program = punctual('baresip', ['-f', directory]);
    try {
      await eventually('baresip listens for control', () => portTaken('tcp', controlPort));
    } catch (error) {
      const { stdout, stderr } = await program.stop();
      rmSync(directory, { recursive: true, force: true });
      throw new Error(`${(error as Error).message}\n${stdout}${stderr}`);
    }
    const control = connect(controlPort, '127.0.0.1');
    await once(control, 'connect');
    return new Baresip(program, control, directory);
  }

  /** Waits for an event, also one that has come already; `after` skips so many of its kind. */
  async until(type: string, seconds = PATIENCE, after = 0): Promise<BaresipEvent> {
    const found = (): BaresipEvent | undefined => this.events.filter((event) => event.type === type)[after];
    try {
      await eventually(`baresip says ${type}`, () => found() !== undefined, seconds);
    } catch (error) {
      const heard = this.events.map((event) => `${event.type} ${event.param ?? ''}`).join('\n');
      throw new Error(`${(error as Error).message}\n${heard}\n${this.#program.said}`);
    }
    return found() as BaresipEvent;
  }

  /** Waits for the answer to its REGISTER: it may come before there is anyone to hear the event. */
  async registered(seconds = PATIENCE): Promise<void> {
    const [, status] = await this.#program.until(/\{\d\/\w+\/v4\} (\d+) /, seconds);
    if (status !== '200') throw new Error(`baresip's registration was refused: ${status}`);
  }

  dial(uri: string): void {
    this.#command('dial', uri);
  }

  accept(): void {
    this.#command('accept');
  }

  hangUp(): void {
    this.#command('hangup');
  }

  hold(): void {
    this.#command('hold');
  }

  resume(): void {
    this.#command('resume');
  }

  /** Sends digits as telephone events. */
  press(digits: string): void {
    for (const digit of digits) this.#command('sndcode', digit);
  }

  /** The WAV file of what it has heard in its calls, the latest call; complete when the call is over. */
  get recording(): string | undefined {
    const name = readdirSync(this.#directory)
      .filter((file) => file.endsWith('-dec.wav'))
      .sort()
      .at(-1);
    return name === undefined ? undefined : join(this.#directory, name);
  }

  /** Everything it printed. */
  get said(): string {
    return this.#program.said;
  }

  /** Ends it, unregistering, and takes its files away. */
  async stop(): Promise<void> {
    this.#command('quit');
    await this.#program.stop('SIGTERM');
    this.#control.destroy();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Commands and events are JSON in netstrings: `12:{"a":"b"…},`. */
  #command(command: string, params = ''): void {
    const text = JSON.stringify({ command, params, token: command });
    this.#control.write(`${Buffer.byteLength(text)}:${text},`);
  }

  #hear(text: string): void {
    this.#input += text;
    for (;;) {
      const colon = this.#input.indexOf(':');
      const length = Number(this.#input.slice(0, Math.max(0, colon)));
      const end = colon + 1 + length;
      if (colon < 0 || this.#input.length <= end) return;
      const message = JSON.parse(this.#input.slice(colon + 1, end)) as { readonly event?: boolean } & BaresipEvent;
      this.#input = this.#input.slice(end + 1);
      if (message.event === true) this.events.push(message);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  server.close();
  await once(server, 'close');
  return port;
}

function configOf(options: BaresipOptions, directory: string, controlPort: number): string {
  const { sipPort, rtpPort, play } = options;
  const modules = ['account', 'g711', 'aufile', 'ausine', 'aubridge', 'sndfile', 'ctrl_tcp', 'menu'];
  return [
    `sip_listen 127.0.0.1:${sipPort}`,
    'net_interface 127.0.0.1',
    `rtp_ports ${rtpPort}-${rtpPort + 10}`,
    'call_max_calls 4',
    'audio_channels 1-1',
    'ausrc_srate 8000',
    'auplay_srate 8000',
    play === undefined ? 'audio_source aubridge,none' : `audio_source aufile,${play}`,
    'audio_player aubridge,none',
    'audio_alert aubridge,none',
    'jitter_buffer_delay 5-10',
    `snd_path ${directory}`,
    `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
    `module_path ${MODULES}`,
    ...modules.map(
      (name) => `${name === 'menu' || name === 'account' || name === 'ctrl_tcp' ? 'module_app' : 'module'} ${name}.so`,
    ),
    '',
  ].join('\n');
}

function accountOf(options: BaresipOptions): string {
  const {
    user,
    password,
    domain,
    proxy,
    transport = 'udp',
    expires = 600,
    codecs = 'PCMU/8000/1,PCMA/8000/1',
  } = options;
  const outbound = `sip:${proxy.address}:${proxy.port};transport=${transport}`;
  const params = [
    `auth_user=${user}`,
    `auth_pass=${password}`,
    `outbound="${outbound}"`,
    `regint=${expires}`,
    `audio_codecs=${codecs}`,
    `answermode=${options.autoAnswer === true ? 'auto' : 'manual'}`,
  ];
  return `<sip:${user}@${domain};transport=${transport}>;${params.join(';')}\n`;
}
