/**
 * How many calls a second one core decides with a large directory: 5,000 users and 100,000 prefixes, once as a route each and once
 * as the rate table of 500 routes, each with two carriers, every other route ranked; what a single decision takes, and what memory
 * the directory wants.
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
/** The user whose policy opens no route. */
const NOT_ALLOWED = USERS - 1;
const GOAL = 100_000;

/** The same numbers in every run. */
let state = 1;
const random = (below: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

/** The gateways of each carrier. */
const CARRIERS = [[0, 1], [2], [3, 4], [5], [6, 7]];
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
    ranking: n % 2 === 0 ? 'best' : 'turns',
    carriers: [
      { carrier: `carrier-${n % CARRIERS.length}`, cost: random(100) / 100 },
      { carrier: `carrier-${(n + 2) % CARRIERS.length}`, cost: random(100) / 100 },
    ],
  }));
}

const directoryFile = (routes: Routes): DirectoryFile =>
  compileDirectory(
    siteSchema.parse({
      site: { name: 'Bench', domain: 'bench.example', profile: 'branch' },
      sip: { listen: [{ transport: 'udp', address: '127.0.0.1', port: 5060 }] },
      spans: Array.from({ length: GATEWAYS }, (_, n) => ({ id: `t${n}`, driver: 'virtual', far: { carrier: {} } })),
      spanGroups: Array.from({ length: GATEWAYS }, (_, n) => ({ id: `gateway-${n}`, spans: [`t${n}`] })),
      carriers: CARRIERS.map((gateways, n) => ({ id: `carrier-${n}`, gateways: gateways.map((g) => `gateway-${g}`) })),
      policies: [
        { id: 'all', usages: USAGES },
        { id: 'none', usages: ['nothing'] },
      ],
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
        policy: n === NOT_ALLOWED ? 'none' : 'all',
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

/**
 * What a busy branch asks, in sixteenths: eight calls to the PSTN, as whole numbers and as people dial them; three to colleagues,
 * three from the PSTN, one emergency, and one that is refused for one of four reasons.
 */
function questions(all: readonly string[]): readonly RoutingQuery[] {
  return Array.from({ length: 4096 }, (_, n) => {
    const user = random(NOT_ALLOWED);
    const abroad = `${all[random(all.length)] ?? ''}${String(random(10 ** 6)).padStart(6, '0')}`;
    const kind = n % 16;
    if (kind < 4) return userPart(user, abroad);
    if (kind < 8) return userPart(user, `9011${abroad.slice(1)}`);
    if (kind < 11) return userPart(user, String(1000 + random(USERS)));
    if (kind < 14) {
      return {
        source: { type: 'span-group', id: 'gateway-1' },
        dialled: { type: 'number', number: { digits: numberOf(user).slice(2), type: 'national', plan: 'isdn' } },
        complete: true,
        caller: undefined,
      };
    }
    if (kind === 14) return userPart(user, n % 32 === 14 ? '911' : '9911');
    const unallowed = [userPart(NOT_ALLOWED, abroad), userPart(user, '77'), userPart(user, 'nobody')];
    return unallowed[(n >> 4) % 4] ?? { ...userPart(user, abroad), source: { type: 'unknown' } };
  });
}

/** One in sixteen is to be refused, and hardly any of the others. */
const REFUSED = 1 / 16;

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
  if (Math.abs(share - REFUSED) > 0.01) throw new Error(`${(100 * share).toFixed(1)} % of the calls were refused`);
  const spent = singles(directory.value, asked);
  const at = (quantile: number): string => `${(spent[Math.floor(quantile * SINGLES)] ?? 0).toFixed(1)} µs`;
  console.log(`${name}: p50 ${at(0.5)}, p99 ${at(0.99)}; indexed in ${took.toFixed(0)} ms, ${memory.toFixed(0)} MiB`);
  report({ name, unit: 'decisions/s', ours: median(rates), goal: { of: 'ours', limit: GOAL, atLeast: true } });
}

const all = prefixes();
measure('decisions, 100,000 routes', routesOf(all, PREFIXES), all);
measure('decisions, 500 routes of 200 prefixes', routesOf(all, RATE_TABLES), all);
