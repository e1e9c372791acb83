/**
 * How many calls a second one core decides with a large directory: 5,000 users and 100,000 prefixes, once as a route each and once
 * as the rate table of 500 routes; what a single decision takes, and what memory the directory wants.
 */
import { compileDirectory } from '../../src/config/compile.ts';
import { indexDirectory } from '../../src/config/directory-file.ts';
import { siteSchema } from '../../src/config/schema.ts';
import type { WallTime } from '../../src/kernel/time.ts';
import { decide } from '../../src/routing/decide.ts';
import type { Directory } from '../../src/routing/directory.ts';
import type { DirectoryFile } from '../../src/routing/directory-file.ts';
import type { RoutingFacts, RoutingQuery } from '../../src/routing/query.ts';
import { cpuOf, median, report } from './lib/figures.ts';

const USERS = 5_000;
const PREFIXES = 100_000;
const RATE_TABLES = 500;
const GATEWAYS = 8;
const REPEATS = 7;
const DECISIONS = 100_000;
const SINGLES = 100_000;
const GOAL = 100_000;

/** The same numbers in every run. */
let state = 1;
const random = (below: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const USAGES = ['local', 'national', 'international', 'mobile', 'service'];
const numberOf = (user: number): string => `+1214555${String(user).padStart(4, '0')}`;

/** Prefixes of three to eight digits in all countries, none twice. */
function prefixes(): readonly string[] {
  const found = new Set<string>();
  while (found.size < PREFIXES) found.add(`+${1 + random(9)}${String(random(10 ** 7)).slice(0, 2 + random(6))}`);
  return [...found];
}

type Routes = readonly { readonly id: string; readonly prefixes: readonly string[] }[];

function routesOf(all: readonly string[], count: number): Routes {
  const each = all.length / count;
  return Array.from({ length: count }, (_, n) => ({
    id: `route-${n}`,
    prefixes: all.slice(n * each, (n + 1) * each),
    usages: [USAGES[n % USAGES.length] ?? ''],
    gateways: [`gateway-${n % GATEWAYS}`, `gateway-${(n + 3) % GATEWAYS}`],
  }));
}

const directoryFile = (routes: Routes): DirectoryFile =>
  compileDirectory(
    siteSchema.parse({
      site: { name: 'Bench', domain: 'bench.example', profile: 'branch' },
      sip: { listen: [{ transport: 'udp', address: '127.0.0.1', port: 5060 }] },
      spans: Array.from({ length: GATEWAYS }, (_, n) => ({ id: `t${n}`, driver: 'virtual', far: { carrier: {} } })),
      spanGroups: Array.from({ length: GATEWAYS }, (_, n) => ({ id: `gateway-${n}`, spans: [`t${n}`] })),
      policies: [{ id: 'all', usages: USAGES }],
      profiles: [
        {
          id: 'branch',
          rules: [
            { pattern: '^9011(\\d{5,15})$', translation: '+$1' },
            { pattern: '^9(\\d{10})$', translation: '+1$1' },
            { pattern: '^(\\d{4})$', translation: '+1214555$1' },
          ],
        },
      ],
      users: Array.from({ length: USERS }, (_, n) => ({
        id: `user-${n}`,
        name: `User ${n}`,
        extension: String(1000 + n),
        number: numberOf(n),
        password: `secret-${n}`,
        policy: 'all',
      })),
      dids: Array.from({ length: USERS }, (_, n) => ({ number: numberOf(n), to: { user: `user-${n}` } })),
      routes,
    }),
  );

const userPart = (user: number, text: string): RoutingQuery => ({
  source: { type: 'user', id: `user-${user}` },
  dialled: { type: 'user-part', text },
  complete: true,
  caller: undefined,
});

/** What a busy branch asks: mostly calls to the PSTN, as whole numbers and as people dial them; colleagues; calls from the PSTN. */
function questions(all: readonly string[]): readonly RoutingQuery[] {
  return Array.from({ length: 4096 }, (_, n) => {
    const user = random(USERS);
    const abroad = `${all[random(all.length)] ?? ''}${String(random(10 ** 6)).padStart(6, '0')}`;
    switch (n % 4) {
      case 0:
        return userPart(user, abroad);
      case 1:
        return userPart(user, `9011${abroad.slice(1)}`);
      case 2:
        return userPart(user, String(1000 + random(USERS)));
      default:
        return {
          source: { type: 'span-group', id: 'gateway-1' },
          dialled: { type: 'number', number: { digits: numberOf(user).slice(2), type: 'national', plan: 'isdn' } },
          complete: true,
          caller: undefined,
        };
    }
  });
}

const facts: RoutingFacts = {
  registered: new Set(Array.from({ length: USERS }, (_, n) => `sip:user-${n}@bench.example`)),
  unavailable: new Map([['gateway-3', 'its D-channels are down']]),
  cursors: new Map(),
  at: Date.UTC(2026, 0, 1) as WallTime,
  standing: new Map(
    Array.from({ length: GATEWAYS }, (_, n) => [`gateway-${n}`, { availability: 1 - n / 20, quality: 1 }]),
  ),
  wan: true,
  callsNow: new Map(),
  spent: new Map(),
  enumAnswers: new Map(),
};

let refused = 0;

/** Decides `count` calls, from the `first` question on. */
function decideMany(directory: Directory, asked: readonly RoutingQuery[], count: number, first = 0): void {
  for (let n = first; n < first + count; n++) {
    const query = asked[n % asked.length];
    if (query !== undefined && decide(query, directory, facts).type !== 'hops') refused++;
  }
}

/** Each decision by the clock, in µs, the quickest first. */
function singles(directory: Directory, asked: readonly RoutingQuery[]): readonly number[] {
  const spent = new Float64Array(SINGLES);
  for (let n = 0; n < SINGLES; n++) {
    const start = performance.now();
    decideMany(directory, asked, 1, n);
    spent[n] = (performance.now() - start) * 1000;
  }
  return [...spent.sort()];
}

const heap = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

function measure(name: string, routes: Routes, all: readonly string[]): void {
  const file = directoryFile(routes);
  const before = heap();
  const started = performance.now();
  const directory = indexDirectory(file);
  if (!directory.ok) throw new Error(directory.error.join('; '));
  const took = performance.now() - started;
  const memory = heap() - before;
  const asked = questions(all);
  decideMany(directory.value, asked, DECISIONS);
  refused = 0;
  const rates = Array.from(
    { length: REPEATS },
    () => DECISIONS / (cpuOf(() => decideMany(directory.value, asked, DECISIONS)) / 1e6),
  );
  const share = refused / (REPEATS * DECISIONS);
  if (share > 0.01) throw new Error(`${(100 * share).toFixed(0)} % of the calls were refused`);
  const spent = singles(directory.value, asked);
  const at = (quantile: number): string => `${(spent[Math.floor(quantile * SINGLES)] ?? 0).toFixed(1)} µs`;
  console.log(`${name}: p50 ${at(0.5)}, p99 ${at(0.99)}; indexed in ${took.toFixed(0)} ms, ${memory.toFixed(0)} MiB`);
  report({ name, unit: 'decisions/s', ours: median(rates), goal: { of: 'ours', limit: GOAL, atLeast: true } });
}

const all = prefixes();
measure('decisions, 100,000 routes', routesOf(all, PREFIXES), all);
measure('decisions, 500 routes of 200 prefixes', routesOf(all, RATE_TABLES), all);
