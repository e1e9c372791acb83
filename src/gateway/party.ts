import type { CallerName, CallerNumber } from '../call/number.ts';
import type { ConnectedParty, Offer } from '../call/signal.ts';
import type { Source } from '../routing/query.ts';
import type { DialHop } from './dial-hop.ts';

/** Who is at the far end of a leg, whichever of the two has called. */
export interface Party {
  readonly source: Source;
  readonly number: CallerNumber | undefined;
  readonly name: CallerName | undefined;
  /** The address that its messages come from, on SIP. */
  readonly address: string | undefined;
}

/** Who calls us. */
export const callingParty = (source: Source, address: string | undefined, offer: Offer): Party => ({
  source,
  number: offer.caller,
  name: offer.callerName,
  address,
});

/** Whom we call: a user goes by the directory's number and name. */
export function calledParty(hop: DialHop): Party {
  if (hop.type === 'contact') {
    const { address } = hop.binding.flow.remote;
    return { source: { type: 'user', id: hop.user }, number: undefined, name: undefined, address };
  }
  if (hop.type === 'announcement') {
    return { source: { type: 'unknown' }, number: undefined, name: undefined, address: undefined };
  }
  const number: CallerNumber = { ...hop.called, presentation: 'allowed', screening: 'not-screened' };
  return { source: { type: hop.type, id: hop.id }, number, name: undefined, address: undefined };
}

/** The party as the one it now talks to is told of it. */
export const connectedAs = ({ number, name }: Party): ConnectedParty => ({ number, name });

/** Whether two legs lead to one and the same: a user, whatever his phone, or a gateway. */
export const isSameParty = (a: Source, b: Source): boolean =>
  a.type !== 'unknown' && b.type !== 'unknown' && a.type === b.type && a.id === b.id;
