/** `branchline capture`: what crosses the D-channels, as a file for Wireshark. */
import { writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CaptureAnswer, CaptureView } from '../console/views.ts';
import { download } from './client.ts';
import {
  atBox,
  type BoxOptions,
  type CliWorld,
  EXIT,
  type ExitCode,
  faultOf,
  fromBox,
  json,
  type Settle,
} from './world.ts';

interface CaptureOptions extends BoxOptions {
  readonly begin?: true;
  readonly end?: true;
  readonly save?: string;
  readonly spans?: string;
  readonly for: number;
}

export function captureCommand(program: Command, world: CliWorld, settle: Settle): void {
  program
    .command('capture')
    .description('capture what crosses the D-channels, and save it as a file that Wireshark reads')
    .addOption(new Option('--begin', 'begin anew').conflicts(['end', 'save']))
    .addOption(new Option('--end', 'end it').conflicts('save'))
    .option('--save <file>', 'write what was captured until now, as pcapng')
    .option('--spans <spans>', 'with --begin: only these, such as t1,t2')
    .option('--for <seconds>', 'with --begin: when it ends by itself', seconds, 300)
    .addOption(atBox(world))
    .addOption(json())
    .action((options: CaptureOptions) => settle(run(options, world)));
}

function seconds(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 86_400) return Number(text);
  throw new InvalidArgumentError('must be 1 to 86400.');
}

function run(options: CaptureOptions, world: CliWorld): Promise<ExitCode> {
  const { begin, end, save, spans } = options;
  if (save !== undefined) return saved(save, options, world);
  const which = spans === undefined ? '' : `&spans=${encodeURIComponent(spans)}`;
  const told = ({ capture }: Extract<CaptureAnswer, { type: 'done' }>) => ({
    text: capture === undefined ? 'nothing was captured' : show(capture),
    code: EXIT.done,
  });
  if (begin) return fromBox(world, options, [`/api/v1/capture?seconds=${options.for}${which}`, ''], told);
  if (end) return fromBox(world, options, ['/api/v1/capture/end', ''], told);
  return fromBox<CaptureView>(world, options, ['/api/v1/capture'], (view) => ({ text: show(view), code: EXIT.done }));
}

const show = ({ spans, running, until, frames, octets, full }: CaptureView): string =>
  `${spans.join(' ')}: ${frames} frames, ${octets} octets, ${running ? `until ${until}` : full ? 'over: it is full' : 'over'}`;

async function saved(file: string, { url }: CaptureOptions, world: CliWorld): Promise<ExitCode> {
  const answer = await download({ url, token: world.environment.BRANCHLINE_TOKEN }, '/api/v1/capture/file');
  if (!answer.ok) {
    world.complain(answer.error);
    return EXIT.unreachable;
  }
  if (!(answer.value instanceof Uint8Array)) {
    world.complain(`the box says: ${faultOf(answer.value.body) ?? answer.value.status}`);
    return EXIT.no;
  }
  try {
    await writeFile(file, answer.value);
  } catch (error) {
    world.complain(`${file} can’t be written: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.no;
  }
  world.print(`${file}: ${answer.value.length} octets`);
  return EXIT.done;
}
