/** Emergency calls: where the caller stands, and whom the answering point's call back rings. */
import { numberText } from '../call/number.ts';
import { seconds } from '../kernel/time.ts';
import type { Caller } from './caller.ts';
import type { Decision, Hop } from './decision.ts';
import { isE164, type Parsed } from './dialled.ts';
import type { Directory } from './directory.ts';
import type { DirectoryGateway, DirectoryUser } from './directory-file.ts';
import { chooseElin, elinNumber, type HeldElin, type HeldElins, heldElinOf } from './elin.ts';
import type { DirectoryLocation, Locator } from './location.ts';
import { normalise } from './normalise.ts';
import { emergencyHop, gatewayHop, type ShownCaller } from './outward.ts';
import type { RoutingQuery } from './query.ts';
import type { Resolving } from './resolving.ts';
import { hopName, type Outcome } from './trace.ts';

/** Which place a caller is at, and by what right we say so. */
interface Located {
  readonly location: DirectoryLocation;
  readonly by: string;
}

/**
 * By user, device, switch port or subnet, in the order of the site; who comes through a trunk is where that trunk is. The port is what
 * the phone says of itself, else what is known of the device.
 */
export function locate(
  { address, switchPort }: Pick<RoutingQuery, 'address' | 'switchPort'>,
  { user, gateway }: Pick<Caller, 'user' | 'gateway'>,
  { locations, deviceAt, locateBy }: Pick<Directory, 'locations' | 'deviceAt' | 'locateBy'>,
): Located | undefined {
  if (gateway !== undefined) {
    const location = locations.byGateway(gateway.id);
    return location === undefined ? undefined : { location, by: `trunk ${gateway.id}` };
  }
  const device = address === undefined ? undefined : deviceAt(address);
  const names: Readonly<Record<Locator, readonly [what: string, name: string | undefined]>> = {
    user: ['user', user?.id],
    device: ['device', device?.id],
    'switch-port': ['switch port', switchPort ?? device?.switchPort],
    subnet: ['address', address],
  };
  const find: Readonly<Record<Locator, (name: string) => DirectoryLocation | undefined>> = {
    user: locations.byUser,
    device: locations.byDevice,
    'switch-port': locations.bySwitchPort,
    subnet: locations.byAddress,
  };
  for (const locator of locateBy) {
    const [what, name] = names[locator];
    const location = name === undefined ? undefined : find[locator](name);
    if (location !== undefined) return { location, by: `${what} ${name}` };
  }
  return undefined;
}

/** One name for all calls of a caller: the user, else the number behind a trunk, else the address. */
function holderOf({ address, caller }: RoutingQuery, { user, gateway }: Pick<Caller, 'user' | 'gateway'>): string {
  if (user !== undefined) return `user ${user.id}`;
  if (gateway !== undefined) return `trunk ${gateway.id} ${caller?.digits ?? ''}`;
  return `address ${address ?? 'unknown'} ${caller?.digits ?? ''}`;
}

const NO_ELINS: HeldElins = new Map();

/** Never refused to anyone attached, registered or not; only what the PSTN sends us is no emergency call of ours. */
export function emergencyCall(parsed: Parsed, caller: Caller, at: Resolving): Outcome | undefined {
  const { query, directory, trace } = at;
  const fromOutside = caller.gateway !== undefined && caller.gateway.usages === undefined;
  if (fromOutside || !mayMean(parsed, directory)) return undefined;
  const located = locate(query, caller, directory);
  const number = emergencyNumber(parsed, directory, located?.location.id);
  if (number === undefined) return undefined;
  const shown = underElin(caller, located, at);
  const hops: Hop[] = [];
  for (const id of directory.emergencyGateways) {
    const gateway = directory.gateways.get(id);
    // A PBX that asks us to call for help is not helped by being called back.
    if (gateway === undefined || id === caller.gateway?.id) continue;
    hops.push(placed(emergencyHop(gateway, number, shown), gateway, located));
  }
  if (hops.length === 0) {
    return trace.refuse('no-gateway-available', { name: 'emergency', saw: 'no-emergency-gateway' });
  }
  trace.note({ name: 'emergency', saw: 'emergency', number, tried: hops.map(hopName) });
  return { type: 'hops', hops };
}

/** With the address of the place, where the trunk takes one. */
function placed(hop: Hop, gateway: DirectoryGateway, located: Located | undefined): Hop {
  const place = located?.location.civic;
  const takes = gateway.type === 'sip-trunk' && gateway.geolocation === true;
  return takes && place !== undefined && hop.type === 'sip-trunk' ? { ...hop, place } : hop;
}

/**
 * A user tries out what an emergency call from here would do: his place, its ELIN, who is told, the call back. It is an ordinary call
 * for all that, and takes no channel from others.
 */
export function emergencyTest(parsed: Parsed, caller: Caller, at: Resolving): Outcome | undefined {
  const { query, directory, facts, trace } = at;
  const test = directory.emergencyTest;
  if (test === undefined || caller.user === undefined || parsed.text !== test.number) return undefined;
  const out = test.gateways.filter((id) => facts.unavailable.has(id));
  const gateways = test.gateways.flatMap((id) => (out.includes(id) ? [] : (directory.gateways.get(id) ?? [])));
  const stage = {
    name: 'emergency',
    saw: 'test',
    number: test.dials,
    tried: gateways.map(({ id }) => id),
    out,
  } as const;
  if (gateways.length === 0) return trace.refuse('no-gateway-available', stage);
  const located = locate(query, caller, directory);
  const shown = underElin(caller, located, at);
  trace.note(stage);
  trace.effects.push({ type: 'emergency-test' });
  return {
    type: 'hops',
    hops: gateways.map((gateway) => placed(emergencyHop(gateway, test.dials, shown), gateway, located)),
  };
}

/** Whether it can be one anywhere on this site; where the caller is need not be looked up for other calls. */
const mayMean = ({ kind, text }: Parsed, directory: Directory): boolean =>
  kind === 'service' || (kind === 'digits' && directory.emergencyAnywhere(text));

function emergencyNumber({ kind, text }: Parsed, directory: Directory, location?: string): string | undefined {
  return kind === 'service' ? directory.emergencyDefault : directory.emergencyNumber(text, location);
}

/** The caller as the answering point sees him: by an ELIN of his place, which is his from now on. */
function underElin(caller: Caller, located: Located | undefined, at: Resolving): ShownCaller {
  const { query, directory, facts, trace } = at;
  if (located === undefined) {
    if (directory.locations.size > 0) trace.note({ name: 'emergency', saw: 'unlocated' });
    return caller.shown;
  }
  const { location, by } = located;
  const holder = holderOf(query, caller);
  const elin = chooseElin(location, holder, facts.elins ?? NO_ELINS);
  trace.note({ name: 'emergency', saw: 'located', location: location.name, by, elin });
  if (elin === undefined) return caller.shown;
  const { user, gateway } = caller;
  const number = gateway === undefined ? undefined : caller.shown.number;
  const behind = number === undefined ? undefined : numberText(number);
  const hold = { elin, location: location.id, holder, aor: user?.aor, gateway: gateway?.id, caller: behind };
  trace.effects.push({ type: 'hold-elin', hold });
  return { number: elinNumber(elin), ours: false };
}

/** The answering point calls an ELIN back: whoever called under it is rung, and nothing is asked. */
export function callBack(
  parsed: Parsed,
  caller: Caller,
  { query, directory, facts, trace }: Resolving,
): Outcome | undefined {
  const elins = facts.elins ?? NO_ELINS;
  if (caller.gateway === undefined || elins.size === 0 || !query.complete) return undefined;
  const rules = directory.profile(caller.profile) ?? [];
  const whole = parsed.kind === 'digits' ? normalise(rules, parsed.text)?.number : undefined;
  const held = heldElinOf(whole !== undefined && isE164(whole) ? whole : parsed.text, elins);
  if (held === undefined) return undefined;
  const hops = callBackHops(held, caller, directory, facts.registered);
  const { elin, holder } = held;
  trace.note({ name: 'emergency', saw: 'called-back', elin, holder, rung: hops.map(hopName) });
  trace.effects.push({ type: 'call-back', elin });
  return { type: 'hops', hops };
}

/** How long the caller's phones ring for a call back before the fallback does. */
const CALL_BACK_RINGS = seconds(20);

/** The box calls a user to tell of an emergency call: all his phones, whatever he diverts or does not want. */
export function noticeOf(user: DirectoryUser, { elin }: HeldElin, location: DirectoryLocation, revision: string) {
  const stage = { name: 'emergency', saw: 'notice', user: user.id, location: location.name, elin } as const;
  return {
    type: 'hops',
    hops: [{ type: 'user', user: user.id, aor: user.aor, caller: elinNumber(elin) }],
    charged: undefined,
    emergency: false,
    stages: [stage],
    directoryRevision: revision,
    effects: [],
  } as const satisfies Decision;
}

/** Whom a call back rings: the user's phones and the very phone that called, then, whatever comes of it, the fallback. */
function callBackHops(
  { elin, aor, holder, location, gateway, caller }: HeldElin,
  from: Caller,
  directory: Directory,
  registered: ReadonlySet<string>,
): readonly Hop[] {
  const shown = from.shown.number;
  const fallback = directory.userById(directory.locations.byId(location)?.fallback ?? '');
  const trunk = gateway === undefined ? undefined : directory.gateways.get(gateway);
  const first: Hop =
    trunk !== undefined && caller !== undefined
      ? gatewayHop(trunk, caller, from.shown)
      : { type: 'user', user: holder, aor: aor ?? `sip:@${directory.domain}`, caller: shown, elin };
  if (fallback === undefined || !registered.has(fallback.aor) || fallback.aor === aor) return [first];
  const last: Hop = { type: 'user', user: fallback.id, aor: fallback.aor, caller: shown };
  return [{ ...first, ring: CALL_BACK_RINGS, after: { any: [last] } }];
}
