/** The `branchline` command. What it does to the world comes in as values, so that tests run it whole. */
import { readFile } from 'node:fs/promises';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { loadSite } from '../config/load.ts';
import type { Problem } from '../config/problem.ts';
import { type Site, siteJsonSchema } from '../config/schema.ts';
import type { ApplyAnswer, CallView, ConfirmAnswer, SpanView, StatusView } from '../console/views.ts';
import { fail, type Result } from '../kernel/result.ts';
import { ask, type BoxAddress } from './client.ts';
import { explain, showDecision } from './explain.ts';
import { showApply, showCalls, showConfirm, showProblems, showSpans, showStatus } from './show.ts';

export interface CliWorld {
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  print(text: string): void;
  complain(text: string): void;
  /** Runs the gateway until it is told to stop; answers with the exit code. */
  run(configFile: string): Promise<number>;
}

/** 0: done. 1: the answer is no. 2: not a command. 3: the box can't be asked. */
export type ExitCode = 0 | 1 | 2 | 3;

const EXIT = { done: 0, no: 1, usage: 2, unreachable: 3 } as const;

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
  boxCommands(program, world, settle);
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  return code;
}

type Settle = (exit: Promise<number>) => Promise<void>;

const json = (): Option => new Option('--json', 'print JSON');

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
    .command('explain')
    .description('say where a call would go, and why')
    .option('-c, --config <file>', 'the configuration', 'site.yaml')
    .requiredOption('--from <name>', 'a user, a span group or a SIP trunk')
    .requiredOption('--dial <number>', 'what is dialled')
    .option('--absent <users...>', 'users without a registered phone', [])
    .option('--down <gateways...>', 'span groups and SIP trunks that can take no call', [])
    .addOption(json())
    .action((options: ExplainOptions) => settle(explainCommand(options, world)));
  program
    .command('schema')
    .description('print the JSON Schema of site.yaml')
    .action(() => world.print(JSON.stringify(siteJsonSchema(), undefined, 2)));
}

/** What asks a running box. */
function boxCommands(program: Command, world: CliWorld, settle: Settle): void {
  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .addOption(new Option('--url <url>', 'where the box answers').default(world.environment.BRANCHLINE_URL ?? HOME))
      .addOption(json());
  const look = <View>(name: string, description: string, show: (view: View) => string): void => {
    command(name, description).action((options: BoxOptions) =>
      settle(fromBox<View>(world, options, [`/api/v1/${name}`], (view) => ({ text: show(view), code: EXIT.done }))),
    );
  };
  look<StatusView>('status', 'say how the box is', showStatus);
  look<readonly CallView[]>('calls', 'list the calls in progress', showCalls);
  look<readonly SpanView[]>('spans', 'list the spans and their channels', showSpans);
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

const HOME = 'http://127.0.0.1:8080';

interface BoxOptions {
  readonly url: string;
  readonly json?: true;
}

interface ExplainOptions {
  readonly config: string;
  readonly from: string;
  readonly dial: string;
  readonly absent: readonly string[];
  readonly down: readonly string[];
  readonly json?: true;
}

function wholeSeconds(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 86_400) return Number(text);
  throw new InvalidArgumentError('must be 0 to 86400.');
}

async function readSite(file: string): Promise<Result<Site, readonly Problem[]>> {
  const text = await readText(file);
  return text.ok ? loadSite(text.value, file) : fail([text.error]);
}

async function readText(file: string): Promise<Result<string, Problem>> {
  try {
    return { ok: true, value: await readFile(file, 'utf8') };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail({ path: file, what: 'can’t be read', mend: why });
  }
}

async function check(file: string, options: { readonly json?: true }, world: CliWorld): Promise<ExitCode> {
  const site = await readSite(file);
  const problems = site.ok ? [] : site.error;
  if (options.json) world.print(JSON.stringify({ problems }));
  else if (site.ok) world.print(`${file} is right: ${summary(site.value)}`);
  else world.complain(`${showProblems(problems)}\n\n${count(problems.length, 'problem')} in ${file}`);
  return site.ok ? EXIT.done : EXIT.no;
}

function summary({ users, spans, routes }: Site): string {
  return `${count(users.length, 'user')}, ${count(spans.length, 'span')}, ${count(routes.length, 'route')}`;
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

async function explainCommand(options: ExplainOptions, world: CliWorld): Promise<ExitCode> {
  const site = await readSite(options.config);
  if (!site.ok) {
    world.complain(showProblems(site.error));
    return EXIT.no;
  }
  const decision = explain(site.value, options);
  world.print(options.json ? JSON.stringify(decision) : showDecision(decision));
  return decision.type === 'hops' ? EXIT.done : EXIT.no;
}

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

/** Asks the box and prints its answer; what the box itself can't answer is printed as it says. */
async function fromBox<View>(
  world: CliWorld,
  options: BoxOptions,
  [path, body]: readonly [path: string, body?: string],
  show: (view: View) => { readonly text: string; readonly code: ExitCode },
): Promise<ExitCode> {
  const box: BoxAddress = { url: options.url, token: world.environment.BRANCHLINE_TOKEN };
  const answer = await ask(box, path, body);
  if (!answer.ok) {
    world.complain(answer.error);
    return EXIT.unreachable;
  }
  const fault = faultOf(answer.value.body);
  if (fault !== undefined) {
    world.complain(`the box says: ${fault}`);
    return EXIT.no;
  }
  // Box and command line are of one release; the API's words are in console/views.ts.
  const { text, code } = show(answer.value.body as View);
  if (options.json) world.print(JSON.stringify(answer.value.body));
  else if (code === EXIT.done) world.print(text);
  else world.complain(text);
  return code;
}

const faultOf = (body: unknown): string | undefined =>
  typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : undefined;
