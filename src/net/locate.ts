/** Locating SIP servers, RFC 3263: from a URI to the targets to try, in order. */
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Target, Transport } from '../sip/message/flow.ts';
import { paramOf } from '../sip/message/grammar.ts';
import { isIpv4, isIpv6, type SipUri } from '../sip/message/uri.ts';
import type { Dns, Naptr, Srv } from './dns-words.ts';

export interface LocateSetup {
  readonly dns: Dns;
  /** What we speak, the most wanted first: the order where the domain has no wish of its own. */
  readonly transports: readonly Transport[];
  /** The address families that our sockets have. */
  readonly families: readonly (4 | 6)[];
  /** 0 ≤ n < 1, for SRV weights. */
  readonly random: () => number;
}

/** `lost`: the DNS doesn't answer. `none`: it answers that there is nothing for us. */
export type LocateProblem = 'lost' | 'none';

/** A call tries no more targets than this, of no more servers: the records are the domain's owner's to write. */
const MAX_TARGETS = 16;

/** More services than this are not asked for their servers. */
const MAX_SERVICES = 6;

/** The targets of a URI, best first, for a request (RFC 3263 §4). */
export async function locate(uri: SipUri, setup: LocateSetup): Promise<Result<readonly Target[], LocateProblem>> {
  const host = paramOf(uri.params, 'maddr') ?? uri.host;
  const wished = paramOf(uri.params, 'transport')?.toLowerCase();
  const usable = setup.transports.filter((transport) => !uri.secure || transport === 'tls');
  const chosen = transportOf(uri, wished);
  if (chosen === undefined || (uri.secure && chosen === 'none')) return fail('none');
  if (chosen !== 'none' && !usable.includes(chosen)) return fail('none');
  if (isIpv4(host) || isIpv6(host)) {
    if (!setup.families.includes(isIpv6(host) ? 6 : 4)) return fail('none');
    const transport = chosen === 'none' ? plainTransport(usable) : chosen;
    return transport === undefined
      ? fail('none')
      : ok([{ transport, address: host, port: uri.port ?? portOf(transport) }]);
  }
  if (uri.port !== undefined) {
    const transport = chosen === 'none' ? plainTransport(usable) : chosen;
    return transport === undefined ? fail('none') : byHost(host, transport, uri.port, host, setup);
  }
  const services = chosen === 'none' ? await servicesOf(host, usable, setup) : ok([serviceOf(chosen, host)]);
  if (!services.ok) return services;
  return byServices(host, services.value, chosen === 'none' ? plainTransport(usable) : chosen, setup);
}

/** The transport that the URI itself names; `none` where it leaves the choice; undefined where nobody speaks it. */
function transportOf({ secure }: SipUri, wished: string | undefined): Transport | 'none' | undefined {
  if (secure) return wished === undefined || wished === 'tcp' || wished === 'tls' ? 'tls' : undefined;
  if (wished === undefined) return 'none';
  return wished === 'udp' || wished === 'tcp' || wished === 'tls' ? wished : undefined;
}

/** Without any record a sip: URI means UDP (§4.1); TCP where that is all we speak. */
const plainTransport = (usable: readonly Transport[]): Transport | undefined =>
  usable.includes('udp') ? 'udp' : usable[0];

const portOf = (transport: Transport): number => (transport === 'tls' ? 5061 : 5060);

interface Service {
  readonly transport: Transport;
  /** Where the SRV records are. */
  readonly name: string;
}

const serviceOf = (transport: Transport, host: string): Service => ({
  transport,
  name: transport === 'tls' ? `_sips._tcp.${host}` : `_sip._${transport}.${host}`,
});

const SERVICES: ReadonlyMap<string, Transport> = new Map([
  ['SIP+D2U', 'udp'],
  ['SIP+D2T', 'tcp'],
  ['SIPS+D2T', 'tls'],
]);

/** The services a domain announces by NAPTR; without such records, all that we speak (§4.1). */
async function servicesOf(
  host: string,
  usable: readonly Transport[],
  { dns }: LocateSetup,
): Promise<Result<readonly Service[], LocateProblem>> {
  const records = await dns.naptr(host);
  if (!records.ok) return records;
  const announced = orderNaptr(records.value).flatMap(({ service, replacement }) => {
    const transport = SERVICES.get(service.toUpperCase());
    return transport !== undefined && usable.includes(transport) ? [{ transport, name: replacement }] : [];
  });
  return ok(announced.length > 0 ? announced : usable.map((transport) => serviceOf(transport, host)));
}

async function byServices(
  host: string,
  services: readonly Service[],
  fallback: Transport | undefined,
  setup: LocateSetup,
): Promise<Result<readonly Target[], LocateProblem>> {
  const targets: Target[] = [];
  const servers: (Srv & { readonly transport: Transport })[] = [];
  let lost = false;
  let denied = false;
  for (const { transport, name } of services.slice(0, MAX_SERVICES)) {
    const records = await setup.dns.srv(name);
    if (!records.ok) {
      lost = true;
      continue;
    }
    const ordered = orderSrv(records.value, setup.random);
    denied ||= transport === fallback && records.value.length > 0 && ordered.length === 0;
    servers.push(...ordered.map((record) => ({ ...record, transport })));
  }
  for (const { name, port, transport } of servers.slice(0, MAX_TARGETS)) {
    if (targets.length >= MAX_TARGETS) break;
    const found = await byHost(name, transport, port, host, setup);
    if (found.ok) targets.push(...found.value);
    else lost ||= found.error === 'lost';
  }
  if (targets.length > 0) return ok(targets.slice(0, MAX_TARGETS));
  // Records that say that the service isn't there are meant so; none at all leave the host itself (RFC 3263 §4.2).
  if (fallback === undefined || (denied && servers.length === 0)) return fail(lost ? 'lost' : 'none');
  const found = await byHost(host, fallback, portOf(fallback), host, setup);
  return found.ok || !lost ? found : fail('lost');
}

/** A and AAAA. `proven` is the name that a certificate must show: the URI's, never one that the DNS put in (§4). */
async function byHost(
  name: string,
  transport: Transport,
  port: number,
  proven: string,
  { dns, families }: LocateSetup,
): Promise<Result<readonly Target[], LocateProblem>> {
  const answers = await Promise.all(families.map((family) => (family === 6 ? dns.aaaa(name) : dns.a(name))));
  const addresses = answers.flatMap((answer) => (answer.ok ? answer.value : []));
  if (addresses.length === 0) return fail(answers.some((answer) => !answer.ok) ? 'lost' : 'none');
  return ok(addresses.slice(0, MAX_TARGETS).map((address) => ({ transport, address, port, host: proven })));
}

/** By order, then preference; only records that point to SRV (flag `s`) are of use (RFC 3263 §4.1). */
export function orderNaptr(records: readonly Naptr[]): Naptr[] {
  return records
    .filter(({ flags }) => flags.toLowerCase() === 's')
    .sort((a, b) => a.order - b.order || a.preference - b.preference);
}

/**
 * By priority; inside one, drawn at random by weight (RFC 2782): the zero weights stand first in the row, so that they have a
 * small chance too. A single record with the target `.` says that the service isn't there.
 */
export function orderSrv(records: readonly Srv[], random: () => number): Srv[] {
  const open = records.filter(({ name }) => name !== '' && name !== '.');
  const ordered: Srv[] = [];
  for (const priority of [...new Set(open.map((record) => record.priority))].sort((a, b) => a - b)) {
    const row = open.filter((record) => record.priority === priority).sort((a, b) => a.weight - b.weight);
    while (row.length > 0) {
      const total = row.reduce((sum, { weight }) => sum + weight, 0);
      const drawn = Math.floor(random() * (total + 1));
      let running = 0;
      const at = row.findIndex(({ weight }) => {
        running += weight;
        return running >= drawn;
      });
      ordered.push(...row.splice(Math.max(at, 0), 1));
    }
  }
  return ordered;
}
