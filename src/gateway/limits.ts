import type { Site } from '../config/schema.ts';
import { minutes, seconds } from '../kernel/time.ts';
import type { RegistrarSetup } from '../sip/registrar/registrar.ts';
import type { Admission, AdmissionLimits } from './admission.ts';
import type { FloodLimits } from './flood.ts';
import type { PeerSetting } from './peer-watch.ts';

/** The site's limits as the registrar wants them. */
export function registrarSetup({ sip: { registrar }, limits, users }: Site): RegistrarSetup {
  const { expires: usual, minimum: min, maximum: max } = registrar;
  const perAddress = limits.contactsPerUser;
  return { expires: { min, max, usual }, perAddress, total: Math.max(1, users.length) * perAddress };
}

/** What strangers may send. */
export function floodLimits({ flood }: Site): FloodLimits {
  const { messagesPerSecond: perSecond, banSeconds, longestBanMinutes, ...rest } = flood;
  return { ...rest, perSecond, firstBan: seconds(banSeconds), longestBan: minutes(longestBanMinutes) };
}

/** Whom to ask whether he is there; what tells whether the WAN is up is asked in any case. */
export function peerSetting({ wan, sipTrunks }: Site): PeerSetting {
  const named = (which: (trunk: Site['sipTrunks'][number]) => boolean): string[] =>
    sipTrunks.filter(which).map(({ id }) => id);
  const acrossWan = wan.trunks ?? named(({ enumZone }) => enumZone !== undefined);
  return { ...wan, acrossWan, trunks: named(({ id, probe }) => probe || acrossWan.includes(id)) };
}

/** Span groups and SIP trunks. */
const gatewaysOf = ({ spanGroups, sipTrunks }: Site) => [...spanGroups, ...sipTrunks];

/** How many calls there may be at once, of whom and through what. */
export function admissionOf(site: Site): AdmissionLimits {
  const { calls, callsPerUser } = site.limits;
  const callsThrough = (id: string) => gatewaysOf(site).find((gateway) => gateway.id === id)?.callsAtOnce;
  return { calls, callsPerUser, callsThrough };
}

/** Gateways that carry all the calls that they may, each with the reason why the router passes it over. */
export function fullGateways(site: Site, admission: Admission): ReadonlyMap<string, string> {
  const full = gatewaysOf(site).filter(({ id }) => admission.isFull(id));
  return new Map(full.map(({ id, callsAtOnce }) => [id, `carries its ${callsAtOnce} calls already`]));
}
