/** Places that help is sent to, and who is taken to be where. */
import { parseSubnet, type Subnet } from './subnet.ts';

/** A place that help is sent to. */
export interface DirectoryLocation {
  readonly id: string;
  readonly name: string;
  /** Numbers that mean an emergency here, besides the site's. */
  readonly numbers: readonly string[];
  /** E.164, of this place alone: what the answering point sees, and calls back. */
  readonly elins: readonly string[];
  /** Who is taken to be here: users, devices, whoever sends from these subnets, whoever comes by these gateways. */
  readonly users: readonly string[];
  readonly devices: readonly string[];
  readonly subnets: readonly string[];
  readonly gateways: readonly string[];
  /** Users that are told of a call. */
  readonly notify: readonly string[];
  /** The user who is rung when the answering point calls back and the caller can't be reached. */
  readonly fallback?: string | undefined;
}

export interface LocationIndex {
  byUser(user: string): DirectoryLocation | undefined;
  byDevice(device: string): DirectoryLocation | undefined;
  /** The place with the longest prefix that holds the address. */
  byAddress(address: string): DirectoryLocation | undefined;
  byGateway(gateway: string): DirectoryLocation | undefined;
  byId(id: string): DirectoryLocation | undefined;
  readonly size: number;
}

export function locationIndex(locations: readonly DirectoryLocation[]): LocationIndex {
  const by = (key: 'users' | 'devices' | 'gateways'): ReadonlyMap<string, DirectoryLocation> =>
    new Map(locations.flatMap((location) => location[key].map((name) => [name, location])));
  const [users, devices, gateways] = [by('users'), by('devices'), by('gateways')];
  const ids = new Map(locations.map((location) => [location.id, location]));
  const subnets = locations
    .flatMap((location) => location.subnets.map((text) => ({ location, subnet: parseSubnet(text) })))
    .filter((entry): entry is { location: DirectoryLocation; subnet: Subnet } => entry.subnet !== undefined)
    .sort((a, b) => b.subnet.length - a.subnet.length);
  return {
    byUser: (user) => users.get(user),
    byDevice: (device) => devices.get(device),
    byAddress: (address) => subnets.find(({ subnet }) => subnet.holds(address))?.location,
    byGateway: (gateway) => gateways.get(gateway),
    byId: (id) => ids.get(id),
    size: locations.length,
  };
}
