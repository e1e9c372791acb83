/** Is the box fit to carry calls? The answer is honest: what OPTIONS, /healthz and the console say comes from here. */

/** A way out of the enterprise: a span group with its D-channels, a SIP trunk with its probes. */
export interface GatewayFacts {
  readonly id: string;
  /** False while it can carry no call at all: every D-channel down, the peer not answering. */
  readonly up: boolean;
  /** Why it isn't up, for people. */
  readonly why: string | undefined;
}

export interface HealthFacts {
  readonly listeners: readonly { readonly name: string; readonly open: boolean }[];
  readonly gateways: readonly GatewayFacts[];
  /** Alarms of the spans' lines that stand; what follows from another is left out of them. */
  readonly lines: readonly { readonly span: string; readonly alarm: string }[];
  /** False when the media worker has missed its heartbeat or ended. */
  readonly media: boolean;
  /** False when the writer can't commit: calls go on, records are at risk. */
  readonly store: boolean;
}

/** Stable ids, used in logs, metrics and the documentation alike. */
export type HealthProblemId =
  | 'listener-closed'
  | 'gateway-down'
  | 'no-gateway'
  | 'line-alarm'
  | 'media-stopped'
  | 'store-failing';

export interface HealthProblem {
  readonly id: HealthProblemId;
  readonly what: string;
}

/** `ok`: all is well. `degraded`: calls go, something is amiss. `down`: the box can't carry calls; OPTIONS is answered 503. */
export interface Health {
  readonly verdict: 'ok' | 'degraded' | 'down';
  readonly problems: readonly HealthProblem[];
}

export function judgeHealth(facts: HealthFacts): Health {
  const problems: HealthProblem[] = [];
  const say = (id: HealthProblemId, what: string): void => {
    problems.push({ id, what });
  };
  const closed = facts.listeners.filter(({ open }) => !open);
  for (const { name } of closed) say('listener-closed', `SIP listener ${name} is not open`);
  const down = facts.gateways.filter(({ up }) => !up);
  for (const { id, why } of down) say('gateway-down', `${id}: ${why ?? 'can carry no call'}`);
  const noGateway = down.length === facts.gateways.length;
  if (noGateway) say('no-gateway', 'no span group and no SIP trunk can carry a call');
  for (const { span, alarm } of facts.lines) say('line-alarm', `span ${span}: ${alarm}`);
  if (!facts.media) say('media-stopped', 'the media worker does not run');
  if (!facts.store) say('store-failing', 'the store can’t commit');
  const deaf = closed.length === facts.listeners.length;
  if (noGateway || deaf || !facts.media) return { verdict: 'down', problems };
  return { verdict: problems.length === 0 ? 'ok' : 'degraded', problems };
}
