/** The switch types as data: what differs between them, and nothing else. NI-2 (SR-4994) is the default. */
import { type Millis, seconds } from '../../kernel/time.ts';
import type { CalledNumber } from './ie/number.ts';
import type { Side } from './primitives.ts';

export type VariantName = 'ni2' | '4ess' | '5ess' | 'dms100' | 'euroisdn' | 'qsig';

/** Q.931 §9, Tables 9-1 and 9-2, those of a point-to-point interface. */
export type CallTimer =
  | 'T301'
  | 'T302'
  | 'T303'
  | 'T304'
  | 'T305'
  | 'T306'
  | 'T308'
  | 'T309'
  | 'T310'
  | 'T313'
  | 'T322';
export type TimerTable = Readonly<Record<CallTimer | 'T316', Millis>>;

export interface Variant {
  readonly name: VariantName;
  /** Octets of a call reference that we begin. */
  readonly callReferenceLength: 1 | 2;
  readonly law: 'ulaw' | 'alaw';
  /** How a channel is written in channel identification. */
  readonly channelCoding: 'number' | 'map';
  /** Which elements carry a name that we send. */
  readonly names: Readonly<Record<Side, readonly ('facility' | 'display')[]>>;
  /** Octet 3 of a facility that we begin: 0x1f networking extensions, 0x11 remote operations (Q.932 §8.2.3). */
  readonly facilityProfile: number;
  /** Whether DISPLAY starts with its type octet. */
  readonly typedDisplay: boolean;
  /** Whether SETUP without sending complete means that digits may follow; elsewhere SETUP is en bloc. */
  readonly overlap: boolean;
  /** Discriminator of SERVICE; undefined: the variant has none. */
  readonly maintenance: 0x03 | 0x43 | undefined;
  /** Who waits for CONNECT ACKNOWLEDGE in state 8: the user (Q.931 §5.2.7); in Q.SIG both (ECMA-143). */
  readonly awaitsConnectAck: Readonly<Record<Side, boolean>>;
  /** Whether DISCONNECT may carry an announcement (progress 8, §5.3.4.1): not so in the national networks of North America. */
  readonly announcesInDisconnect: boolean;
  /** Whether an optional element that is unknown or broken is answered by STATUS (§5.8.7: may be). */
  readonly reportsOptionalErrors: boolean;
  /** How many redirecting numbers SETUP may carry. */
  readonly redirectingNumbers: number;
  /** Type and plan of a called number whose digits alone are known. */
  readonly called: Omit<CalledNumber, 'digits'>;
  readonly timers: Readonly<Record<Side, TimerTable>>;
}

const common = {
  T301: seconds(180),
  T302: seconds(15),
  T303: seconds(4),
  T305: seconds(30),
  T306: seconds(30),
  T308: seconds(4),
  T309: seconds(90),
  T313: seconds(4),
  T316: seconds(120),
  T322: seconds(4),
} as const;

const timers: Variant['timers'] = {
  network: { ...common, T304: seconds(20), T310: seconds(10) },
  user: { ...common, T304: seconds(30), T310: seconds(60) },
};

const NETWORKING = 0x1f;
const REMOTE_OPERATIONS = 0x11;

const ni2: Variant = {
  name: 'ni2',
  callReferenceLength: 2,
  law: 'ulaw',
  channelCoding: 'number',
  names: { user: ['facility'], network: ['facility', 'display'] },
  facilityProfile: NETWORKING,
  typedDisplay: true,
  overlap: false,
  maintenance: 0x43,
  awaitsConnectAck: { user: true, network: false },
  announcesInDisconnect: false,
  reportsOptionalErrors: true,
  redirectingNumbers: 2,
  called: { type: 'national', plan: 'isdn' },
  timers,
};

/** Each variant is the first one with its own lines changed. */
export const VARIANTS: Readonly<Record<VariantName, Variant>> = {
  ni2,
  '4ess': {
    ...ni2,
    name: '4ess',
    names: { user: ['facility'], network: ['facility'] },
    maintenance: 0x03,
    redirectingNumbers: 1,
  },
  '5ess': {
    ...ni2,
    name: '5ess',
    names: { user: ['display'], network: ['display'] },
    maintenance: 0x03,
    redirectingNumbers: 1,
  },
  dms100: { ...ni2, name: 'dms100', names: { user: ['display'], network: ['display'] }, redirectingNumbers: 1 },
  euroisdn: {
    ...ni2,
    name: 'euroisdn',
    law: 'alaw',
    names: { user: [], network: ['display'] },
    facilityProfile: REMOTE_OPERATIONS,
    typedDisplay: false,
    overlap: true,
    maintenance: undefined,
    announcesInDisconnect: true,
    redirectingNumbers: 1,
    called: { type: 'unknown', plan: 'isdn' },
  },
  qsig: {
    ...ni2,
    name: 'qsig',
    law: 'alaw',
    names: { user: ['facility'], network: ['facility'] },
    typedDisplay: false,
    overlap: true,
    maintenance: undefined,
    awaitsConnectAck: { user: true, network: true },
    redirectingNumbers: 1,
    called: { type: 'unknown', plan: 'private' },
  },
};

/** B-channels of a span that carries its D-channel: T1 slots 1–23; E1 1–15 and 17–31. */
export const T1_SLOTS: readonly number[] = Array.from({ length: 23 }, (_, i) => i + 1);
export const E1_SLOTS: readonly number[] = Array.from({ length: 31 }, (_, i) => i + 1).filter((slot) => slot !== 16);
