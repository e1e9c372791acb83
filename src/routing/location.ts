/** Places that help is sent to, and who is taken to be where. */
import type { CivicAddress } from '../call/civic.ts';
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
  /** Whoever is plugged in there: `sw7/gi1/0/12`, or `sw7/*` for all ports whose name begins so. */
  readonly switchPorts?: readonly string[] | undefined;
  readonly gateways: readonly string[];
  /** Users that are told of a call. */
  readonly notify: readonly string[];
  /** Told to trunks that take it, beside the ELIN. */
  readonly civic?: CivicAddress | undefined;
  /** Those who are told are called as well, and this announcement is played to them. */
  readonly announcement?: string | undefined;
  /** The user who is rung when the answering point calls back and the caller can't be reached. */
  readonly fallback?: string | undefined;
}

export interface LocationIndex {
  byUser(user: string): DirectoryLocation | undefined;
  byDevice(device: string): DirectoryLocation | undefined;
  /** The place with the longest prefix that holds the address. */
  byAddress(address: string): DirectoryLocation | undefined;
  /** The place with the longest name that the switch port has, or begins with. */
  bySwitchPort(port: string): DirectoryLocation | undefined;
  byGateway(gateway: string): DirectoryLocation | undefined;
  byId(id: string): DirectoryLocation | undefined;
  readonly size: number;
}

/** What says where a caller is; a site tries them in an order of its own. */
export const LOCATORS = ['user', 'device', 'switch-port', 'subnet'] as const;
export type Locator = (typeof LOCATORS)[number];

/** Longer names of ports are none that we know. */
const MAX_PORT_NAME = 128;

/** The switch port that a phone says it is plugged into: `eth-location` of P-Access-Network-Info (RFC 7315 §5.4). */
export function switchPortIn(accessNetwork: string): string | undefined {
  const found = /(?:^|[;,\s])eth-location\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(accessNetwork);
  const name = found?.[1] ?? found?.[2];
  return name === undefined || name.length > MAX_PORT_NAME ? undefined : name;
}

function portFinder(locations: readonly DirectoryLocation[]): LocationIndex['bySwitchPort'] {
  const named = locations
    .flatMap((location) => (location.switchPorts ?? []).map((name) => ({ location, name: name.toLowerCase() })))
    .sort((a, b) => b.name.length - a.name.length);
  return (port) => {
    const wanted = port.toLowerCase();
    const fits = (name: string): boolean =>
      name.endsWith('*') ? wanted.startsWith(name.slice(0, -1)) : wanted === name;
    return (named.find(({ name }) => name === wanted) ?? named.find(({ name }) => fits(name)))?.location;
  };
}

/** Places by what tells who is where; a name that two of them claim is the later one’s. */
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
    bySwitchPort: portFinder(locations),
    byGateway: (gateway) => gateways.get(gateway),
    byId: (id) => ids.get(id),
    size: locations.length,
  };
}
