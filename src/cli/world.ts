/** What every command works with: the world as values, files of the operator, and the running box. */
import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { loadSite } from '../config/load.ts';
import type { Problem } from '../config/problem.ts';
import type { Site } from '../config/schema.ts';
import { fail, type Result } from '../kernel/result.ts';
import type { WallTime } from '../kernel/time.ts';
import { ask, type BoxAddress } from './client.ts';

export interface CliWorld {
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  now(): WallTime;
  print(text: string): void;
  complain(text: string): void;
  /** Runs the gateway until it is told to stop; answers with the exit code. */
  run(configFile: string): Promise<number>;
  /** What is wrong with the files that a configuration names. */
  files(site: Site): Promise<readonly Problem[]>;
  /** The spans of the cards in this machine; the error is a sentence. */
  scan(): Result<readonly FoundSpan[]>;
}

/** A span that a driver has, configured or not. */
export interface FoundSpan {
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly maker: string;
  readonly model: string;
  readonly location: string;
  readonly channels: number;
  readonly alarms: readonly string[];
}

/** 0: done. 1: the answer is no. 2: not a command. 3: the box can't be asked. */
export type ExitCode = 0 | 1 | 2 | 3;

export const EXIT = { done: 0, no: 1, usage: 2, unreachable: 3 } as const;

/** Takes the exit code that a command comes to. */
export type Settle = (exit: Promise<number>) => Promise<void>;

export const json = (): Option => new Option('--json', 'print JSON');

const HOME = 'http://127.0.0.1:8080';

export const atBox = (world: CliWorld): Option =>
  new Option('--url <url>', 'where the box answers').default(world.environment.BRANCHLINE_URL ?? HOME);

export interface BoxOptions {
  readonly url: string;
  readonly json?: true;
}

/** Reads a configuration; `left`: also one whose dial-plan tests fail. */
export async function readSite(
  file: string,
  tests: 'tried' | 'left' = 'tried',
): Promise<Result<Site, readonly Problem[]>> {
  const text = await readText(file);
  return text.ok ? loadSite(text.value, file, tests) : fail([text.error]);
}

export async function readText(file: string): Promise<Result<string, Problem>> {
  try {
    return { ok: true, value: await readFile(file, 'utf8') };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail({ path: file, what: 'can’t be read', mend: why });
  }
}

/** Asks the box and prints its answer; what the box itself can't answer is printed as it says. */
export async function fromBox<View>(
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

export const faultOf = (body: unknown): string | undefined =>
  typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : undefined;
