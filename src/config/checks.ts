/** The checks that look across settings; each assumes that every single value is right. */
import { clockPlan, framings } from './checks/clock.ts';
import { userDiversions } from './checks/diversions.ts';
import { locations } from './checks/emergency.ts';
import { codings, lineLoop, multiPlaces, sharedLines } from './checks/hardware.ts';
import { duplicateNames, loneUsages, unknownNames } from './checks/names.ts';
import { dChannels, nfasGroups } from './checks/nfas.ts';
import {
  causeRows,
  didOverlaps,
  didTargets,
  emptyPermissions,
  extensions,
  forwardCycles,
  limitOrders,
  patterns,
  routeGateways,
} from './checks/numbers.ts';
import {
  farEnds,
  openDoors,
  socketClashes,
  tlsNeeded,
  trunkAddresses,
  trunkListeners,
  wildcards,
} from './checks/sockets.ts';
import { enoughPorts, sharedSpans, timeslots } from './checks/spans.ts';
import { credentials } from './checks/users.ts';
import type { Finding } from './problem.ts';
import type { Site } from './schema.ts';

const CHECKS: readonly ((site: Site) => readonly Finding[])[] = [
  duplicateNames,
  unknownNames,
  loneUsages,
  socketClashes,
  farEnds,
  openDoors,
  wildcards,
  tlsNeeded,
  trunkAddresses,
  trunkListeners,
  timeslots,
  framings,
  clockPlan,
  dChannels,
  nfasGroups,
  sharedLines,
  codings,
  multiPlaces,
  lineLoop,
  sharedSpans,
  enoughPorts,
  patterns,
  routeGateways,
  didOverlaps,
  didTargets,
  forwardCycles,
  extensions,
  emptyPermissions,
  credentials,
  locations,
  userDiversions,
  limitOrders,
  causeRows,
];

export const crossCheck = (site: Site): readonly Finding[] => CHECKS.flatMap((check) => check(site));
