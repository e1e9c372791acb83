/** Out of the enterprise: authorise, then names in the DNS, sister branches, and usages × routes. */
import { type Millis, seconds } from '../kernel/time.ts';
import { mayLeave, mayReachPstn } from './authorise.ts';
import type { Caller } from './caller.ts';
import { type Candidate, candidatesOf, turnsOf } from './candidates.ts';
import type { Ask, Hop } from './decision.ts';
import { enumDomain } from './enum.ts';
import { gatewayHop } from './outward.ts';
import type { Resolving } from './resolving.ts';
import type { Turn } from './stage.ts';
import type { Outcome } from './trace.ts';

/** How long a call waits for the DNS. */
const ENUM_WITHIN: Millis = seconds(1);

type Refused = Extract<Outcome, { type: 'refusal' }>;

export type LeaveOutcome = Outcome | { readonly type: 'ask'; readonly asks: readonly Ask[]; readonly within: Millis };

export interface Leaving extends Resolving {
  /** E.164, or a service's own digits. */
  readonly number: string;
  readonly caller: Caller;
}

/** The hops of a number that is nobody's here, for a caller with these usages. */
export function leave(leaving: Leaving, usages: readonly string[]): LeaveOutcome {
  const { trace } = leaving;
  const { charged, gateway } = leaving.caller;
  const policy = usages.length === 0 ? undefined : (charged ?? gateway)?.policy;
  trace.note({ name: 'authorise', saw: 'usages', usages, policy });
  const barred = mayLeave(leaving.number, leaving);
  if (barred !== undefined) return barred;
  const tries = new Tries(leaving);
  const asks = askEnum(leaving, tries);
  if (asks.length > 0) return { type: 'ask', asks, within: ENUM_WITHIN };
  viaBranches(leaving, tries);
  const refused = viaRoutes(leaving, usages, tries);
  if (tries.hops.length > 0) return { type: 'hops', hops: tries.hops };
  return refused ?? trace.refuse('no-gateway-available', { name: 'route', saw: 'no-gateway' });
}

/** The hops found so far; a gateway comes among them once. */
class Tries {
  readonly hops: Hop[] = [];
  readonly #seen: string[] = [];
  readonly #leaving: Leaving;

  constructor(leaving: Leaving) {
    this.#leaving = leaving;
  }

  /** Puts a gateway at the end of the line; otherwise says why not. */
  add(id: string, uri?: string): string | undefined {
    const { directory, facts, caller, number } = this.#leaving;
    if (this.#seen.includes(id)) return 'stands in the line already';
    const gateway = directory.gateways.get(id);
    if (gateway === undefined) return 'is not in the directory';
    // The number is not ours, so back there it would only come to us again.
    if (id === caller.gateway?.id) return 'is where the call comes from';
    this.#seen.push(id);
    const why = facts.unavailable.get(id);
    if (why !== undefined) return why;
    const hop = gatewayHop(gateway, number, caller.shown);
    this.hops.push(uri === undefined || hop.type !== 'sip-trunk' ? hop : { ...hop, uri });
    return undefined;
  }
}

/** RFC 6116, for every trunk that asks for it. What is not known yet is asked; the decision is then made again. */
function askEnum({ number, directory, facts, trace }: Leaving, tries: Tries): readonly Ask[] {
  if (directory.enumTrunks.length === 0 || !number.startsWith('+')) return NO_ASKS;
  if (!facts.wan) {
    trace.note({ name: 'enum', saw: 'wan-down' });
    return NO_ASKS;
  }
  const asks: Ask[] = [];
  for (const { id, zone } of directory.enumTrunks) {
    const domain = enumDomain(number, zone);
    const answer = facts.enumAnswers.get(domain);
    if (answer === undefined) {
      if (asks.every((ask) => ask.domain !== domain)) asks.push({ type: 'enum', domain, number });
      continue;
    }
    if (answer.type === 'nothing') trace.note({ name: 'enum', saw: 'no-record', domain, why: answer.why });
    else {
      const not = tries.add(id, answer.uri);
      trace.note({ name: 'enum', saw: 'record', domain, uri: answer.uri, gateway: id, not });
    }
  }
  for (const { domain } of asks) trace.note({ name: 'enum', saw: 'asked-for', domain });
  return asks;
}

const NO_ASKS: readonly Ask[] = [];

function viaBranches({ number, directory, trace }: Leaving, tries: Tries): void {
  for (const { id, gateways } of directory.branchesFor(number)) {
    const turns = gateways.map((gateway): Turn => ({ gateway, carrier: undefined, cost: 0 }));
    const not = gateways.map((gateway) => tries.add(gateway));
    trace.note({ name: 'branch', saw: 'branch', branch: id, number, turns, not });
  }
}

/** Puts the gateways of the routes into the line, or says why the caller has no route. */
function viaRoutes(leaving: Leaving, usages: readonly string[], tries: Tries): Refused | undefined {
  const { number, directory, caller, trace } = leaving;
  const kept = mayReachPstn(caller, trace);
  if (kept !== undefined) return kept;
  const matching = directory.routesFor(number);
  if (matching.length === 0) return trace.refuse('no-route', { name: 'route', saw: 'no-route', number });
  const candidates = candidatesOf(matching, usages);
  if (candidates.length < matching.length) {
    for (const route of matching) {
      if (candidates.some((candidate) => candidate.route === route)) continue;
      trace.note({ name: 'route', saw: 'closed-route', route: route.id, usages: route.usages });
    }
  }
  if (candidates.length === 0) {
    const routes = matching.map(({ id }) => id);
    return trace.refuse('no-common-usage', { name: 'authorise', saw: 'no-usage', routes });
  }
  for (const candidate of candidates) tryRoute(candidate, leaving, tries);
  return undefined;
}

function tryRoute({ route, usage }: Candidate, { facts, trace }: Leaving, tries: Tries): void {
  const turns = turnsOf(route, facts, trace.effects);
  const not: (string | undefined)[] = [];
  for (const { gateway } of turns) not.push(tries.add(gateway));
  trace.note({ name: 'route', saw: 'route', route: route.id, usage, ranking: route.ranking, turns, not });
}
