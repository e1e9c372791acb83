import { lookup, Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { fail, ok, type Result } from '../kernel/result.ts';
import { after, type Clock, type Instant, type Millis, seconds } from '../kernel/time.ts';
import type { Dns, DnsLost } from './dns-words.ts';
import { codeOf } from './words.ts';

/** One question may take this long in all: a call waits for it, milliseconds. */
const TIMEOUT = 1_000;
const TRIES = 2;

/** Definite answers without records. Everything else means that nobody answered. */
const NONE: readonly string[] = ['ENODATA', 'ENOTFOUND', 'EBADNAME'];

/** The system's name servers, or those given as `address` or `address:port`. */
export function systemDns(servers: readonly string[] = []): Dns {
  const resolver = new Resolver({ timeout: TIMEOUT, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  const hosts = async (name: string, v6: boolean): Promise<Result<readonly string[], DnsLost>> => {
    const records = await asked(v6 ? resolver.resolve6(name) : resolver.resolve4(name));
    if (records.ok && records.value.length > 0) return records;
    // Names of the hosts file are not in the DNS.
    const local = await asked(lookup(name, { all: true, family: v6 ? 6 : 4 }));
    if (!local.ok || local.value.length === 0) return records;
    return ok(local.value.flatMap(({ address }) => (isIPv6(address) === v6 ? [address] : [])));
  };
  return {
    naptr: (name) => asked(resolver.resolveNaptr(name)),
    srv: (name) => asked(resolver.resolveSrv(name)),
    a: (name) => hosts(name, false),
    aaaa: (name) => hosts(name, true),
  };
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
}

/**
 * Remembers answers. When the DNS is lost the last definite answer stays good, however old: a branch must find its core and
 * carriers by the addresses it knew. Without one the loss itself is remembered for a short while, so that calls fail fast.
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
    memory.set(key, { answer, until: after(clock.now(), heard.ok ? FRESH : RETRY) });
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
      if (running !== undefined) return running;
      const question = refresh(key, () => ask(name)).finally(() => underway.delete(key));
      underway.set(key, question);
      return question;
    };
  return {
    naptr: through('naptr', (name) => dns.naptr(name)),
    srv: through('srv', (name) => dns.srv(name)),
    a: through('a', (name) => dns.a(name)),
    aaaa: through('aaaa', (name) => dns.aaaa(name)),
  };
}
