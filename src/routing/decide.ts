/**
 * Where a call goes: the directory and the facts of the moment in, a decision out. Order of the resolver: emergency; user
 * URI or E.164 as it is; extension or alias; location profile, then DID (inbound) and reverse look-up; quick dial; refusal. What is
 * nobody's here leaves the enterprise: authorise, ENUM, sister branches, usages × routes.
 */
import type { RedirectReason } from '../call/number.ts';
import { impossible } from '../kernel/machine.ts';
import { seconds } from '../kernel/time.ts';
import { mayCall } from './authorise.ts';
import { type Caller, callerOf, callerSeenBy } from './caller.ts';
import type { Decision, Hop, Turn } from './decision.ts';
import { isE164, type Parsed, parseDialled } from './dialled.ts';
import type { Directory, Rule } from './directory.ts';
import type { DirectoryTarget, DirectoryUser } from './directory-file.ts';
import { type Diverter, diverted, loops, redirectingOf, rung } from './divert.ts';
import { chooseElin, elinNumber, type HeldElins, heldElinOf } from './elin.ts';
import { callBackHops, holderOf, type Located, locate } from './emergency.ts';
import { type LeaveOutcome, leave, line } from './leave.ts';
import { normalise } from './normalise.ts';
import { emergencyHop, type ShownCaller } from './outward.ts';
import type { RoutingFacts, RoutingQuery } from './query.ts';
import { Trace } from './trace.ts';

/** Pure: equal arguments give equal decisions. It never throws, whatever was dialled. */
export function decide(query: RoutingQuery, directory: Directory, facts: RoutingFacts): Decision {
  return new Resolver(query, directory, facts).resolve();
}

/** One decision while it is made; it lives no longer than `decide`. */
class Resolver {
  readonly #query: RoutingQuery;
  readonly #directory: Directory;
  readonly #facts: RoutingFacts;
  readonly #trace = new Trace();
  #charged: string | undefined;

  constructor(query: RoutingQuery, directory: Directory, facts: RoutingFacts) {
    this.#query = query;
    this.#directory = directory;
    this.#facts = facts;
  }

  resolve(): Decision {
    const caller = callerOf(this.#query, this.#directory, this.#trace);
    this.#charged = caller.charged?.id;
    const parsed = parseDialled(this.#query.dialled, caller.gateway);
    if (parsed === undefined) {
      if (!this.#query.complete) return this.#decision({ type: 'collect' });
      const why = 'nothing was dialled that could be a number';
      return this.#decision(this.#trace.refuse('user-or-e164', 'number-empty', why));
    }
    const emergency = this.#callBack(parsed, caller) ?? this.#emergency(parsed, caller);
    if (emergency !== undefined) return this.#decision(emergency, true);
    return this.#decision(this.#ordinary(parsed, caller));
  }

  #decision(outcome: LeaveOutcome, emergency = false): Decision {
    const { stages, effects } = this.#trace;
    const charged = this.#charged === undefined ? {} : { charged: this.#charged };
    return { ...outcome, ...charged, emergency, stages, directoryRevision: this.#directory.revision, effects };
  }

  /** Never refused to anyone attached, registered or not; only what the PSTN sends us is no emergency call of ours. */
  #emergency(parsed: Parsed, caller: Caller): LeaveOutcome | undefined {
    const directory = this.#directory;
    const located = locate(this.#query, caller, directory);
    const number = emergencyNumber(parsed, directory, located?.location.id);
    const fromOutside = caller.gateway !== undefined && caller.gateway.usages === undefined;
    if (number === undefined || fromOutside) return undefined;
    const shown = this.#underElin(caller, located);
    const hops: Hop[] = [];
    for (const id of directory.emergencyGateways) {
      const gateway = directory.gateways.get(id);
      // A PBX that asks us to call for help is not helped by being called back.
      if (gateway === undefined || id === caller.gateway?.id) continue;
      hops.push(emergencyHop(gateway, number, shown));
    }
    if (hops.length === 0)
      return this.#trace.refuse('emergency', 'no-gateway-available', 'there is no gateway for emergency calls');
    const whatever = 'every gateway is tried, whatever its state and the caller’s policy';
    this.#trace.say('emergency', `${number} is an emergency: ${whatever} (${line(hops)})`);
    return { type: 'hops', hops };
  }

  /** The caller as the answering point sees him: by an ELIN of his place, which is his from now on. */
  #underElin(caller: Caller, located: Located | undefined): ShownCaller {
    if (located === undefined) {
      if (this.#directory.locations.size > 0) this.#trace.say('emergency', 'nobody knows where the caller is');
      return caller.shown;
    }
    const { location, by } = located;
    const holder = holderOf(this.#query, caller);
    const elin = chooseElin(location, holder, this.#facts.elins ?? NO_ELINS);
    const as = elin === undefined ? 'which has no ELIN' : `called as ${elin}`;
    this.#trace.say('emergency', `the caller is at ${location.name}, by ${by}, ${as}`);
    if (elin === undefined) return caller.shown;
    const { user, gateway } = caller;
    const number = gateway === undefined ? undefined : caller.shown.number;
    const behind = number === undefined ? undefined : `${number.type === 'international' ? '+' : ''}${number.digits}`;
    const hold = { elin, location: location.id, holder, aor: user?.aor, gateway: gateway?.id, caller: behind };
    this.#trace.effects.push({ type: 'hold-elin', hold });
    return { number: elinNumber(elin), ours: false };
  }

  /** The answering point calls an ELIN back: whoever called under it is rung, and nothing is asked. */
  #callBack(parsed: Parsed, caller: Caller): LeaveOutcome | undefined {
    const elins = this.#facts.elins ?? NO_ELINS;
    if (caller.gateway === undefined || elins.size === 0 || !this.#query.complete) return undefined;
    const rules = this.#directory.profile(caller.profile) ?? [];
    const whole = parsed.kind === 'digits' ? normalise(rules, parsed.text)?.number : undefined;
    const held = heldElinOf(whole !== undefined && isE164(whole) ? whole : parsed.text, elins);
    if (held === undefined) return undefined;
    const hops = callBackHops(held, caller, this.#directory, this.#facts.registered);
    this.#trace.say('emergency', `${held.elin} is called back: ${held.holder} called for help as it (${line(hops)})`);
    return { type: 'hops', hops };
  }

  #ordinary(parsed: Parsed, caller: Caller): LeaveOutcome {
    if (caller.user === undefined && caller.gateway === undefined) {
      return this.#trace.refuse('source', 'source-unknown', 'only users and trunks of this site may call');
    }
    const kept = mayCall({ caller, directory: this.#directory, facts: this.#facts, trace: this.#trace });
    if (kept !== undefined) return kept;
    if (parsed.kind === 'name' || parsed.kind === 'service') return this.#name(parsed.text, caller);
    if (parsed.kind === 'digits') return this.#digits(parsed, caller);
    this.#trace.say('user-or-e164', `${parsed.text} is a whole number already`);
    return this.#number(parsed.text, caller);
  }

  #name(name: string, caller: Caller): LeaveOutcome {
    const user = this.#directory.userByName(name);
    if (user === undefined) return this.#trace.refuse('user-or-e164', 'no-such-user', `there is no user ${name}`);
    this.#trace.say('user-or-e164', `${name} is user ${user.id}`);
    return this.#ring(user, caller);
  }

  #digits(parsed: Parsed, caller: Caller): LeaveOutcome {
    const { id, whose } = this.#profileFor(parsed, caller);
    const rules = this.#directory.profile(id);
    if (rules === undefined) {
      const why = `the request names location profile ${id}, which is not known`;
      return this.#trace.refuse('profile', 'no-location-profile', why);
    }
    // Extensions are colleagues' words: what the PSTN sends goes through the rules.
    const colleague = caller.user === undefined ? undefined : this.#colleague(id, parsed.text);
    if (colleague !== undefined) {
      this.#trace.say('extension', `${parsed.text} is ${colleague.id}’s in ${id}`);
      return this.#ring(colleague, caller);
    }
    return (
      this.#normalised(parsed.text, { id, whose, rules }, caller) ?? this.#unmatched(parsed.text, id, rules, caller)
    );
  }

  /** Request > user > device > site. A bare domain names no profile: it only says that the digits are local to us. */
  #profileFor({ context }: Parsed, { profile, profileOf }: Caller): { readonly id: string; readonly whose: string } {
    if (context === undefined) return { id: profile, whose: profileOf };
    const at = context.indexOf('@');
    if (at >= 0) return { id: context.slice(0, at), whose: 'named by the request' };
    const { domain, siteProfile } = this.#directory;
    if (context.toLowerCase() === domain.toLowerCase()) return { id: siteProfile, whose: 'the site’s, by its domain' };
    if (this.#directory.profile(context) !== undefined) return { id: context, whose: 'named by the request' };
    return { id: profile, whose: `${profileOf}, since phone-context ${context.slice(0, 64)} names none of ours` };
  }

  #colleague(profile: string, digits: string): DirectoryUser | undefined {
    return this.#directory.userByExtension(profile, digits) ?? this.#directory.userByAlias(digits);
  }

  /** The first rule that matches; undefined where none does, or where it makes an extension that nobody has. */
  #normalised(digits: string, profile: Profile, caller: Caller): LeaveOutcome | undefined {
    const { id, whose, rules } = profile;
    const found = normalise(rules, digits);
    if (found === undefined) {
      const yet = this.#query.complete ? '' : ' yet';
      this.#trace.say('profile', `no rule of ${id} (${whose}) matches ${digits}${yet}`);
      return undefined;
    }
    const { number, place, pattern } = found;
    this.#trace.say('profile', `rule ${place + 1} of ${id} (${whose}), ${pattern}, makes ${number} of ${digits}`);
    if (isE164(number)) return this.#number(number, caller);
    const user = this.#colleague(id, number);
    if (user !== undefined) {
      this.#trace.say('reverse-lookup', `${number} is the extension of ${user.id}`);
      return this.#ring(user, caller);
    }
    this.#trace.say('reverse-lookup', `${number} is nobody’s extension in ${id}`);
    // A service such as 411 has no whole form; a route may name it as it is.
    const isService = caller.usages !== undefined && this.#directory.routesFor(number).length > 0;
    return isService ? this.#leave(number, caller, caller.usages ?? []) : undefined;
  }

  /** Quick dial: the user's prefix completes what he dialled, and the result is normalised once more. */
  #unmatched(digits: string, id: string, rules: readonly Rule[], caller: Caller): LeaveOutcome {
    if (!this.#query.complete) return { type: 'collect' };
    const quick = caller.user?.quickDial;
    if (quick !== undefined && digits.length === quick.digits) {
      const whole = quick.prefix + digits;
      this.#trace.say('quick-dial', `${digits} is completed to ${whole}`);
      const again = isE164(whole)
        ? this.#number(whole, caller)
        : this.#normalised(whole, { id, whose: 'once more', rules }, caller);
      if (again !== undefined) return again;
    }
    if (normalise(rules, digits) === undefined) {
      const why = `no rule of location profile ${id} matches ${digits}`;
      return this.#trace.refuse('profile', 'no-rule-matches', why);
    }
    return this.#trace.refuse('reverse-lookup', 'no-such-user', `${digits} leads to nobody’s extension in ${id}`);
  }

  #number(number: string, caller: Caller): LeaveOutcome {
    const did = caller.gateway === undefined ? undefined : this.#did(number, caller);
    if (did !== undefined) return did;
    const user = this.#directory.userByNumber(number);
    if (user !== undefined) {
      this.#trace.say('reverse-lookup', `${number} is the number of ${user.id}`);
      return this.#ring(user, caller);
    }
    this.#trace.say('reverse-lookup', `${number} is nobody’s here`);
    if (caller.usages === undefined) {
      const why = `${number} is not ours, and calls from here may not leave again`;
      return this.#trace.refuse('authorise', 'number-not-ours', why);
    }
    return this.#leave(number, caller, caller.usages);
  }

  /**
   * The DID's targets that can be reached now, in order, then the registrar's owner of the number, then the last resort: all
   * are hops, so that each stands in for the one before.
   */
  #did(number: string, caller: Caller): LeaveOutcome | undefined {
    const did = this.#directory.did(number);
    if (did === undefined) {
      this.#trace.say('did', `${number} is not in the DID table`);
      return undefined;
    }
    const owner = this.#directory.userByNumber(number);
    const { lastResort } = this.#directory;
    const targets: readonly DirectoryTarget[] = [
      ...did.targets,
      ...(owner === undefined ? [] : [{ user: owner.id }]),
      ...(lastResort === undefined ? [] : [lastResort]),
    ];
    const hops = new Map<string, Hop>();
    let absent: string | undefined;
    for (const target of targets) {
      const outcome = this.#target(number, target, caller);
      if (outcome?.type === 'ask') return outcome;
      if (outcome?.type !== 'hops') {
        if ('user' in target) absent ??= target.user;
        continue;
      }
      for (const hop of outcome.hops) {
        const name = hop.type === 'user' ? `user ${hop.user}` : hop.id;
        if (!hops.has(name)) hops.set(name, hop);
      }
    }
    if (hops.size > 0) return { type: 'hops', hops: [...hops.values()] };
    return absent === undefined
      ? this.#trace.refuse('did', 'no-gateway-available', `no target of ${number} can be reached`)
      : this.#trace.refuse('did', 'user-not-registered', `user ${absent} has no phone registered`);
  }

  /** One target of a DID. A number outside goes by the routes that are open to all, also back the way the call came. */
  #target(number: string, target: DirectoryTarget, caller: Caller): LeaveOutcome | undefined {
    if ('number' in target) {
      this.#trace.say('did', `${number} is forwarded to ${target.number}`);
      return this.#leave(target.number, { ...caller, gateway: undefined }, []);
    }
    const user = this.#directory.userById(target.user);
    if (user === undefined) return undefined;
    this.#trace.say('did', `${number} belongs to user ${target.user}`);
    return this.#ring(user, caller);
  }

  /** A user's phones with those of his ring list, or where he diverts his calls to; `diverters`: who sent the call to him. */
  #ring(user: DirectoryUser, caller: Caller, diverters: readonly Diverter[] = []): LeaveOutcome {
    const { diversions, ringList } = user;
    const divert = (reason: RedirectReason, target: DirectoryTarget | undefined): LeaveOutcome | undefined =>
      target === undefined ? undefined : this.#divert(target, caller, [...diverters, { user, reason }]);
    const always = this.#charge(user, divert('unconditional', diversions?.always));
    if (always !== undefined) return always;
    if (diversions?.doNotDisturb === true) {
      const elsewhere = this.#charge(user, divert('busy', diversions.busy));
      const why = `user ${user.id} does not want to be disturbed`;
      return elsewhere ?? this.#trace.refuse('diversion', 'do-not-disturb', why);
    }
    const busy = divert('busy', diversions?.busy);
    const noAnswer = divert('no-answer', diversions?.noAnswer);
    if (busy?.type === 'ask') return busy;
    if (noAnswer?.type === 'ask') return noAnswer;
    const after = {
      ...(busy?.type === 'hops' ? { busy: busy.hops } : {}),
      ...(noAnswer?.type === 'hops' ? { noAnswer: noAnswer.hops } : {}),
    };
    const patience = noAnswer?.type === 'hops' ? { ring: seconds(diversions?.noAnswerSeconds ?? 0) } : {};
    const turn: Turn = Object.keys(after).length === 0 ? {} : { ...patience, after };
    const hop = rung(this.#phonesOf(user, caller), ringList, turn);
    if (hop !== undefined) return { type: 'hops', hops: [hop] };
    const elsewhere = this.#charge(user, divert('out-of-service', diversions?.offline));
    const why = `user ${user.id} has no phone registered`;
    return elsewhere ?? this.#trace.refuse('reverse-lookup', 'user-not-registered', why);
  }

  /** The user and those of his ring list who can be rung now. */
  #phonesOf(user: DirectoryUser, caller: Caller): readonly Hop[] {
    const others = (user.ringList?.users ?? []).flatMap((id) => this.#directory.userById(id) ?? []);
    return [user, ...others.filter((other) => other.id !== user.id && other.diversions?.doNotDisturb !== true)]
      .filter(({ aor }) => this.#facts.registered.has(aor))
      .map((one) => {
        const seen = callerSeenBy(one, caller, this.#directory);
        return { type: 'user', user: one.id, aor: one.aor, caller: seen };
      });
  }

  /** To where the last of the diverters wants it, by his permissions: who diverts, pays. */
  #divert(target: DirectoryTarget, caller: Caller, diverters: readonly Diverter[]): LeaveOutcome {
    const last = diverters.at(-1);
    if (last === undefined) return impossible(last as never);
    const { user, reason } = last;
    const to = 'user' in target ? this.#directory.userById(target.user) : this.#directory.userByNumber(target.number);
    const number = 'number' in target ? target.number : to?.number;
    const name = to === undefined ? (number ?? 'nobody') : `user ${to.id}`;
    const loop = loops(diverters, this.#query.redirecting ?? [], { user: to?.id, number });
    if (loop !== undefined) {
      const why = `user ${user.id} diverts the call to ${name}, but ${loop}`;
      return this.#trace.refuse('diversion', 'diversion-loop', why);
    }
    this.#trace.say('diversion', `user ${user.id} diverts (${reason}) to ${name}, and pays`);
    const paid: Caller = { ...caller, gateway: undefined, charged: user, usages: user.usages };
    const outcome = to === undefined ? this.#leave(number ?? '', paid, user.usages) : this.#ring(to, caller, diverters);
    if (outcome.type !== 'hops') return outcome;
    return { type: 'hops', hops: diverted(outcome.hops, redirectingOf(last)) };
  }

  /** The whole call is the diverter's from now on, unless it has been diverted before. */
  #charge(user: DirectoryUser, outcome: LeaveOutcome | undefined): LeaveOutcome | undefined {
    if (outcome !== undefined) this.#charged = user.id;
    return outcome;
  }

  #leave(number: string, caller: Caller, usages: readonly string[]): LeaveOutcome {
    const leaving = { number, caller, directory: this.#directory, facts: this.#facts, trace: this.#trace };
    return leave(leaving, usages);
  }
}

/** A location profile that a number is run through, and by what right. */
interface Profile {
  readonly id: string;
  readonly whose: string;
  readonly rules: readonly Rule[];
}

const NO_ELINS: HeldElins = new Map();

function emergencyNumber({ kind, text }: Parsed, directory: Directory, location?: string): string | undefined {
  if (kind === 'service') return directory.emergencyDefault;
  return kind === 'digits' ? directory.emergencyNumber(text, location) : undefined;
}
