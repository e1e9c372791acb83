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
    ...testCall(site),
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

/** What tries out emergency calls must not be one, nor reach who answers them. */
function testCall({ emergency, spanGroups, sipTrunks }: Site): readonly Finding[] {
  const { test, numbers, locations: places } = emergency;
  if (test === undefined) return [];
  const gateways = new Set([...spanGroups, ...sipTrunks].map(({ id }) => id));
  const real = numbers.includes(test.number) || places.some((place) => place.numbers.includes(test.number));
  const path = ['emergency', 'test'];
  return [
    ...(real
      ? [
          {
            path: [...path, 'number'],
            what: 'is an emergency number itself',
            mend: 'take another, such as 9330',
            needs: [],
          },
        ]
      : []),
    ...test.gateways.flatMap((name, i) => [
      ...known(name, gateways, 'span group or SIP trunk', ['spanGroups', 'sipTrunks'], [...path, 'gateways', i]),
      ...(emergency.gateways?.includes(name) === true
        ? [
            {
              path: [...path, 'gateways', i],
              what: `leads to the real answering point: emergency.gateways has ${name} as well`,
              mend: 'name the group of a virtual span, or a trunk to a simulated answering point',
              needs: [],
            },
          ]
        : []),
    ]),
  ];
}

function strangers(
  site: Site,
  place: Site['emergency']['locations'][number],
  at: (...rest: readonly PathPart[]) => readonly PathPart[],
): readonly Finding[] {
  const users = new Set(site.users.map(({ id }) => id));
  const devices = new Set(site.devices.map(({ id }) => id));
  const announcements = new Set(site.announcements.map(({ id }) => id));
  const gateways = new Set([...site.spanGroups, ...site.sipTrunks].map(({ id }) => id));
  return [
    ...place.users.flatMap((name, j) => known(name, users, 'user', ['users'], at('users', j))),
    ...known(place.announcement, announcements, 'announcement', ['announcements'], at('announcement')),
    ...place.notify.flatMap((name, j) => known(name, users, 'user', ['users'], at('notify', j))),
    ...known(place.fallback, users, 'user', ['users'], at('fallback')),
    ...place.devices.flatMap((name, j) => known(name, devices, 'device', ['devices'], at('devices', j))),
    ...place.gateways.flatMap((name, j) =>
      known(name, gateways, 'span group or SIP trunk', ['spanGroups', 'sipTrunks'], at('gateways', j)),
    ),
  ];
}
