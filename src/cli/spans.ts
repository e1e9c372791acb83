/** `branchline spans`: the list, the doctor, and what an operator does with a span. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BertAnswer, Diagnosis, SpanAnswer, SpanView, SwitchAnswer, VerdictView } from '../console/views.ts';
import { impossible } from '../kernel/machine.ts';
import { showBert, showFound, showSpans } from './show.ts';
import { atBox, type BoxOptions, type CliWorld, EXIT, type ExitCode, fromBox, json, type Settle } from './world.ts';

interface SpanOptions extends BoxOptions {
  /** True: all spans. */
  readonly scan?: true;
  readonly diagnose?: string | true;
  readonly busyOut?: string;
  readonly inService?: string;
  readonly slots?: string;
  readonly loopback?: string;
  readonly switch?: string;
  readonly bert?: string;
  readonly pattern?: string;
  readonly inject?: number;
  readonly type: string;
  readonly for?: number;
}

const ACTS = ['scan', 'diagnose', 'busyOut', 'inService', 'loopback', 'switch', 'bert'] as const;

export function spanCommand(program: Command, world: CliWorld, settle: Settle): void {
  const act = (flags: string, what: string, ...others: string[]): Option => new Option(flags, what).conflicts(others);
  program
    .command('spans')
    .description('list the spans and their channels; say what is wrong with one; take it out of service or back')
    .addOption(act('--scan', 'list the spans of the cards in this machine; asks no box'))
    .addOption(act('--diagnose [span]', 'say what is wrong, on whose side, and what to tell the carrier', 'scan'))
    .addOption(
      act('--busy-out <span>', 'take it out of service: no new calls, those in progress go on', ...ACTS.slice(0, 2)),
    )
    .addOption(act('--in-service <span>', 'take it back into service', ...ACTS.slice(0, 3)))
    .option('--slots <slots>', 'with --busy-out, --in-service and --bert: only these timeslots, such as 1,2,23')
    .addOption(act('--loopback <span>', 'loop it back, until it is released or its time is over', ...ACTS.slice(0, 4)))
    .addOption(
      new Option(
        '--type <loopback>',
        'with --loopback: local, what we send comes back to us; line and payload, what the line brings goes back on it, as it came or framed anew (over Ethernet payload only)',
      )
        .choices(['local', 'line', 'payload', 'off'])
        .default('line'),
    )
    .addOption(
      act('--switch <group>', 'let the D-channel of an NFAS group take over that stands by', ...ACTS.slice(0, 5)),
    )
    .addOption(
      act('--bert <span>', 'show the bit error rate test on its B-channels, or begin one', ...ACTS.slice(0, 6)),
    )
    .addOption(
      new Option('--pattern <pattern>', 'with --bert: begin with it, or end the test').choices([
        'qrss',
        'all-ones',
        'off',
      ]),
    )
    .option('--inject <errors>', 'with --bert: send so many wrong bits in each timeslot', injected)
    .option('--for <seconds>', 'with --loopback and --bert: when it ends by itself; 300 and 900', someSeconds)
    .addOption(atBox(world))
    .addOption(json())
    .action((options: SpanOptions) => settle(run(options, world)));
}

const someSeconds = (text: string): number => upTo(86_400, text);
const injected = (text: string): number => upTo(1000, text);

function upTo(most: number, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text) && Number(text) <= most) return Number(text);
  throw new InvalidArgumentError(`must be 1 to ${most}.`);
}

function run(options: SpanOptions, world: CliWorld): Promise<ExitCode> {
  const { diagnose, busyOut, inService, loopback, slots } = options;
  if (options.scan) return scan(options, world);
  if (diagnose !== undefined) return doctor(diagnose, options, world);
  if (loopback !== undefined) {
    const path = `/api/v1/spans/${encodeURIComponent(loopback)}/loopback?type=${options.type}&seconds=${options.for ?? 300}`;
    return order(path, options, world);
  }
  if (options.switch !== undefined) {
    const path = `/api/v1/nfas/${encodeURIComponent(options.switch)}/switch`;
    return fromBox<Extract<SwitchAnswer, { type: 'done' }>>(world, options, [path, ''], ({ active }) => ({
      text: `the ${active} D-channel carries the calls`,
      code: EXIT.done,
    }));
  }
  if (options.bert !== undefined) return bert(options.bert, options, world);
  const served = busyOut ?? inService;
  if (served !== undefined) {
    const which = slots === undefined ? '' : `&slots=${encodeURIComponent(slots)}`;
    const path = `/api/v1/spans/${encodeURIComponent(served)}/service?inService=${inService !== undefined}${which}`;
    return order(path, options, world);
  }
  return fromBox<readonly SpanView[]>(world, options, ['/api/v1/spans'], (spans) => ({
    text: showSpans(spans),
    code: EXIT.done,
  }));
}

async function scan(options: SpanOptions, world: CliWorld): Promise<ExitCode> {
  const found = world.scan();
  if (!found.ok) {
    world.complain(found.error);
    return EXIT.no;
  }
  world.print(options.json ? JSON.stringify(found.value) : showFound(found.value));
  return EXIT.done;
}

function bert(span: string, options: SpanOptions, world: CliWorld): Promise<ExitCode> {
  const { pattern, slots, inject } = options;
  const path = `/api/v1/spans/${encodeURIComponent(span)}/bert`;
  const which = slots === undefined ? '' : `&slots=${encodeURIComponent(slots)}`;
  const request: [string, string?] =
    pattern !== undefined
      ? [`${path}?pattern=${pattern}${which}&seconds=${options.for ?? 900}`, '']
      : inject !== undefined
        ? [`${path}/inject?errors=${inject}`, '']
        : [path];
  return fromBox<Extract<BertAnswer, { type: 'done' }>>(world, options, request, (answer) => ({
    text: showBert(answer.bert),
    code: EXIT.done,
  }));
}

function order(path: string, options: SpanOptions, world: CliWorld): Promise<ExitCode> {
  return fromBox<Extract<SpanAnswer, { type: 'done' }>>(world, options, [path, ''], ({ layer1 }) => ({
    text: `${layer1.service}${layer1.loopback === undefined ? '' : `, ${loopText(layer1.loopback)}`}`,
    code: EXIT.done,
  }));
}

const loopText = ({ type, until }: { readonly type: string; readonly until: string | undefined }): string =>
  `${type} loopback${until === undefined ? '' : ` until ${until}`}`;

/** A question that is answered, whatever the answer; a script reads it from the JSON. */
function doctor(span: string | true, options: SpanOptions, world: CliWorld): Promise<ExitCode> {
  const which = span === true ? '' : `?span=${encodeURIComponent(span)}`;
  return fromBox<readonly VerdictView[]>(world, options, [`/api/v1/diagnosis${which}`], (verdicts) => ({
    text: verdicts.length === 0 ? 'no spans' : verdicts.map(showVerdict).join('\n\n'),
    code: EXIT.done,
  }));
}

function whose(party: Diagnosis['party'], farEnd: VerdictView['farEnd']): string {
  switch (party) {
    case 'nobody':
      return '';
    case 'wiring':
      return ' Look first at the cable.';
    case 'carrier':
      return farEnd === 'carrier' ? ' It is for the carrier to mend.' : ' It is to be mended at the PBX.';
    case 'ours':
      return ' It is on our side.';
    case 'settings':
      return ' The settings of the two ends don’t agree.';
    default:
      return impossible(party);
  }
}

function showVerdict({ span, farEnd, diagnoses, letter }: VerdictView): string {
  const parts = diagnoses.flatMap(({ id, what, party, checks, because }) => [
    `${span}: ${what}${whose(party, farEnd)} [${id}]`,
    ...because.map((fact) => `    seen: ${fact}`),
    ...checks.map((check, i) => `    ${i + 1}. ${check}`),
  ]);
  if (letter === undefined) return parts.join('\n');
  const head = farEnd === 'carrier' ? 'To send to the carrier:' : 'For who looks after the PBX:';
  return [...parts, '', head, ...letter.split('\n').map((line) => `  | ${line}`.trimEnd())].join('\n');
}
