/** The call states of Q.931 §2, named from our own end, and the table of what may be received in which. */
import type { Side } from './primitives.ts';
import type { CallTimer } from './variants.ts';

export type CallState =
  | 'setup-sent'
  | 'overlap-sending'
  | 'proceeding-received'
  | 'alerting-received'
  | 'setup-received'
  | 'overlap-receiving'
  | 'proceeding-sent'
  | 'alerting-sent'
  | 'connect-sent'
  | 'active'
  | 'disconnect-sent'
  | 'disconnect-received'
  | 'release-sent';

/**
 * The value on the wire (§4.5.7). Values name the phase of the call at the interface: 1–4 of one that the user began, 6–9 of
 * one that the network began, so that both ends of one call hold the same number.
 */
const VALUES: Readonly<Record<CallState, Readonly<Record<Side, number>>>> = {
  'setup-sent': { user: 1, network: 6 },
  'overlap-sending': { user: 2, network: 25 },
  'proceeding-received': { user: 3, network: 9 },
  'alerting-received': { user: 4, network: 7 },
  'setup-received': { user: 6, network: 1 },
  'overlap-receiving': { user: 25, network: 2 },
  'proceeding-sent': { user: 9, network: 3 },
  'alerting-sent': { user: 7, network: 4 },
  'connect-sent': { user: 8, network: 8 },
  active: { user: 10, network: 10 },
  'disconnect-sent': { user: 11, network: 12 },
  'disconnect-received': { user: 12, network: 11 },
  'release-sent': { user: 19, network: 19 },
};

export const NULL_STATE = 0;
export const stateValue = (state: CallState, side: Side): number => VALUES[state][side];

/** The clearing phase: nothing but clearing messages means anything. */
export const isClearing = (state: CallState): boolean =>
  state === 'disconnect-sent' || state === 'disconnect-received' || state === 'release-sent';

/** The supervising timer that entering a state starts; every other call timer but T309 and T322 stops. */
export function timerOf(state: CallState): CallTimer | undefined {
  switch (state) {
    case 'setup-sent':
      return 'T303';
    case 'overlap-sending':
      return 'T304';
    case 'proceeding-received':
      return 'T310';
    case 'alerting-received':
      return 'T301';
    case 'overlap-receiving':
      return 'T302';
    case 'connect-sent':
      return 'T313';
    case 'disconnect-sent':
      return 'T305';
    case 'release-sent':
      return 'T308';
    default:
      return undefined;
  }
}
