/** `branchline capture`: what crosses the D-channels, and packets beside them, as one file for Wireshark. */
import { writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CAPTURED, type CaptureAnswer, type CaptureView } from '../console/views.ts';
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
  readonly packets?: string;
  readonly interfaces?: string;
  readonly for: number;
}

const ABOUT_PACKETS = `
Packets:
  sip    what goes to and from the ports in sip.listen, and over TCP and TLS to the trunks; with the later pieces of
         long UDP datagrams, which have no port to tell by
  rtp    sound and RTCP: the ports in media.ports. It holds what people say, and the digits that they dial
  tdmoe  spans over Ethernet: ethertype 0xd00d on their interfaces
SIP over TLS stays ciphertext; the answers of digest authentication are hashes, no passwords. Whoever has the file can
try passwords against them, so keep it as you keep a password. Capturing needs CAP_NET_RAW; D-channels need nothing.`;

export function captureCommand(program: Command, world: CliWorld, settle: Settle): void {
  program
    .command('capture')
    .description('capture what crosses the D-channels, and packets beside them, and save it as one file for Wireshark')
    .addOption(new Option('--begin', 'begin anew').conflicts(['end', 'save']))
    .addOption(new Option('--end', 'end it').conflicts('save'))
    .option('--save <file>', 'write what was captured until now, as pcapng')
    .option('--spans <spans>', 'with --begin: only these, such as t1,t2')
    .option('--packets <kinds>', `with --begin: also packets, some of ${CAPTURED.join(',')}`)
    .option('--interfaces <names>', 'with --packets: only on these, such as eth0,lo; else where the box listens')
    .option('--for <seconds>', 'with --begin: when it ends by itself', seconds, 300)
    .addOption(atBox(world))
    .addOption(json())
    .addHelpText('after', ABOUT_PACKETS)
    .action((options: CaptureOptions) => settle(run(options, world)));
}

function seconds(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 86_400) return Number(text);
  throw new InvalidArgumentError('must be 1 to 86400.');
}

function run(options: CaptureOptions, world: CliWorld): Promise<ExitCode> {
  const { begin, end, save } = options;
  if (save !== undefined) return saved(save, options, world);
  const told = ({ capture }: Extract<CaptureAnswer, { type: 'done' }>) => ({
    text: capture === undefined ? 'nothing was captured' : show(capture),
    // What was asked for has not begun.
    code: begin && capture?.packets?.ended === 'failed' ? EXIT.no : EXIT.done,
  });
  if (begin) return fromBox(world, options, [`/api/v1/capture?${queryOf(options)}`, ''], told);
  if (end) return fromBox(world, options, ['/api/v1/capture/end', ''], told);
  return fromBox<CaptureView>(world, options, ['/api/v1/capture'], (view) => ({ text: show(view), code: EXIT.done }));
}

function queryOf({ spans, packets, interfaces, for: seconds }: CaptureOptions): URLSearchParams {
  const query = new URLSearchParams({ seconds: String(seconds) });
  for (const [name, value] of Object.entries({ spans, packets, interfaces }))
    if (value !== undefined) query.set(name, value);
  return query;
}

/** How each kind of ending is said. */
const ENDS = { asked: 'over', time: 'over: its time was up', full: 'over: it is full', failed: 'over' } as const;

function show({ spans, until, frames, octets, ended, packets }: CaptureView): string {
  const how = (end: keyof typeof ENDS | undefined): string => (end === undefined ? `until ${until}` : ENDS[end]);
  const dChannels = `${spans.join(' ') || 'no D-channel'}: ${frames} frames, ${octets} octets, ${how(ended)}`;
  if (packets === undefined) return dChannels;
  const { interfaces, dropped, why } = packets;
  const names = interfaces.map(({ name }) => name).join(' ');
  const counts = `${packets.packets} packets, ${packets.octets} octets, ${dropped} dropped`;
  return `${dChannels}\n${names}: ${counts}, ${how(packets.ended)}${why === undefined ? '' : `: ${why}`}`;
}

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
