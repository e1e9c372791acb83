/** Out of the enterprise: authorise, then names in the DNS, sister branches, and usages × routes. */
import { type Millis, seconds } from '../kernel/time.ts';
import { mayLeave, mayReachPstn } from './authorise.ts';
import type { Caller } from './caller.ts';
import { type Candidate, candidatesOf, type Turn, turnsOf } from './candidates.ts';
import type { Ask, Hop } from './decision.ts';
import type { Directory } from './directory.ts';
import { enumDomain } from './enum.ts';
import { gatewayHop } from './outward.ts';
import type { RoutingFacts } from './query.ts';
import { hopName, list, type Outcome, type Trace } from './trace.ts';

/** How long a call waits for the DNS. */
const ENUM_WITHIN: Millis = seconds(1);

export type LeaveOutcome = Outcome | { readonly type: 'ask'; readonly asks: readonly Ask[]; readonly within: Millis };

export interface Leaving {
  /** E.164, or a service's own digits. */
  readonly number: string;
  readonly caller: Caller;
  readonly directory: Directory;
  readonly facts: RoutingFacts;
  readonly trace: Trace;
}

/** The hops of a number that is nobody's here, for a caller with these usages. */
export function leave(leaving: Leaving, usages: readonly string[]): LeaveOutcome {
  const { trace } = leaving;
  trace.say('authorise', usages.length === 0 ? 'no phone usage: open routes only' : `phone usages ${list(usages)}`);
  const barred = mayLeave(leaving.number, leaving);
  if (barred !== undefined) return barred;
  const tries = new Tries(leaving);
  const asks = askEnum(leaving, tries);
  if (asks.length > 0) return { type: 'ask', asks, within: ENUM_WITHIN };
  viaBranches(leaving, tries);
  const refused = viaRoutes(leaving, usages, tries);
  if (tries.hops.length > 0) return { type: 'hops', hops: tries.hops };
  return refused ?? trace.refuse('route', 'no-gateway-available', 'no gateway can take the call');
}

/** The hops found so far; a gateway comes among them once. */
class Tries {
  readonly hops: Hop[] = [];
  readonly #seen = new Set<string>();
  readonly #leaving: Leaving;

  constructor(leaving: Leaving) {
    this.#leaving = leaving;
  }

  /** Puts a gateway at the end of the line; otherwise says why not. */
  add(id: string, uri?: string): string | undefined {
    const { directory, facts, caller, number } = this.#leaving;
    const gateway = directory.gateways.get(id);
    if (gateway === undefined) return 'is not in the directory';
    if (this.#seen.has(id)) return 'stands in the line already';
    // The number is not ours, so back there it would only come to us again.
    if (id === caller.gateway?.id) return 'is where the call comes from';
    this.#seen.add(id);
    const why = facts.unavailable.get(id);
    if (why !== undefined) return why;
    const hop = gatewayHop(gateway, number, caller.shown);
    this.hops.push(uri === undefined || hop.type !== 'sip-trunk' ? hop : { ...hop, uri });
    return undefined;
  }
}

/** RFC 6116, for every trunk that asks for it. What is not known yet is asked; the decision is then made again. */
function askEnum({ number, directory, facts, trace }: Leaving, tries: Tries): readonly Ask[] {
  if (directory.enumTrunks.length === 0 || !number.startsWith('+')) return [];
  if (!facts.wan) {
    trace.say('enum', 'not asked: the WAN is down');
    return [];
  }
  const asks: Ask[] = [];
  for (const { id, zone } of directory.enumTrunks) {
    const domain = enumDomain(number, zone);
    const answer = facts.enumAnswers.get(domain);
    if (answer === undefined) {
      if (asks.every((ask) => ask.domain !== domain)) asks.push({ type: 'enum', domain, number });
      continue;
    }
    if (answer.type === 'nothing') {
      trace.say('enum', `${domain}: ${answer.why}`);
      continue;
    }
    const not = tries.add(id, answer.uri);
    trace.say('enum', `${domain} is ${answer.uri}${not === undefined ? `, by ${id}` : `, but ${id} ${not}`}`);
  }
  for (const { domain } of asks) trace.say('enum', `the DNS is asked for ${domain}`);
  return asks;
}

function viaBranches({ number, directory, trace }: Leaving, tries: Tries): void {
  for (const { id, gateways } of directory.branchesFor(number)) {
    trace.say('branch', `${number} belongs to branch ${id}: ${list(gateways.map((one) => said(one, tries.add(one))))}`);
  }
}

function viaRoutes(leaving: Leaving, usages: readonly string[], tries: Tries): Outcome | undefined {
  const { number, directory, caller, trace } = leaving;
  const kept = mayReachPstn(caller, trace);
  if (kept !== undefined) return kept;
  const matching = directory.routesFor(number);
  if (matching.length === 0) return trace.refuse('route', 'no-route', `no route matches ${number}`);
  const candidates = candidatesOf(matching, usages);
  if (candidates.length < matching.length) {
    for (const route of matching) {
      if (candidates.some((candidate) => candidate.route === route)) continue;
      trace.say('route', `${route.id} is closed: it wants ${list(route.usages)}`);
    }
  }
  if (candidates.length === 0) {
    const wanted = list(matching.map((route) => route.id));
    return trace.refuse('authorise', 'no-common-usage', `the caller’s policy has no phone usage of ${wanted}`);
  }
  for (const candidate of candidates) tryRoute(candidate, leaving, tries);
  if (tries.hops.length > 0) return undefined;
  const names = list(candidates.map(({ route }) => route.id));
  return trace.refuse('route', 'no-gateway-available', `no gateway of ${names} can take a call`);
}

function tryRoute({ route, usage }: Candidate, { facts, trace }: Leaving, tries: Tries): void {
  const { turns, effects } = turnsOf(route, facts);
  trace.effects.push(...effects);
  const line = turns.map((turn) => said(turnText(turn), tries.add(turn.gateway)));
  const how = route.ranking === 'best' ? ', ranked by availability, quality and price' : '';
  trace.say('route', `${route.id}, ${usage === undefined ? 'open to all' : `by usage ${usage}`}${how}: ${list(line)}`);
}

const turnText = ({ gateway, carrier, cost }: Turn): string =>
  carrier === undefined ? gateway : `${gateway} (carrier ${carrier}, cost ${cost})`;

const said = (what: string, not: string | undefined): string =>
  not === undefined ? what : `not ${what}, which ${not}`;

/** The hops in a few words, for the last stage of a decision. */
export const line = (hops: readonly Hop[]): string => list(hops.map(hopName));
