/**
 * Where a call goes: the directory and the facts of the moment in, a decision out. Order of the resolver: emergency; user
 * URI or E.164 as it is; extension; location profile; DID (inbound) and reverse look-up; then authorise and route.
 */
import type { CallerNumber, Presentation } from '../call/number.ts';
import type { Decision, DecisionEffect, Hop, Refusal, RefusalId, Stage, StageName } from './decision.ts';
import { isE164, type Parsed, parseDialled } from './dialled.ts';
import type { Directory, IndexedRoute } from './directory.ts';
import type { DirectoryGateway, DirectoryUser } from './directory-file.ts';
import { normalise } from './normalise.ts';
import { gatewayHop, serviceHop, wholeCaller } from './outward.ts';
import type { RoutingFacts, RoutingQuery } from './query.ts';
import { refusal } from './refusals.ts';

/** Pure: equal arguments give equal decisions. It never throws, whatever was dialled. */
export function decide(query: RoutingQuery, directory: Directory, facts: RoutingFacts): Decision {
  return new Resolver(query, directory, facts).resolve();
}

/** Who calls, as the directory knows him. `usages` undefined: the call may not leave the enterprise. */
interface Caller {
  readonly user: DirectoryUser | undefined;
  readonly gateway: DirectoryGateway | undefined;
  readonly profile: string | undefined;
  readonly usages: readonly string[] | undefined;
  readonly number: CallerNumber | undefined;
  readonly presentation: Presentation;
}

type Outcome =
  | { readonly type: 'hops'; readonly hops: readonly Hop[] }
  | { readonly type: 'refusal'; readonly refusal: Refusal }
  | { readonly type: 'collect' };

/** One decision while it is made; it lives no longer than `decide`. */
class Resolver {
  readonly #query: RoutingQuery;
  readonly #directory: Directory;
  readonly #facts: RoutingFacts;
  readonly #stages: Stage[] = [];
  readonly #effects: DecisionEffect[] = [];

  constructor(query: RoutingQuery, directory: Directory, facts: RoutingFacts) {
    this.#query = query;
    this.#directory = directory;
    this.#facts = facts;
  }

  resolve(): Decision {
    const caller = this.#caller();
    const parsed = parseDialled(this.#query.dialled, caller.gateway);
    if (parsed === undefined) {
      if (!this.#query.complete) return this.#decision({ type: 'collect' });
      return this.#decision(this.#refuse('user-or-e164', 'number-empty', 'nothing was dialled that could be a number'));
    }
    const emergency = this.#emergency(parsed, caller);
    if (emergency !== undefined) return this.#decision(emergency, true);
    return this.#decision(this.#ordinary(parsed, caller));
  }

  #decision(outcome: Outcome, emergency = false): Decision {
    return {
      ...outcome,
      emergency,
      stages: this.#stages,
      directoryRevision: this.#directory.revision,
      effects: this.#effects,
    };
  }

  #say(name: StageName, says: string): void {
    this.#stages.push({ name, says });
  }

  #refuse(stage: StageName, id: RefusalId, why: string): Outcome {
    this.#say(stage, why);
    return { type: 'refusal', refusal: refusal(id, why) };
  }

  #caller(): Caller {
    const { source, caller } = this.#query;
    const presentation = caller?.presentation ?? 'allowed';
    if (source.type === 'user') {
      const user = this.#directory.userById(source.id);
      this.#say(
        'source',
        user === undefined ? `user ${source.id}, whom the directory does not know` : `user ${user.id}`,
      );
      if (user !== undefined) {
        const number = userNumber(user, caller);
        return { user, gateway: undefined, profile: user.profile, usages: user.usages, number, presentation };
      }
    } else if (source.type !== 'unknown') {
      const gateway = this.#directory.gateways.get(source.id);
      this.#say(
        'source',
        `${source.type} ${source.id}${gateway === undefined ? ', which the directory does not know' : ''}`,
      );
      if (gateway !== undefined) {
        const number = caller === undefined ? undefined : wholeCaller(gateway, caller);
        return { user: undefined, gateway, profile: gateway.profile, usages: gateway.usages, number, presentation };
      }
    } else {
      this.#say('source', 'nobody whom we know');
    }
    return { user: undefined, gateway: undefined, profile: undefined, usages: undefined, number: caller, presentation };
  }

  /** Never refused to anyone attached, registered or not; only what the PSTN sends us is no emergency call of ours. */
  #emergency(parsed: Parsed, caller: Caller): Outcome | undefined {
    const number = parsed.kind === 'digits' ? this.#directory.emergencyNumber(parsed.text) : undefined;
    const fromOutside = caller.gateway !== undefined && caller.usages === undefined;
    if (number === undefined || fromOutside) return undefined;
    const hops: Hop[] = [];
    for (const id of this.#directory.emergencyGateways) {
      const gateway = this.#directory.gateways.get(id);
      if (gateway !== undefined) hops.push(serviceHop(gateway, number, caller.number));
    }
    if (hops.length === 0)
      return this.#refuse('emergency', 'no-gateway-available', 'there is no gateway for emergency calls');
    this.#say('emergency', `${number}: every gateway is tried, whatever its state (${list(hops.map(hopName))})`);
    return { type: 'hops', hops };
  }

  #ordinary(parsed: Parsed, caller: Caller): Outcome {
    if (caller.user === undefined && caller.gateway === undefined) {
      return this.#refuse('source', 'source-unknown', 'only users and trunks of this site may call');
    }
    if (parsed.kind === 'name') return this.#name(parsed.text, caller);
    if (parsed.kind === 'e164') {
      this.#say('user-or-e164', `${parsed.text} is a whole number already`);
      return this.#number(parsed.text, caller);
    }
    return this.#digits(parsed, caller);
  }

  #name(name: string, caller: Caller): Outcome {
    const user = this.#directory.userByName(name);
    if (user === undefined) return this.#refuse('user-or-e164', 'no-such-user', `there is no user ${name}`);
    this.#say('user-or-e164', `${name} is user ${user.id}`);
    return this.#ring(user, caller);
  }

  #digits(parsed: Parsed, caller: Caller): Outcome {
    const id = parsed.context ?? caller.profile ?? '';
    const rules = this.#directory.profile(id);
    if (rules === undefined) {
      return this.#refuse(
        'profile',
        'no-location-profile',
        `the request names location profile ${id}, which is not known`,
      );
    }
    // Extensions are colleagues' words: what the PSTN sends goes through the rules.
    const colleague = caller.user === undefined ? undefined : this.#directory.userByExtension(id, parsed.text);
    if (colleague !== undefined) {
      this.#say('extension', `${parsed.text} is the extension of ${colleague.id} in ${id}`);
      return this.#ring(colleague, caller);
    }
    const found = normalise(rules, parsed.text);
    if (found === undefined) {
      if (!this.#query.complete) {
        this.#say('profile', `no rule of ${id} matches ${parsed.text} yet`);
        return { type: 'collect' };
      }
      return this.#refuse('profile', 'no-rule-matches', `no rule of location profile ${id} matches ${parsed.text}`);
    }
    this.#say('profile', `rule ${found.place + 1} of ${id}, ${found.pattern}, makes ${found.number} of ${parsed.text}`);
    if (isE164(found.number)) return this.#number(found.number, caller);
    const user = this.#directory.userByExtension(id, found.number);
    if (user === undefined) {
      return this.#refuse('reverse-lookup', 'no-such-user', `${found.number} is nobody’s extension in ${id}`);
    }
    this.#say('reverse-lookup', `${found.number} is the extension of ${user.id}`);
    return this.#ring(user, caller);
  }

  #number(number: string, caller: Caller): Outcome {
    const did = caller.gateway === undefined ? undefined : this.#did(number, caller);
    if (did !== undefined) return did;
    const user = this.#directory.userByNumber(number);
    if (user !== undefined) {
      this.#say('reverse-lookup', `${number} is the number of ${user.id}`);
      return this.#ring(user, caller);
    }
    this.#say('reverse-lookup', `${number} is nobody’s here`);
    if (caller.usages === undefined) {
      return this.#refuse(
        'authorise',
        'number-not-ours',
        `${number} is not ours, and calls from here may not leave again`,
      );
    }
    return this.#route(number, caller.usages, caller);
  }

  /** The first target that can be reached, then the rest as further hops. */
  #did(number: string, caller: Caller): Outcome | undefined {
    const did = this.#directory.did(number);
    if (did === undefined) {
      this.#say('did', `${number} is not in the DID table`);
      return undefined;
    }
    const hops: Hop[] = [];
    let absent: string | undefined;
    for (const target of did.targets) {
      const outcome =
        'user' in target ? this.#didUser(number, target.user, caller) : this.#route(target.number, [], caller);
      if (outcome?.type === 'hops') hops.push(...outcome.hops);
      else if ('user' in target) absent ??= target.user;
    }
    if (hops.length > 0) return { type: 'hops', hops };
    return absent === undefined
      ? this.#refuse('did', 'no-gateway-available', `no target of ${number} can be reached`)
      : this.#refuse('did', 'user-not-registered', `user ${absent} has no phone registered`);
  }

  #didUser(number: string, id: string, caller: Caller): Outcome | undefined {
    const user = this.#directory.userById(id);
    if (user === undefined) return undefined;
    this.#say('did', `${number} belongs to user ${id}`);
    return this.#ring(user, caller);
  }

  #ring(user: DirectoryUser, caller: Caller): Outcome {
    if (!this.#facts.registered.has(user.aor)) {
      return this.#refuse('reverse-lookup', 'user-not-registered', `user ${user.id} has no phone registered`);
    }
    return { type: 'hops', hops: [{ type: 'user', user: user.id, aor: user.aor, caller: callerSeenBy(user, caller) }] };
  }

  #route(number: string, usages: readonly string[], caller: Caller): Outcome {
    const matching = this.#directory.routesFor(number);
    if (matching.length === 0) return this.#refuse('route', 'no-route', `no route matches ${number}`);
    const candidates = byUsage(matching, usages);
    if (candidates.length === 0) {
      const wanted = list(matching.map((route) => route.id));
      return this.#refuse('authorise', 'no-common-usage', `the caller’s policy has no phone usage of ${wanted}`);
    }
    const hops: Hop[] = [];
    const tried = new Set<string>();
    for (const route of candidates) {
      for (const id of this.#turn(route)) {
        const gateway = this.#directory.gateways.get(id);
        // Never back out of the trunk it came in by, and never twice to the same one.
        if (gateway === undefined || tried.has(id) || id === caller.gateway?.id) continue;
        tried.add(id);
        if (this.#facts.unavailable.has(id)) this.#say('route', `${route.id}: ${id} can take no call now`);
        else hops.push(gatewayHop(gateway, number, caller.number));
      }
    }
    if (hops.length === 0) {
      return this.#refuse(
        'route',
        'no-gateway-available',
        `no gateway of ${list(candidates.map((r) => r.id))} can take a call`,
      );
    }
    this.#say('route', `${list(candidates.map((route) => route.id))}: ${list(hops.map(hopName))}`);
    return { type: 'hops', hops };
  }

  /** The route's gateways, each call beginning with the next one. */
  #turn(route: IndexedRoute): readonly string[] {
    const count = route.gateways.length;
    if (count < 2) return route.gateways;
    const first = (this.#facts.cursors.get(route.id) ?? 0) % count;
    this.#effects.push({ type: 'move-cursor', route: route.id, to: (first + 1) % count });
    return [...route.gateways.slice(first), ...route.gateways.slice(0, first)];
  }
}

/** For each usage of the caller in order, its routes in route order; then the routes that are open to all. */
function byUsage(routes: readonly IndexedRoute[], usages: readonly string[]): readonly IndexedRoute[] {
  const found = new Set<IndexedRoute>();
  for (const usage of usages) for (const route of routes) if (route.usages.includes(usage)) found.add(route);
  for (const route of routes) if (route.usages.length === 0) found.add(route);
  return [...found];
}

/** A user's own number, vouched for by us since the digest was proven; who may see it is the phone's to say. */
function userNumber(user: DirectoryUser, heard: CallerNumber | undefined): CallerNumber | undefined {
  if (user.number === undefined) return undefined;
  return {
    digits: user.number.slice(1),
    type: 'international',
    plan: 'isdn',
    presentation: heard?.presentation ?? 'allowed',
    screening: 'passed',
  };
}

/** Colleagues under one location profile see each other's extension, everybody else the whole number. */
function callerSeenBy(callee: DirectoryUser, { user, number, presentation }: Caller): CallerNumber | undefined {
  if (user?.extension === undefined || user.profile !== callee.profile) return number;
  return { digits: user.extension, type: 'unknown', plan: 'private', presentation, screening: 'passed' };
}

const hopName = (hop: Hop): string => (hop.type === 'user' ? hop.user : hop.id);
const list = (words: readonly string[]): string => words.join(', ');
