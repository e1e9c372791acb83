/** The commands about the dial plan: why a call goes where it goes, and a plan to begin with. */
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Site } from '../config/schema.ts';
import type { ExplainView } from '../console/views.ts';
import type { WallTime } from '../kernel/time.ts';
import { explainDecision } from '../routing/explain.ts';
import { explain } from './explain.ts';
import { northAmericanPlan } from './plan.ts';
import { showProblems } from './show.ts';
import {
  atBox,
  type BoxOptions,
  type CliWorld,
  EXIT,
  type ExitCode,
  fromBox,
  json,
  readSite,
  type Settle,
} from './world.ts';

interface ExplainOptions {
  readonly config: string;
  readonly from: string | undefined;
  readonly dial: string | undefined;
  readonly at: WallTime | undefined;
  readonly mode: 'normal' | 'survivable';
  readonly absent: readonly string[];
  readonly down: readonly string[];
  readonly call: string | undefined;
  readonly live?: true;
  readonly url: string;
  readonly json?: true;
}

interface PlanOptions {
  readonly country: string;
  readonly area: string;
  readonly extensions: number;
}

/** The branch that the demonstration shows: what is explained where no configuration is named. */
const DEMONSTRATION = fileURLToPath(new URL('../../scripts/demo/site.yaml', import.meta.url));

export function planCommands(program: Command, world: CliWorld, settle: Settle): void {
  program
    .command('explain')
    .description('say where a call would go, or why it went where it did')
    .option('-c, --config <file>', 'the configuration; the demonstration branch where none is named', DEMONSTRATION)
    .option('--from <name>', 'a user, a span group or a SIP trunk')
    .option('--dial <number>', 'what is dialled')
    .option('--at <time>', 'when, in ISO 8601; now where it is left out', wallTime)
    .addOption(
      new Option('--mode <mode>', 'survivable: as while the WAN is down')
        .choices(['normal', 'survivable'])
        .default('normal'),
    )
    .option('--absent <users...>', 'users without a registered phone', [])
    .option('--down <gateways...>', 'span groups and SIP trunks that can take no call', [])
    .option('--live', 'ask the running box, as it stands now')
    .option('--call <id>', 'a call that is over, by its id: asks the running box')
    .addOption(atBox(world))
    .addOption(json())
    .action((options: ExplainOptions) => settle(explainCommand(options, world)));
  program
    .command('plan')
    .description('print a configuration to begin with: a whole dial plan with its tests')
    .addOption(new Option('--country <code>', 'whose numbering plan').choices(['US', 'CA']).default('US'))
    .requiredOption('--area <code>', 'the area code of the branch', areaCode)
    .option('--extensions <digits>', 'how many digits an extension has', extensionDigits, 4)
    .action((options: PlanOptions) => world.print(northAmericanPlan(options)));
}

async function explainCommand(options: ExplainOptions, world: CliWorld): Promise<ExitCode> {
  const { from, dial, call } = options;
  if (call !== undefined) return fromExplain(`/api/v1/calls/${encodeURIComponent(call)}/decision`, options, world);
  if (from === undefined || dial === undefined) {
    world.complain('say who calls and what is dialled: --from 201 --dial 5551234, or --call and the id of a call');
    return EXIT.usage;
  }
  if (options.live) return fromExplain(`/api/v1/explain?${liveQuestion(from, dial, options)}`, options, world);
  const site = await readSite(options.config, 'left');
  if (!site.ok) {
    world.complain(showProblems(site.error));
    return EXIT.no;
  }
  for (const odd of strangers(site.value, from, options)) world.complain(odd);
  const { absent, down, at = world.now() } = options;
  const decision = explain(site.value, { from, dial, absent, down, at, survivable: options.mode === 'survivable' });
  const lines = explainDecision(decision);
  world.print(options.json ? JSON.stringify({ decision, lines } satisfies ExplainView) : lines.join('\n'));
  return decision.type === 'hops' ? EXIT.done : EXIT.no;
}

/** Names that mean nobody: a slip of the pen would be explained as if it were meant. */
function strangers(
  { users, spanGroups, sipTrunks }: Site,
  from: string,
  { absent, down }: Pick<ExplainOptions, 'absent' | 'down'>,
): readonly string[] {
  const ids = (list: readonly { readonly id: string }[]): readonly string[] => list.map(({ id }) => id);
  const [people, gateways] = [ids(users), ids([...spanGroups, ...sipTrunks])];
  const is = [...people, ...gateways].includes(from);
  return [
    ...(is ? [] : [`there is no user, span group or SIP trunk ${from}: explained for a caller whom nobody knows`]),
    ...absent.filter((id) => !people.includes(id)).map((id) => `there is no user ${id} who could be absent`),
    ...down.filter((id) => !gateways.includes(id)).map((id) => `there is no span group or SIP trunk ${id} to be down`),
  ];
}

function liveQuestion(from: string, dial: string, { at, mode }: ExplainOptions): URLSearchParams {
  const when = at === undefined ? {} : { at: new Date(at).toISOString() };
  return new URLSearchParams({ from, dial, mode, ...when });
}

/** What the box explains is printed whole, whatever became of the call. */
async function fromExplain(path: string, options: BoxOptions, world: CliWorld): Promise<ExitCode> {
  let hops = false;
  const code = await fromBox<ExplainView>(world, options, [path], ({ decision, lines }) => {
    hops = decision.type === 'hops';
    return { text: lines.join('\n'), code: EXIT.done };
  });
  return code === EXIT.done && !hops ? EXIT.no : code;
}

function wallTime(text: string): WallTime {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError('must be a time such as 2026-11-21T22:00:00-06:00.');
  return at as WallTime;
}

/** NPA: the first digit 2–9, and not N11. */
function areaCode(text: string): string {
  if (/^[2-9]\d{2}$/.test(text) && !text.endsWith('11')) return text;
  throw new InvalidArgumentError('must be a North American area code, such as 425.');
}

function extensionDigits(text: string): number {
  if (/^[3-6]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be 3 to 6 digits.');
}
