/** What the HTTP API answers: the same words for the command line, the web page and scripts. Times are ISO 8601 in UTC. */
import type { Change } from '../config/diff.ts';
import type { Problem } from '../config/problem.ts';
import type { WallTime } from '../kernel/time.ts';
import type { Health } from '../telemetry/health.ts';

export interface StatusView {
  readonly version: string;
  readonly site: { readonly name: string; readonly domain: string };
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly directoryRevision: string;
  readonly health: Health;
  readonly calls: { readonly inProgress: number; readonly limit: number };
  readonly registrations: readonly RegistrationView[];
  /** A new configuration that waits for its confirmation until then. */
  readonly confirmBy: string | undefined;
}

export interface RegistrationView {
  readonly user: string;
  readonly contacts: readonly { readonly uri: string; readonly expiresAt: string }[];
}

export interface CallView {
  readonly id: string;
  /** The last stage of its way that it reached. */
  readonly stage: string;
  readonly from: string;
  readonly to: string;
  readonly startedAt: string;
  readonly answeredAt: string | undefined;
  readonly legs: readonly { readonly id: string; readonly with: string; readonly channel: string | undefined }[];
}

export interface SpanView {
  readonly id: string;
  readonly line: string;
  readonly side: string;
  readonly variant: string;
  readonly alarms: readonly string[];
  readonly dChannel: { readonly slot: number; readonly up: boolean };
  readonly channels: readonly { readonly slot: number; readonly state: string; readonly call: string | undefined }[];
}

/** `applied`: in force, until `confirmBy` where it needs a confirmation. `kept-back`: the box could not become like it. */
export type ApplyAnswer =
  | { readonly type: 'unchanged' }
  | { readonly type: 'applied'; readonly changes: readonly Change[]; readonly confirmBy: string | undefined }
  | { readonly type: 'refused'; readonly problems: readonly Problem[] }
  | { readonly type: 'kept-back'; readonly why: string };

export type ConfirmAnswer =
  | { readonly type: 'kept' }
  | { readonly type: 'kept-back'; readonly why: string }
  | { readonly type: 'refused'; readonly problems: readonly Problem[] };

export interface ExplainQuestion {
  /** A user, a span group or a SIP trunk. */
  readonly from: string;
  readonly dial: string;
  /** Undefined: now. */
  readonly at: WallTime | undefined;
  /** As while the WAN is down, whether or not it is. */
  readonly survivable: boolean;
}

/** A decision, and its explanation for people: one line for each stage, then the outcome, which is the last. */
export interface ExplainView {
  readonly decision: { readonly type: string };
  readonly lines: readonly string[];
}
