import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { fail, ok, type Result } from '../kernel/result.ts';
import { after, type Clock, type Instant, type Millis, seconds } from '../kernel/time.ts';
import type { Dns, DnsLost } from './dns-words.ts';
import { codeOf } from './words.ts';

/** One question may take this long in all: a call waits for it, milliseconds. */
const TIMEOUT = 1_000;
const TRIES = 2;

/** Definite answers without records. Everything else means that nobody answered. */
const NONE: readonly string[] = ['ENODATA', 'ENOTFOUND', 'EBADNAME'];

/** What the system's name servers, or those given as `address` or `address:port`, and the hosts file say. */
export interface DnsSetup {
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
}

/**
 * The DNS, and before it the hosts file. That is read by us: the system's own look-up asks the DNS as well, for half a minute where nobody
 * answers, and every file that the process reads waits behind it. It is asked only where the DNS is there and knows nothing: a name may
 * want a search domain.
 */
export function systemDns({ servers = [], hostsFile = '/etc/hosts' }: DnsSetup = {}): Dns {
  const resolver = new Resolver({ timeout: TIMEOUT, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  const hosts = async (name: string, v6: boolean): Promise<Result<readonly string[], DnsLost>> => {
    const local = addressesIn(await readFile(hostsFile, 'utf8').catch(() => ''), name, v6 ? 6 : 4);
    if (local.length > 0) return ok(local);
    const records = await asked(v6 ? resolver.resolve6(name) : resolver.resolve4(name));
    if (!records.ok || records.value.length > 0) return records;
    const found = await asked(lookup(name, { all: true, family: v6 ? 6 : 4 }));
    return found.ok ? ok(found.value.map(({ address }) => address)) : records;
  };
  return {
    naptr: (name) => asked(resolver.resolveNaptr(name)),
    srv: (name) => asked(resolver.resolveSrv(name)),
    a: (name) => hosts(name, false),
    aaaa: (name) => hosts(name, true),
  };
}

/** The addresses of a name in the text of a hosts file (hosts(5)). */
function addressesIn(text: string, name: string, family: 4 | 6): readonly string[] {
  const wanted = name.toLowerCase();
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    return isIP(address) === family && names.some((one) => one.toLowerCase() === wanted) ? [address] : [];
  });
}

async function asked<T>(question: Promise<readonly T[]>): Promise<Result<readonly T[], DnsLost>> {
  try {
    return ok(await question);
  } catch (error) {
    return NONE.includes(codeOf(error)) ? ok([]) : fail('lost');
  }
}

/** How long an answer is taken as it is. The system's resolver doesn't tell the time to live of most records. */
const FRESH: Millis = seconds(60);

/** After a question got no answer, the old one serves this long before the question is asked again. */
const RETRY: Millis = seconds(10);

/** The oldest answers go when there are more. */
const MOST = 1_000;

interface Remembered {
  readonly answer: Result<readonly unknown[], DnsLost>;
  readonly until: Instant;
  /** The last question was not answered. */
  readonly lost: boolean;
}

/**
 * Remembers answers. When the DNS is lost the last definite answer stays good, however old: a branch must find its core and
 * carriers by the addresses it knew, and no call waits again for what the last one has waited for in vain. Without one the loss itself is remembered for a short while, so that calls fail fast.
 */
export function rememberingDns(dns: Dns, clock: Pick<Clock, 'now'>): Dns {
  const memory = new Map<string, Remembered>();
  const underway = new Map<string, Promise<Result<readonly unknown[], DnsLost>>>();
  const refresh = async <T>(
    key: string,
    ask: () => Promise<Result<readonly T[], DnsLost>>,
  ): Promise<Result<readonly T[], DnsLost>> => {
    const heard = await ask();
    const old = memory.get(key)?.answer as Result<readonly T[], DnsLost> | undefined;
    const answer = heard.ok || old === undefined ? heard : old;
    memory.delete(key);
    memory.set(key, { answer, until: after(clock.now(), heard.ok ? FRESH : RETRY), lost: !heard.ok });
    for (const name of memory.keys()) {
      if (memory.size <= MOST) break;
      memory.delete(name);
    }
    return answer;
  };
  const through =
    <T>(type: string, ask: (name: string) => Promise<Result<readonly T[], DnsLost>>) =>
    (name: string): Promise<Result<readonly T[], DnsLost>> => {
      const key = `${type} ${name.toLowerCase()}`;
      const known = memory.get(key);
      if (known !== undefined && clock.now() < known.until) {
        return Promise.resolve(known.answer as Result<readonly T[], DnsLost>);
      }
      const running = underway.get(key) as Promise<Result<readonly T[], DnsLost>> | undefined;
      const question = running ?? refresh(key, () => ask(name)).finally(() => underway.delete(key));
      underway.set(key, question);
      const old = known?.lost === true && known.answer.ok ? known.answer : undefined;
      return old === undefined ? question : Promise.resolve(old as Result<readonly T[], DnsLost>);
    };
  return {
    naptr: through('naptr', (name) => dns.naptr(name)),
    srv: through('srv', (name) => dns.srv(name)),
    a: through('a', (name) => dns.a(name)),
    aaaa: through('aaaa', (name) => dns.aaaa(name)),
  };
}
