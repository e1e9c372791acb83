/** Emergency calls: where the caller stands, and whom the answering point's call back rings. */
import { seconds } from '../kernel/time.ts';
import type { Caller } from './caller.ts';
import type { Hop } from './decision.ts';
import type { Directory } from './directory.ts';
import type { HeldElin } from './elin.ts';
import type { DirectoryLocation } from './location.ts';
import { gatewayHop } from './outward.ts';
import type { RoutingQuery } from './query.ts';

/** Which place a caller is at, and by what right we say so. */
export interface Located {
  readonly location: DirectoryLocation;
  readonly by: string;
}

/** By user, then by device, then by subnet; who comes through a trunk is where that trunk is. */
export function locate(
  { address }: Pick<RoutingQuery, 'address'>,
  { user, gateway }: Pick<Caller, 'user' | 'gateway'>,
  { locations, deviceAt }: Pick<Directory, 'locations' | 'deviceAt'>,
): Located | undefined {
  const said = (location: DirectoryLocation | undefined, by: string): Located | undefined =>
    location === undefined ? undefined : { location, by };
  if (gateway !== undefined) return said(locations.byGateway(gateway.id), `trunk ${gateway.id}`);
  const device = address === undefined ? undefined : deviceAt(address);
  return (
    (user === undefined ? undefined : said(locations.byUser(user.id), `user ${user.id}`)) ??
    (device === undefined ? undefined : said(locations.byDevice(device.id), `device ${device.id}`)) ??
    (address === undefined ? undefined : said(locations.byAddress(address), `address ${address}`))
  );
}

/** One name for all calls of a caller: the user, else the number behind a trunk, else the address. */
export function holderOf(
  { address, caller }: RoutingQuery,
  { user, gateway }: Pick<Caller, 'user' | 'gateway'>,
): string {
  if (user !== undefined) return `user ${user.id}`;
  if (gateway !== undefined) return `trunk ${gateway.id} ${caller?.digits ?? ''}`;
  return `address ${address ?? 'unknown'} ${caller?.digits ?? ''}`;
}

/** How long the caller's phones ring for a call back before the fallback does. */
const CALL_BACK_RINGS = seconds(20);

/** Whom a call back rings: the user's phones and the very phone that called, then, whatever comes of it, the fallback. */
export function callBackHops(
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
