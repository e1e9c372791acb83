/** Places of emergency calls: everybody who is named is known, and nobody is at two places at once. */
import { parseSubnet } from '../../routing/subnet.ts';
import type { Finding, PathPart } from '../problem.ts';
import type { Site } from '../schema.ts';
import { known, repeated } from './names.ts';

/** Lists whose entries belong to one place only. */
const OWN = ['elins', 'users', 'devices', 'subnets', 'switchPorts', 'gateways'] as const;

export function locations(site: Site): readonly Finding[] {
  const places = site.emergency.locations;
  const at = (i: number, ...rest: readonly PathPart[]): readonly PathPart[] => ['emergency', 'locations', i, ...rest];
  const named = (key: (typeof OWN)[number]) =>
    places.flatMap((place, i) => place[key].map((name, j) => ({ name, path: at(i, key, j) })));
  return [
    ...repeated(places.map(({ id }, i) => ({ name: id, path: at(i, 'id') }))),
    ...OWN.flatMap((key) => repeated(named(key))),
    ...places.flatMap((place, i) => strangers(site, place, (...rest) => at(i, ...rest))),
    ...named('subnets').flatMap(({ name, path }) =>
      parseSubnet(name) === undefined
        ? [{ path, what: 'is no subnet', mend: 'write it as 10.1.0.0/16 or 2001:db8::/32', needs: [] }]
        : [],
    ),
    ...places.flatMap(({ id, elins, notify, fallback }, i) =>
      elins.length === 0 && (notify.length > 0 || fallback !== undefined)
        ? [{ path: at(i, 'elins'), what: `is empty, so nobody can call ${id} back`, mend: 'add a number', needs: [] }]
        : [],
    ),
  ];
}

function strangers(
  site: Site,
  place: Site['emergency']['locations'][number],
  at: (...rest: readonly PathPart[]) => readonly PathPart[],
): readonly Finding[] {
  const users = new Set(site.users.map(({ id }) => id));
  const devices = new Set(site.devices.map(({ id }) => id));
  const gateways = new Set([...site.spanGroups, ...site.sipTrunks].map(({ id }) => id));
  return [
    ...place.users.flatMap((name, j) => known(name, users, 'user', ['users'], at('users', j))),
    ...place.notify.flatMap((name, j) => known(name, users, 'user', ['users'], at('notify', j))),
    ...known(place.fallback, users, 'user', ['users'], at('fallback')),
    ...place.devices.flatMap((name, j) => known(name, devices, 'device', ['devices'], at('devices', j))),
    ...place.gateways.flatMap((name, j) =>
      known(name, gateways, 'span group or SIP trunk', ['spanGroups', 'sipTrunks'], at('gateways', j)),
    ),
  ];
}
