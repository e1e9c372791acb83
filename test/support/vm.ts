/**
 * A guest with the kernel's own DAHDI driver, in QEMU under software emulation. It sees this tree read-only under /tree, the host's
 * /usr with its libraries, and a folder for what it writes; it obeys shell lines over its serial port.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const TREE = fileURLToPath(new URL('../../', import.meta.url));
const BUILD = fileURLToPath(new URL('./vm/build.sh', import.meta.url));

/** The kernel boots in 3 s on a machine that is idle. */
const BOOT_TIME = 90_000;
/** What a line may take unless told otherwise. */
const LINE_TIME = 30_000;

export interface GuestOptions {
  /** Megabytes. */
  readonly memory?: number;
  /** An Ethernet card on this tap device. */
  readonly network?: { readonly tap: string; readonly mac: string };
}

export interface Answer {
  readonly code: number;
  readonly output: string;
}

/** Why no guest can be started here; undefined when one can. */
export function noGuest(): string | undefined {
  if (process.arch !== 'x64') return 'the guest is an x86-64 machine';
  for (const program of ['/usr/bin/qemu-system-x86_64', '/usr/bin/xz', '/usr/bin/cpio']) {
    if (!existsSync(program)) return `${program} is not installed`;
  }
  return undefined;
}

/** Builds what is missing, boots the guest and answers when it obeys. */
export async function startGuest(options: GuestOptions = {}): Promise<Guest> {
  const built = await promisify(execFile)(BUILD, { cwd: TREE, timeout: 600_000 });
  const guest = new Guest(`${TREE}${built.stdout.trim()}`, options);
  try {
    await guest.ready;
  } catch (error) {
    await guest.stop();
    throw error;
  }
  return guest;
}

export class Guest {
  /** The folder that the guest sees as /share, and where its kernel's messages are: `console`. */
  readonly share = mkdtempSync(`${TREE}build/vm/share-`);
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #why = '';
  #lines = 0;
  #output: string[] = [];
  #answer: { readonly resolve: (code: number) => void; readonly reject: (error: Error) => void } | undefined;
  /** One line at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: string, options: GuestOptions) {
    const [program, ...args] = command(folder, this.share, options);
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    prefer(this.#child.pid);
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#why = (this.#why + chunk.toString()).slice(-10_000);
    });
    this.#child.stdin?.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#why += error.message;
        resolve();
      });
      this.#child.once('close', () => resolve());
    });
    void this.#ended.then(() => this.#fail('the guest has ended'));
    this.ready = this.#wait('ready', BOOT_TIME).then(() => {});
    this.ready.catch(() => {});
    const output = this.#child.stdout;
    if (output !== null) createInterface({ input: output }).on('line', (line) => this.#hear(line));
  }

  /** Runs one line of shell in the guest and answers what it printed. Rejects when that takes longer than `time` milliseconds. */
  run(line: string, time: number = LINE_TIME): Promise<Answer> {
    const turn = this.#turn.then(async () => {
      this.#lines++;
      this.#output = [];
      const code = this.#wait(line, time);
      this.#child.stdin?.write(`${this.#lines} ${line}\n`);
      return { code: await code, output: this.#output.join('\n') };
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** The same, where anything but success is the test's failure. */
  async must(line: string, time?: number): Promise<string> {
    const { code, output } = await this.run(line, time);
    if (code !== 0) throw new Error(`in the guest, ${line} ended with ${code}:\n${output}\n${this.console}`);
    return output;
  }

  /** The last of what the guest's kernel said. */
  get console(): string {
    const file = `${this.share}/console`;
    return existsSync(file) ? readFileSync(file, 'latin1').slice(-4000) : '';
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.share, { recursive: true, force: true });
  }

  #wait(what: string, time: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(`no answer in ${time / 1000} s`), time);
      const settle = <T>(done: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer);
          this.#answer = undefined;
          done(value);
        };
      };
      const refused = (error: Error): void =>
        reject(new Error(`${what}: ${error.message}\n${this.#output.join('\n')}\n${this.#why}\n${this.console}`));
      this.#answer = { resolve: settle(resolve), reject: settle(refused) };
    });
  }

  #hear(line: string): void {
    const marked = /^@@ (?:ready|(\d+) (\d+))$/.exec(line.trimEnd());
    if (marked === null) this.#output.push(line);
    else if (marked[1] === undefined || Number(marked[1]) === this.#lines)
      this.#answer?.resolve(Number(marked[2] ?? 0));
  }

  #fail(why: string): void {
    this.#answer?.reject(new Error(why));
  }
}

/** Its lines run in real time, whatever else this machine does: a session of its own, before others where that is permitted. */
function prefer(pid: number | undefined): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '-10');
    if (pid !== undefined) setPriority(pid, -10);
  } catch {
    // Not permitted, or no such thing: then it is one among others.
  }
}

function command(folder: string, share: string, { memory = 512, network }: GuestOptions): [string, ...string[]] {
  const folderOf = (id: string, path: string, readonly: boolean): string[] => [
    '-virtfs',
    `local,id=${id},path=${path},mount_tag=${id},security_model=none,multidevs=remap${readonly ? ',readonly=on' : ''}`,
  ];
  const qemu = [
    'qemu-system-x86_64',
    ...[
      '-M',
      'q35',
      '-accel',
      'tcg,thread=multi',
      '-smp',
      '2',
      '-cpu',
      'max',
      '-m',
      String(memory),
      '-no-reboot',
      '-nodefaults',
      '-no-user-config',
    ],
    ...['-display', 'none', '-serial', 'stdio', '-serial', `file:${share}/console`],
    ...['-kernel', `${folder}/vmlinux`, '-initrd', `${folder}/initramfs.gz`],
    ...['-append', 'console=ttyS1 loglevel=5 mitigations=off nokaslr reboot=t panic=-1'],
    ...folderOf('tree', TREE, true),
    ...folderOf('usr', '/usr', true),
    ...folderOf('share', share, false),
  ];
  if (network === undefined) return qemu as [string, ...string[]];
  qemu.push('-netdev', `tap,id=net,ifname=${network.tap},script=no,downscript=no`);
  qemu.push('-device', `virtio-net-pci,netdev=net,mac=${network.mac},rx_queue_size=1024,romfile=`);
  return qemu as [string, ...string[]];
}
