/** The messages of Q.931 §3.1 and Table 4-2: their types, what they must hold, and the states in which they are expected. */
import { bearerCapability } from './ie/bearer.ts';
import { causeElement } from './ie/cause.ts';
import { channelIdentification } from './ie/channel.ts';
import { progressIndicator } from './ie/progress.ts';
import { callState, changeStatus, notification, restartIndicator } from './ie/simple.ts';
import type { Side } from './primitives.ts';
import type { CallState } from './states.ts';

export type MessageName =
  | 'alerting'
  | 'call-proceeding'
  | 'progress'
  | 'setup'
  | 'connect'
  | 'setup-acknowledge'
  | 'connect-acknowledge'
  | 'disconnect'
  | 'restart'
  | 'release'
  | 'restart-acknowledge'
  | 'release-complete'
  | 'facility'
  | 'notify'
  | 'status-enquiry'
  | 'information'
  | 'status';

export interface MessageSpec {
  readonly name: MessageName;
  /** As Q.931 writes it: `CALL PROCEEDING`. */
  readonly title: string;
  readonly code: number;
  /** Elements it must hold when `side` sends it (§3.1). */
  readonly mandatory: Readonly<Record<Side, readonly number[]>>;
  /** The states in which it is expected; undefined: every one. */
  readonly states: ReadonlySet<CallState> | undefined;
}

const OUTGOING: readonly CallState[] = ['setup-sent', 'overlap-sending', 'proceeding-received', 'alerting-received'];
const INCOMING: readonly CallState[] = [
  'setup-received',
  'overlap-receiving',
  'proceeding-sent',
  'alerting-sent',
  'connect-sent',
];
const upTo = (state: CallState): readonly CallState[] => OUTGOING.slice(0, OUTGOING.indexOf(state) + 1);

type Row = readonly [MessageName, number, readonly number[], (readonly CallState[] | undefined)?, (readonly number[])?];

/** Name, code, mandatory elements, states, and the mandatory elements toward the user where they differ. */
const ROWS: readonly Row[] = [
  ['alerting', 0x01, [], upTo('alerting-received')],
  ['call-proceeding', 0x02, [], upTo('overlap-sending')],
  ['progress', 0x03, [progressIndicator.id], [...OUTGOING, ...INCOMING]],
  // §3.1.14: the network must name the channel; called number is mandatory nowhere, since it may come in overlap.
  ['setup', 0x05, [bearerCapability.id], [], [bearerCapability.id, channelIdentification.id]],
  ['connect', 0x07, [], OUTGOING],
  ['setup-acknowledge', 0x0d, [], ['setup-sent']],
  ['connect-acknowledge', 0x0f, [], ['connect-sent', 'active']],
  ['disconnect', 0x45, [causeElement.id], [...OUTGOING, ...INCOMING, 'active', 'disconnect-sent']],
  ['restart', 0x46, [restartIndicator.id]],
  ['release', 0x4d, []],
  ['restart-acknowledge', 0x4e, [restartIndicator.id]],
  ['release-complete', 0x5a, []],
  ['facility', 0x62, [], undefined],
  ['notify', 0x6e, [notification.id], [...OUTGOING, ...INCOMING, 'active']],
  ['status-enquiry', 0x75, []],
  ['information', 0x7b, [], undefined],
  ['status', 0x7d, [causeElement.id, callState.id]],
];

const specs = ROWS.map(
  ([name, code, mandatory, states, toUser]): MessageSpec => ({
    name,
    title: name.toUpperCase().replaceAll('-', ' '),
    code,
    mandatory: { user: mandatory, network: toUser ?? mandatory },
    states: states === undefined ? undefined : new Set(states),
  }),
);
const byCode: (MessageSpec | undefined)[] = new Array(256).fill(undefined);
for (const spec of specs) byCode[spec.code] = spec;
const byName = new Map(specs.map((spec) => [spec.name, spec]));

export const messageOf = (code: number): MessageSpec | undefined => byCode[code];
export const codeOf = (name: MessageName): number => byName.get(name)?.code ?? 0;

/** The maintenance messages by their discriminators: AT&T's (TR 41459), and the national one, where the two types are exchanged. */
export const MAINTENANCE_TYPES: Readonly<
  Record<number, { readonly service: number; readonly acknowledge: number } | undefined>
> = {
  3: { service: 0x0f, acknowledge: 0x07 },
  67: { service: 0x07, acknowledge: 0x0f },
};
export const SERVICE_MANDATORY = [changeStatus.id, channelIdentification.id] as const;
