/** The `branchline` command. What it does to the world comes in as values, so that tests run it whole. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { type Site, siteJsonSchema } from '../config/schema.ts';
import type { ApplyAnswer, CallView, ConfirmAnswer, StatusView } from '../console/views.ts';
import { captureCommand } from './capture.ts';
import { planCommands } from './plan-commands.ts';
import { showApply, showCalls, showConfirm, showProblems, showStatus } from './show.ts';
import { spanCommand } from './spans.ts';
import {
  atBox,
  type BoxOptions,
  type CliWorld,
  EXIT,
  type ExitCode,
  fromBox,
  json,
  readSite,
  readText,
  type Settle,
} from './world.ts';

/** Runs one command line, without the program's own name: `['check', 'site.yaml']`. */
export async function runCli(args: readonly string[], world: CliWorld): Promise<number> {
  let code = 0;
  const program = new Command('branchline')
    .description('A survivable voice gateway for a branch office')
    .version(world.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.print(text.trimEnd()),
      writeErr: (text) => world.complain(text.trimEnd()),
    })
    .showHelpAfterError('(branchline --help lists the commands)');
  const settle = (exit: Promise<number>): Promise<void> =>
    exit.then((value) => {
      code = value;
    });
  localCommands(program, world, settle);
  planCommands(program, world, settle);
  boxCommands(program, world, settle);
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  return code;
}

/** What needs no running box. */
function localCommands(program: Command, world: CliWorld, settle: Settle): void {
  program
    .command('run')
    .description('run the gateway')
    .option('-c, --config <file>', 'the configuration', 'site.yaml')
    .action(({ config }: { config: string }) => settle(world.run(config)));
  program
    .command('check')
    .description('check a configuration: all problems at once, each with what would mend it')
    .argument('<file>')
    .addOption(json())
    .action((file: string, options: { json?: true }) => settle(check(file, options, world)));
  program
    .command('schema')
    .description('print the JSON Schema of site.yaml')
    .action(() => world.print(JSON.stringify(siteJsonSchema(), undefined, 2)));
}

/** What asks a running box. */
function boxCommands(program: Command, world: CliWorld, settle: Settle): void {
  const command = (name: string, description: string): Command =>
    program.command(name).description(description).addOption(atBox(world)).addOption(json());
  const look = <View>(name: string, description: string, show: (view: View) => string): void => {
    command(name, description).action((options: BoxOptions) =>
      settle(fromBox<View>(world, options, [`/api/v1/${name}`], (view) => ({ text: show(view), code: EXIT.done }))),
    );
  };
  look<StatusView>('status', 'say how the box is', showStatus);
  look<readonly CallView[]>('calls', 'list the calls in progress', showCalls);
  spanCommand(program, world, settle);
  captureCommand(program, world, settle);
  command('apply', 'put a configuration into force; calls in progress go on')
    .argument('<file>')
    .option('--confirm-within <seconds>', 'undo it unless confirmed in time; 0 keeps it at once', wholeSeconds, 300)
    .action((file: string, options: BoxOptions & { confirmWithin: number }) => settle(apply(file, options, world)));
  const settleChange = (name: string, description: string): void => {
    command(name, description).action((options: BoxOptions) =>
      settle(
        fromBox<ConfirmAnswer>(world, options, [`/api/v1/config/${name}`, ''], (answer) => ({
          text: showConfirm(answer),
          code: answer.type === 'refused' ? EXIT.no : EXIT.done,
        })),
      ),
    );
  };
  settleChange('confirm', 'keep the configuration that was applied');
  settleChange('abandon', 'go back to the configuration before');
}

function wholeSeconds(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 86_400) return Number(text);
  throw new InvalidArgumentError('must be 0 to 86400.');
}

async function check(file: string, options: { readonly json?: true }, world: CliWorld): Promise<ExitCode> {
  const site = await readSite(file);
  const problems = site.ok ? await world.files(site.value) : site.error;
  const right = problems.length === 0;
  if (options.json) world.print(JSON.stringify({ problems }));
  else if (site.ok && right) world.print(`${file} is right: ${summary(site.value)}`);
  else world.complain(`${showProblems(problems)}\n\n${count(problems.length, 'problem')} in ${file}`);
  return right ? EXIT.done : EXIT.no;
}

function summary({ users, spans, routes }: Site): string {
  return `${count(users.length, 'user')}, ${count(spans.length, 'span')}, ${count(routes.length, 'route')}`;
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

async function apply(
  file: string,
  options: BoxOptions & { readonly confirmWithin: number },
  world: CliWorld,
): Promise<ExitCode> {
  const text = await readText(file);
  if (!text.ok) {
    world.complain(showProblems([text.error]));
    return EXIT.no;
  }
  const path = `/api/v1/config?confirm=${options.confirmWithin}`;
  return fromBox<ApplyAnswer>(world, options, [path, text.value], (answer) => ({
    text: showApply(answer),
    code: answer.type === 'applied' || answer.type === 'unchanged' ? EXIT.done : EXIT.no,
  }));
}
