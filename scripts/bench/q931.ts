/**
 * What one whole Q.931 call costs, SETUP to RELEASE COMPLETE, both sides with their data links, joined in memory: ours against two
 * ends of libpri (peers/pri-call.c), which runs as a program of its own.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Q921Link } from '../../src/isdn/q921/link.ts';
import type { LinkEvent } from '../../src/isdn/q921/primitives.ts';
import { Q931Group } from '../../src/isdn/q931/group.ts';
import type { CallHandle, CallIndication, CallRequest, GroupEvent, Side } from '../../src/isdn/q931/primitives.ts';
import { T1_SLOTS, VARIANTS } from '../../src/isdn/q931/variants.ts';
import { earlier, type Instant } from '../../src/kernel/time.ts';
import { cpuOf, median, report } from './lib/figures.ts';

const REPEATS = 7;
const CALLS = 10_000;
const WARM_UP = 20_000;
const GOAL = 3;

const NORMAL_CLEARING = 16;

const SETUP: CallRequest = {
  type: 'setup',
  channel: { type: 'one', channel: { span: 't1', slot: 1 }, exclusive: true },
  bearer: { capability: 'speech', law: 'ulaw' },
  called: { digits: '9725551234', type: 'national', plan: 'isdn' },
  complete: true,
  caller: { digits: '2145550100', type: 'national', plan: 'isdn', presentation: 'allowed', screening: 'passed' },
  callerName: undefined,
  redirecting: [],
  progress: [],
  elements: [],
};

/** Read once for every frame that arrives, as a reactor does. */
let now = performance.now() as Instant;

let frames = 0;
let octets = 0;
let over = 0;
let due: Instant | undefined;

/** One end as a gateway has it: the group over its link, frames in and out, the earliest deadline asked for after every step. */
class End {
  readonly group: Q931Group;
  /** Frames on their way here. */
  waiting: Uint8Array[] = [];
  readonly #link: Q921Link;
  readonly #peer: () => End;

  constructor(side: Side, peer: () => End) {
    this.group = new Q931Group({ side, variant: VARIANTS.ni2, spans: [{ id: 't1', interface: 0, slots: T1_SLOTS }] });
    this.#link = new Q921Link({ side });
    this.#peer = peer;
  }

  link(event: LinkEvent): void {
    for (const effect of this.#link.feed(event, now)) {
      if (effect.type === 'frame') {
        frames++;
        octets += effect.frame.length;
        this.#peer().waiting.push(effect.frame);
      } else if (effect.type === 'dl-data') this.layer3({ type: 'dl-data', data: effect.message, at: effect.at });
      else if (effect.type === 'dl-established') this.layer3({ type: 'dl-established' });
      else throw new Error(`the link says ${effect.type}`);
    }
  }

  get deadline(): Instant | undefined {
    return earlier(this.#link.deadline, this.group.deadline);
  }

  layer3(event: GroupEvent): void {
    for (const effect of this.group.feed(event, now)) {
      if (effect.type === 'dl-data') this.link({ type: 'dl-data', message: effect.data, at: effect.at });
      else if (effect.type === 'call') this.#happen(effect.handle, effect.indication);
      else if (effect.type !== 'channel') throw new Error(`the group says ${JSON.stringify(effect)}`);
    }
  }

  #ask(handle: CallHandle, request: CallRequest): void {
    this.layer3({ type: 'request', handle, request });
  }

  /** The called end answers what comes; the calling one hangs up when it is answered. */
  #happen(handle: CallHandle, indication: CallIndication): void {
    switch (indication.type) {
      case 'setup':
        this.#ask(handle, { type: 'proceeding' });
        this.#ask(handle, { type: 'alerting' });
        this.#ask(handle, { type: 'connect' });
        break;
      case 'connect':
      case 'disconnect':
        this.#ask(handle, { type: 'release', cause: NORMAL_CLEARING });
        break;
      case 'release':
        if (indication.cause.cause !== NORMAL_CLEARING) throw new Error(`cleared with ${indication.cause.cause}`);
        over++;
        break;
    }
  }
}

const user: End = new End('user', () => network);
const network: End = new End('network', () => user);

const ends = [user, network];

/** Lets every frame arrive. */
function settle(): void {
  while (user.waiting.length + network.waiting.length > 0) {
    for (const end of ends) {
      const arriving = end.waiting;
      end.waiting = [];
      for (const frame of arriving) {
        now = performance.now() as Instant;
        end.link({ type: 'frame', frame });
        due = end.deadline;
      }
    }
  }
}

function callOnce(): void {
  over = 0;
  user.layer3({ type: 'request', handle: user.group.allot(), request: SETUP });
  settle();
  if (over !== 2) throw new Error('a call did not end at both ends');
}

function ours(calls: number): number {
  return cpuOf(() => {
    for (let n = 0; n < calls; n++) callOnce();
  });
}

const dir = mkdtempSync(join(tmpdir(), 'branchline-bench-'));
try {
  const peer = join(dir, 'pri-call');
  execFileSync('cc', ['-O2', '-o', peer, new URL('peers/pri-call.c', import.meta.url).pathname, '-lpri']);
  const theirs = (): readonly number[] =>
    execFileSync(peer, [`${CALLS}`], { encoding: 'utf8' })
      .split(' ')
      .map(Number);

  for (const end of [user, network]) end.link({ type: 'dl-establish' });
  settle();
  ours(WARM_UP);
  frames = 0;
  octets = 0;
  const runs = Array.from({ length: REPEATS }, () => [ours(CALLS) / CALLS, ...theirs()] as const);
  const of = (column: 0 | 1 | 2 | 3): number => median(runs.map((run) => run[column] ?? Number.NaN));
  const total = REPEATS * CALLS;
  console.log(`one call: ${frames / total} frames of ${octets / total} octets; libpri ${of(2)} of ${of(3)}`);
  report({
    name: 'Q.931 call, both sides',
    unit: 'µs of CPU',
    ours: of(0),
    peer: { name: 'libpri', value: of(1) },
    ratio: median(runs.map(([a, b]) => a / (b ?? Number.NaN))),
    goal: { of: 'ratio', limit: GOAL },
  });
  if (due === undefined) throw new Error('an idle link has its T203');
} finally {
  rmSync(dir, { recursive: true });
}
