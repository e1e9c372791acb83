/** Q.931's words and the call's, side by side. */
import { causeOf } from '../call/cause.ts';
import type { Law } from '../call/media.ts';
import type { ConnectedParty, Offer, Origin, Release, Signal } from '../call/signal.ts';
import type { Element } from '../isdn/q931/element.ts';
import { type CauseElement, causeElement } from '../isdn/q931/ie/cause.ts';
import { promisesName } from '../isdn/q931/ie/facility.ts';
import { inBand, type Progress } from '../isdn/q931/ie/progress.ts';
import type { CallIndication, CallRequest, ChannelChoice } from '../isdn/q931/primitives.ts';

type Indication<T extends CallIndication['type']> = Extract<CallIndication, { type: T }>;
type Request<T extends CallRequest['type']> = Extract<CallRequest, { type: T }>;

const originOf = (elements: readonly Element[]): Origin | undefined =>
  elements.length === 0 ? undefined : { protocol: 'q931', elements };

/** What another ISDN leg kept for us to repeat; nothing of another protocol's. */
const elementsOf = (origin: Origin | undefined): readonly Element[] =>
  origin?.protocol === 'q931' ? origin.elements : [];

/** SETUP as an offer. Its bearer is only told: whether data can be carried is the other leg's to say. */
export function offerOf(setup: Indication<'setup'>): Offer {
  const { called, complete, caller, callerName, redirecting, bearer, elements } = setup;
  return {
    type: 'offer',
    called,
    complete,
    caller,
    callerName,
    redirecting,
    bearer,
    codecs: [],
    uri: undefined,
    origin: originOf(elements),
  };
}

/** `law`: the channel's own, for voice whose law nobody has said; Q.931 §4.5.5 wants it named. */
export function setupOf(offer: Offer, channel: ChannelChoice, law: Law): Request<'setup'> {
  const { called, complete, caller, callerName, redirecting, origin } = offer;
  const voice = offer.bearer.capability === 'speech' || offer.bearer.capability === 'audio-3k1';
  const bearer = voice ? { ...offer.bearer, law: offer.bearer.law ?? law } : offer.bearer;
  const elements = elementsOf(origin).filter((element) => !promisesName(element));
  return { type: 'setup', channel, bearer, called, complete, caller, callerName, redirecting, progress: [], elements };
}

export function answerOf({ connected, connectedName, elements }: Indication<'connect'>): Signal {
  const party: ConnectedParty = { number: connected, name: connectedName };
  return { type: 'answer', connected: party, origin: originOf(elements) };
}

/** An answer as CONNECT, with what another ISDN leg heard in its own. */
export function connectOf({ connected, origin }: Extract<Signal, { type: 'answer' }>): Request<'connect'> {
  return {
    type: 'connect',
    connected: connected.number,
    connectedName: connected.name,
    elements: elementsOf(origin),
  };
}

/** An ending as heard. The cause element itself goes along where it says more than cause and location: its diagnostics. */
export function releaseOf(cause: CauseElement, elements: readonly Element[]): Release {
  const heard: readonly Element[] =
    cause.diagnostics === undefined
      ? elements
      : [{ codeset: 0, id: causeElement.id, contents: Uint8Array.from(causeElement.encode(cause)) }, ...elements];
  return { type: 'release', cause: causeOf(cause.cause), location: cause.location, origin: originOf(heard) };
}

/** A release as the request that clears; of the elements as heard the cause gives its diagnostics. */
export function clearingOf({ cause, location, origin }: Release): Request<'release'> {
  const elements = elementsOf(origin);
  const isCause = (e: Element): boolean => e.codeset === 0 && e.id === causeElement.id;
  const heard = elements.find(isCause);
  const as = heard === undefined ? undefined : causeElement.decode(heard.contents);
  return {
    type: 'release',
    cause,
    location,
    // A cause that was changed on the way has no diagnostics.
    diagnostics: as?.cause === cause ? as.diagnostics : undefined,
    elements: elements.filter((e) => !isCause(e)),
  };
}

/** `In-band information or an appropriate pattern is now available`, of the private network that we serve. */
export const IN_BAND: readonly Progress[] = [{ location: 'private-local', description: 8 }];

export const progressOf = (progress: readonly Progress[], cause: CauseElement | undefined): Signal => ({
  type: 'progress',
  inBand: inBand(progress),
  cause: cause === undefined ? undefined : causeOf(cause.cause),
});

type Notification = Extract<Signal, { type: 'notify' }>['what'];

/** Q.931 §4.5.22 and Q.952/Q.953. */
const NOTIFICATIONS: Readonly<Record<Notification, number>> = {
  'user-suspended': 0x00,
  'user-resumed': 0x01,
  'remote-hold': 0x79,
  'remote-retrieval': 0x7a,
};

export const notifyOf = (what: Notification): Request<'notify'> => ({ type: 'notify', indicator: NOTIFICATIONS[what] });

/** Undefined: a notification that the call has no word for. */
export function notificationOf(indicator: number): Signal | undefined {
  for (const [what, code] of Object.entries(NOTIFICATIONS)) {
    if (code === indicator) return { type: 'notify', what: what as Notification };
  }
  return undefined;
}
